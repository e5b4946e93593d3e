import { Button, Group, Loader, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { keys } from '@/api/queries';
import type { RuleDocument } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { plural } from '@/ui/format';
import { Section } from '@/ui/pieces';
import { FormProblem } from '@/ui/states';
import { Outcome } from '../rehearsals/Outcome';
import { orderOf } from '../rehearsals/rehearsal';

/** What the rule, as it is written here, would have changed about what came in lately. Nothing is sent. */
export function RehearseRule({ rule }: { rule: RuleDocument }) {
  const tenant = useTenant();
  const [days, setDays] = useState('7');
  const path = { tenant: tenant.id };
  const begin = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/rehearsals', {
          params: { path },
          body: orderOf(Number(days), { put_rules: [{ ...rule, dry_run: false, enabled: true }] }),
        }),
      ),
    changes: [],
    isQuiet: true,
  });
  const id = begin.data?.id;
  const watched = useQuery({
    queryKey: keys.tenant(tenant.id, 'rehearsal', id),
    queryFn: () =>
      answer(
        api.GET('/api/v1/tenants/{tenant}/rehearsals/{rehearsal}', {
          params: { path: { ...path, rehearsal: id ?? '' } },
        }),
      ),
    enabled: id !== undefined,
    refetchInterval: (query) =>
      query.state.data === undefined || query.state.data.status === 'running' ? 1000 : false,
  });
  const cancel = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/rehearsals/{rehearsal}/cancel', {
          params: { path: { ...path, rehearsal: id ?? '' } },
        }),
      ),
    changes: [keys.tenant(tenant.id, 'rehearsal')],
  });
  const state = watched.data ?? begin.data;
  const isRunning = begin.isPending || state?.status === 'running';
  return (
    <Section title="Rehearse" lead="What this rule would have changed about what came in. Nothing is sent.">
      <Stack gap="sm">
        <Group align="flex-end" gap="xs">
          <Select
            aria-label="Time to rehearse"
            allowDeselect={false}
            flex={1}
            data={[
              { value: '1', label: 'The last day' },
              { value: '7', label: 'The last 7 days' },
              { value: '30', label: 'The last 30 days' },
            ]}
            value={days}
            onChange={(value) => setDays(value ?? '7')}
          />
          <Button
            variant="default"
            loading={begin.isPending}
            disabled={isRunning}
            onClick={() => begin.start()}
          >
            Rehearse
          </Button>
        </Group>
        <FormProblem error={begin.error ?? watched.error} />
        {isRunning && state !== undefined && (
          <Group justify="space-between" role="status">
            <Group gap="xs">
              <Loader size="xs" aria-hidden />
              <Text size="sm">{plural(state.progress, 'event')} looked at</Text>
            </Group>
            <Button
              size="compact-xs"
              variant="default"
              loading={cancel.isPending}
              onClick={() => cancel.start()}
            >
              Cancel
            </Button>
          </Group>
        )}
        {state !== undefined && <Outcome state={state} scope={path} />}
      </Stack>
    </Section>
  );
}
