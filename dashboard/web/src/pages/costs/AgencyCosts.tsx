import { Anchor, Button, Group, NumberInput, Progress, Stack, Switch, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys, useApi, usePages } from '@/api/queries';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants } from '@/shell/useTenants';
import { useAct } from '@/ui/act';
import { dollars } from '@/ui/format';
import { Name, PageHeader, Section } from '@/ui/pieces';
import { Answered, Empty, FormProblem, Listed } from '@/ui/states';
import { BudgetLines } from './BudgetLines';
import { CostCharts } from './CostCharts';
import { lastDays, microUsd } from './sums';
import { Span } from './TenantCosts';

export function Component() {
  const agency = useAgency();
  const [days, setDays] = useState('7');
  const path = { agency: agency.id };
  const costs = useApi(keys.agency(agency.id, 'costs', days), () =>
    answer(api.GET('/api/v1/agencies/{agency}/costs', { params: { path, query: lastDays(Number(days)) } })),
  );
  const budget = useApi(keys.agency(agency.id, 'budget'), () =>
    answer(api.GET('/api/v1/agencies/{agency}/budget', { params: { path, query: { limit: 1 } } })),
  );
  return (
    <>
      <PageHeader
        title="Costs and budgets"
        lead="What language models cost over all tenants, by days of UTC."
        actions={<Span value={days} onChange={setDays} />}
      />
      <Stack>
        <Answered of={budget}>
          {(found) => (
            <Section title="The agency today">
              {found.line ? (
                <BudgetLines lines={[found.line]} />
              ) : (
                <Text size="sm" c="dimmed">
                  There is no limit for the agency as a whole; each tenant has its own.
                </Text>
              )}
              {agency.may('manage') && <AgencyBudgetForm daily={found.daily_micro_usd ?? null} />}
            </Section>
          )}
        </Answered>
        <TenantDays />
        <Answered of={costs}>
          {(report) => (
            <CostCharts costs={report.costs} total={report.total ?? null} from={report.from} to={report.to} />
          )}
        </Answered>
      </Stack>
    </>
  );
}

function AgencyBudgetForm({ daily }: { daily: number | null }) {
  const agency = useAgency();
  const [isLimited, setLimited] = useState(daily !== null);
  const [value, setValue] = useState<string | number>(daily === null ? 100 : daily / 1_000_000);
  const save = useAct({
    act: () =>
      answer(
        api.PUT('/api/v1/agencies/{agency}/budget', {
          params: { path: { agency: agency.id } },
          body: { daily_micro_usd: isLimited ? microUsd(value) : null },
        }),
      ),
    changes: [keys.agency(agency.id, 'budget')],
    done: 'The budget is set.',
    isQuiet: true,
  });
  const isWrong = isLimited && microUsd(value) === null;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.start();
      }}
    >
      <Stack mt="md" gap="sm">
        <FormProblem error={save.error} shown={['daily_micro_usd']} />
        <Group align={isLimited ? 'flex-end' : 'center'}>
          <Switch
            label="Limit what all tenants spend together"
            checked={isLimited}
            onChange={(event) => setLimited(event.currentTarget.checked)}
          />
          {isLimited && (
            <NumberInput
              label="A day"
              prefix="$"
              min={0}
              decimalScale={2}
              fixedDecimalScale
              w={130}
              value={value}
              onChange={setValue}
              error={isWrong ? 'Enter an amount.' : fieldErrors(save.error).daily_micro_usd}
            />
          )}
          <Button type="submit" variant="default" loading={save.isPending} disabled={isWrong}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function TenantDays() {
  const agency = useAgency();
  const { tenants } = useTenants();
  const list = usePages(keys.agency(agency.id, 'budget', 'tenants'), (cursor) =>
    answer(
      api.GET('/api/v1/agencies/{agency}/budget', {
        params: { path: { agency: agency.id }, query: { cursor } },
      }),
    ).then((it) => it.tenants),
  );
  return (
    <Section title="Tenants today" lead="Each by its own day.">
      <Listed of={list} empty={<Empty title="No tenants yet" />}>
        {(items) => (
          <Table.ScrollContainer minWidth={460}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Tenant</Table.Th>
                  <Table.Th>Used</Table.Th>
                  <Table.Th ta="right">Spent</Table.Th>
                  <Table.Th ta="right">Budget</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map(({ tenant, slug, budget }) => (
                  <Table.Tr key={tenant}>
                    <Table.Td>
                      <Anchor component={Link} to={`/tenants/${tenant}/costs`} size="sm">
                        <Name>{tenants.find((it) => it.id === tenant)?.name ?? slug}</Name>
                      </Anchor>
                    </Table.Td>
                    <Table.Td>
                      <Progress
                        value={Math.min(budget.percent, 100)}
                        color={
                          budget.level === 'spent'
                            ? 'red.7'
                            : budget.level === 'warning'
                              ? 'orange.7'
                              : undefined
                        }
                        aria-label={`${budget.percent} % used`}
                      />
                    </Table.Td>
                    <Table.Td ta="right">{dollars(budget.spent_micro_usd)}</Table.Td>
                    <Table.Td ta="right">{dollars(budget.limit_micro_usd)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Listed>
    </Section>
  );
}
