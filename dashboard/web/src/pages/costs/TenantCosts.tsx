import { Button, Group, NumberInput, SegmentedControl, SimpleGrid, Stack } from '@mantine/core';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys, useApi } from '@/api/queries';
import type { components } from '@/api/schema';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { words } from '@/ui/format';
import { PageHeader, Section } from '@/ui/pieces';
import { Answered, FormProblem, Notice } from '@/ui/states';
import { BudgetLines } from './BudgetLines';
import { CostCharts } from './CostCharts';
import { lastDays, microUsd } from './sums';

type TenantBudget = components['schemas']['TenantBudget'];

export function Component() {
  const tenant = useTenant();
  const [days, setDays] = useState('7');
  const span = lastDays(Number(days));
  const path = { tenant: tenant.id };
  const budget = useApi(keys.tenant(tenant.id, 'budget'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/budget', { params: { path } })),
  );
  const costs = useApi(keys.tenant(tenant.id, 'costs', days), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/costs', { params: { path, query: span } })),
  );
  return (
    <>
      <PageHeader
        title="Costs"
        lead="What language models cost for this tenant, by its own days."
        actions={<Span value={days} onChange={setDays} />}
      />
      <Stack>
        <Answered of={budget}>
          {(found) => (
            <>
              {found.degraded.length > 0 && (
                <Notice tone="warn" title="Some work has no money left today">
                  {found.degraded.map(words).join(', ')}: the built-in model answers and people approve, until
                  the day begins anew or the budget is raised.
                </Notice>
              )}
              <Section title="Budget today">
                <BudgetLines lines={found.lines} />
              </Section>
              {tenant.may('manage') && <BudgetForm key={JSON.stringify(found.shares)} budget={found} />}
            </>
          )}
        </Answered>
        <Answered of={costs}>
          {(report) => (
            <CostCharts costs={report.costs} total={report.total ?? null} from={report.from} to={report.to} />
          )}
        </Answered>
      </Stack>
    </>
  );
}

export function Span({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <SegmentedControl
      aria-label="Time"
      data={[
        { value: '7', label: '7 days' },
        { value: '30', label: '30 days' },
        { value: '90', label: '90 days' },
      ]}
      value={value}
      onChange={onChange}
    />
  );
}

function BudgetForm({ budget }: { budget: TenantBudget }) {
  const tenant = useTenant();
  const [daily, setDaily] = useState<string | number>(budget.daily_micro_usd / 1_000_000);
  const [shares, setShares] = useState(budget.shares);
  const save = useAct({
    act: () =>
      answer(
        api.PUT('/api/v1/tenants/{tenant}/budget', {
          params: { path: { tenant: tenant.id } },
          body: { daily_micro_usd: microUsd(daily), shares },
        }),
      ),
    changes: [keys.tenant(tenant.id, 'budget'), keys.tenant(tenant.id, 'settings')],
    done: 'The budget is set.',
    isQuiet: true,
  });
  const errors = fieldErrors(save.error);
  const share = (name: keyof typeof shares, label: string) => (
    <NumberInput
      label={label}
      suffix=" %"
      min={0}
      max={100}
      allowDecimal={false}
      value={shares[name]}
      onChange={(value) => setShares({ ...shares, [name]: Number(value) })}
      error={errors[`shares.${name}`] ?? errors[`budget_shares.${name}`]}
    />
  );
  return (
    <Section
      title="Set the budget"
      lead="The shares say how much of the day each kind of work may take at most."
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.start();
        }}
      >
        <Stack>
          <FormProblem error={save.error} shown={Object.keys(errors)} />
          <SimpleGrid cols={{ base: 2, md: 4 }}>
            <NumberInput
              label="A day"
              prefix="$"
              min={0}
              decimalScale={2}
              fixedDecimalScale
              value={daily}
              onChange={setDaily}
              error={microUsd(daily) === null ? 'Enter an amount in dollars.' : errors.daily_micro_usd}
            />
            {share('routine', 'Routine, at most')}
            {share('planning', 'Planning, at most')}
            {share('care', 'Care, at most')}
          </SimpleGrid>
          <Group justify="flex-end">
            <Button type="submit" loading={save.isPending} disabled={microUsd(daily) === null}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
