import { SimpleGrid, Stack, Text } from '@mantine/core';
import { answer, api } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import { number, plural } from '@/ui/format';
import { Fact, Name } from '@/ui/pieces';
import { Listed, Notice } from '@/ui/states';
import { differenceOf, resultOf, type Rehearsal, type RehearsalResult } from './rehearsal';

/** Whose rehearsal it is. */
export type Scope = { tenant: string } | { agency: string };

interface OutcomeProps {
  state: Rehearsal;
  scope: Scope;
  /** What people call a tenant, where several are rehearsed. */
  nameOf?: (tenant: string) => string;
}

/** How a rehearsal ended, and what would be different. */
export function Outcome({ state, ...rest }: OutcomeProps) {
  const result = resultOf(state);
  if (result !== null) return <Result id={state.id} result={result} {...rest} />;
  if (state.status === 'running') return null;
  return (
    <Notice
      tone={state.status === 'cancelled' ? 'neutral' : 'bad'}
      title={`The rehearsal was ${state.status}`}
    >
      {state.error ?? undefined}
    </Notice>
  );
}

const differencesOf = (scope: Scope, rehearsal: string, cursor: string | undefined) =>
  'agency' in scope
    ? answer(
        api.GET('/api/v1/agencies/{agency}/rehearsals/{rehearsal}/differences', {
          params: { path: { agency: scope.agency, rehearsal }, query: { cursor, limit: 20 } },
        }),
      )
    : answer(
        api.GET('/api/v1/tenants/{tenant}/rehearsals/{rehearsal}/differences', {
          params: { path: { tenant: scope.tenant, rehearsal }, query: { cursor, limit: 5 } },
        }),
      );

function Result({
  id,
  result,
  scope,
  nameOf,
}: { id: string; result: RehearsalResult } & Omit<OutcomeProps, 'state'>) {
  const key = 'agency' in scope ? keys.agency(scope.agency) : keys.tenant(scope.tenant);
  const differences = usePages([...key, 'rehearsal', id, 'differences'], (cursor) =>
    differencesOf(scope, id, cursor),
  );
  return (
    <Stack gap="sm">
      <Text size="sm" fw={550}>
        {result.differing === 0
          ? `Nothing changes: ${plural(result.events, 'event')} would be decided as they were.`
          : `${number(result.differing)} of ${plural(result.events, 'event')} would be decided differently.`}
      </Text>
      {result.outcomes.map(([before, after, times]) => (
        <Text key={`${before}-${after}`} size="sm">
          {plural(times, 'time')} “{before}” becomes “{after}”
        </Text>
      ))}
      {result.newEscalations + result.goneEscalations > 0 && (
        <Text size="sm">
          {result.newEscalations} more and {result.goneEscalations} fewer handed to a person
        </Text>
      )}
      {result.differing > 0 && (
        <Listed of={differences} empty={null}>
          {(items) => (
            <Stack gap="sm">
              {items.map((item) => {
                const it = differenceOf(item);
                return (
                  <Stack key={it.id} gap={4} p="xs" style={{ background: 'var(--surface)', borderRadius: 8 }}>
                    {nameOf !== undefined && (
                      <Text size="xs" c="dimmed">
                        <Name>{nameOf(item.tenant)}</Name>
                      </Text>
                    )}
                    <Text size="sm" className="break">
                      “{it.said}”
                    </Text>
                    {it.beside === null ? (
                      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="md" verticalSpacing={4}>
                        <Fact label="Was">{it.before}</Fact>
                        <Fact label="Would be">{it.after}</Fact>
                      </SimpleGrid>
                    ) : (
                      <Fact label={`Stays the same; different is ${it.beside}`}>{it.before}</Fact>
                    )}
                  </Stack>
                );
              })}
            </Stack>
          )}
        </Listed>
      )}
    </Stack>
  );
}
