import { Anchor, Button, Group, Loader, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys } from '@/api/queries';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants } from '@/shell/useTenants';
import { useAct } from '@/ui/act';
import { number, plural } from '@/ui/format';
import { Name, PageHeader, Section, Status } from '@/ui/pieces';
import { Answered } from '@/ui/states';
import { Outcome } from './Outcome';
import { tenantsOf, type Rehearsal, type TenantResult } from './rehearsal';
import { periodOf, titleOf } from './RehearsalsPage';

export function Component() {
  const agency = useAgency();
  const { rehearsal: id = '' } = useParams();
  const watched = useQuery({
    queryKey: keys.agency(agency.id, 'rehearsal', id),
    queryFn: () =>
      answer(
        api.GET('/api/v1/agencies/{agency}/rehearsals/{rehearsal}', {
          params: { path: { agency: agency.id, rehearsal: id } },
        }),
      ),
    refetchInterval: (query) => (query.state.data?.status === 'running' ? 1000 : false),
  });
  return <Answered of={watched}>{(it) => <Shown rehearsal={it} />}</Answered>;
}

function Shown({ rehearsal }: { rehearsal: Rehearsal }) {
  const agency = useAgency();
  const { tenants } = useTenants();
  const nameOf = (tenant: string) => tenants.find((it) => it.id === tenant)?.name ?? 'A tenant';
  const cancel = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/agencies/{agency}/rehearsals/{rehearsal}/cancel', {
          params: { path: { agency: agency.id, rehearsal: rehearsal.id } },
        }),
      ),
    changes: [keys.agency(agency.id, 'rehearsal'), keys.agency(agency.id, 'rehearsals')],
  });
  const isRunning = rehearsal.status === 'running';
  const results = tenantsOf(rehearsal);
  return (
    <>
      <PageHeader
        title={titleOf(rehearsal)}
        lead={`A rehearsal over all tenants, ${periodOf(rehearsal)}. Nothing was sent.`}
        actions={
          <>
            <Status of={rehearsal.status} />
            <Button component={Link} to={agency.path('rehearsals')} variant="default">
              All rehearsals
            </Button>
          </>
        }
      />
      <Stack>
        {isRunning && (
          <Section title="It runs">
            <Group justify="space-between" role="status">
              <Group gap="xs">
                <Loader size="xs" aria-hidden />
                <Text size="sm">{plural(rehearsal.progress, 'event')} looked at</Text>
              </Group>
              {agency.may('operate') && (
                <Button
                  size="compact-sm"
                  variant="default"
                  loading={cancel.isPending}
                  onClick={() => cancel.start()}
                >
                  Cancel
                </Button>
              )}
            </Group>
          </Section>
        )}
        {results.length > 0 && <ByTenant results={results} nameOf={nameOf} />}
        {!isRunning && (
          <Section title="What would be different">
            <Outcome state={rehearsal} scope={{ agency: agency.id }} nameOf={nameOf} />
          </Section>
        )}
      </Stack>
    </>
  );
}

function ByTenant({ results, nameOf }: { results: TenantResult[]; nameOf: (tenant: string) => string }) {
  return (
    <Section title="By tenant" lead="Where most would change first.">
      <Table.ScrollContainer minWidth={480}>
        <Table verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Tenant</Table.Th>
              <Table.Th ta="right">Events</Table.Th>
              <Table.Th ta="right">Would differ</Table.Th>
              <Table.Th ta="right">More to people</Table.Th>
              <Table.Th ta="right">Fewer to people</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody className="tabular">
            {results.slice(0, 100).map(({ tenant, result }) => (
              <Table.Tr key={tenant}>
                <Table.Td>
                  <Anchor component={Link} to={`/tenants/${tenant}`} size="sm" fw={550}>
                    <Name>{nameOf(tenant)}</Name>
                  </Anchor>
                </Table.Td>
                <Table.Td ta="right">{number(result.events)}</Table.Td>
                <Table.Td ta="right">{number(result.differing)}</Table.Td>
                <Table.Td ta="right">{number(result.newEscalations)}</Table.Td>
                <Table.Td ta="right">{number(result.goneEscalations)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {results.length > 100 && (
        <Text size="xs" c="dimmed" mt="xs">
          The hundred with the most changes of {number(results.length)}.
        </Text>
      )}
    </Section>
  );
}
