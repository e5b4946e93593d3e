import { Anchor, Button, Group, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core';
import { IconBuilding, IconChecks } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Link } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { TenantLook } from '@/api/types';
import { useAgency } from '@/shell/AgencyLayout';
import { compact, dollars, number, percent, plural } from '@/ui/format';
import { Name, PageHeader, Section, Status } from '@/ui/pieces';
import { Answered, Empty, Failure, FormProblem, Loading } from '@/ui/states';
import { AlertLine } from '../alerts/AlertLine';
import {
  byUrgency,
  called,
  isNearlySpent,
  needsPerson,
  openAlerts,
  spentShare,
  totalsOf,
  useOverview,
} from './agency';
import { Kpi } from './Kpi';

const step = 25;

export function Component() {
  const agency = useAgency();
  const overview = useOverview(agency.id);
  const alerts = useApi(
    keys.agency(agency.id, 'alerts', 'open'),
    () =>
      answer(
        api.GET('/api/v1/agencies/{agency}/alerts', {
          params: { path: { agency: agency.id }, query: { resolved: false, limit: 6 } },
        }),
      ),
    { refetchInterval: 15_000 },
  );
  const costs = useApi(keys.agency(agency.id, 'costs', 'week'), () =>
    answer(api.GET('/api/v1/agencies/{agency}/costs', { params: { path: { agency: agency.id } } })),
  );
  const rows = useMemo(
    () => byUrgency(overview.data?.pages.flatMap((page) => page.items) ?? []),
    [overview.data],
  );
  const totals = totalsOf(rows);
  const shown = (value: string) =>
    overview.data === undefined ? '–' : `${value}${overview.hasNextPage ? '+' : ''}`;
  return (
    <>
      <PageHeader title={agency.name} lead="What needs a person, over all tenants." />
      <Stack>
        <SimpleGrid cols={{ base: 2, md: 4 }} spacing="md">
          <Kpi
            label="Wait for a yes"
            value={shown(compact(totals.approvals))}
            detail="Drafts and escalations"
          />
          <Kpi
            label="With a person"
            value={shown(compact(totals.conversations))}
            detail="Conversations somebody has taken over"
          />
          <Kpi
            label="Open alerts"
            value={shown(compact(totals.alerts))}
            detail={`${number(totals.critical)} critical`}
            to={agency.path('alerts')}
          />
          <Kpi
            label="Models, 7 days"
            value={costs.data === undefined ? '–' : dollars(costs.data.total?.cost_micro_usd ?? 0)}
            detail={
              costs.data === undefined
                ? undefined
                : `${plural(costs.data.total?.calls ?? 0, 'call')}, ${dollars(totals.spent)} today`
            }
            to={agency.path('costs')}
          />
        </SimpleGrid>
        <Section
          title="Tenants"
          lead={
            overview.hasNextPage
              ? `The first ${number(rows.length)} are read, the others follow.`
              : rows.length === 0
                ? 'The most pressing first.'
                : `${number(totals.needing)} of ${number(rows.length)} need a person. The most pressing first.`
          }
          actions={
            <Anchor component={Link} to={agency.path('tenants')} size="sm">
              All tenants
            </Anchor>
          }
        >
          {overview.isPending ? (
            <Loading />
          ) : overview.data === undefined ? (
            <Failure error={overview.error} retry={() => void overview.refetch()} />
          ) : rows.length === 0 ? (
            <Empty icon={IconBuilding} title="No tenants yet">
              A tenant is a client whose Instagram accounts you look after. Make the first one under Tenants.
            </Empty>
          ) : (
            <Tenants rows={rows} />
          )}
          {overview.isFetchNextPageError && (
            <Stack mt="md" gap="xs" align="flex-start">
              <FormProblem error={overview.error} />
              <Button variant="default" size="xs" onClick={() => void overview.fetchNextPage()}>
                Read the others
              </Button>
            </Stack>
          )}
        </Section>
        <Section
          title="Open alerts"
          actions={
            <Anchor component={Link} to={agency.path('alerts')} size="sm">
              All alerts
            </Anchor>
          }
        >
          <Answered of={alerts}>
            {(page) =>
              page.items.length === 0 ? (
                <Empty icon={IconChecks} title="No open alerts" />
              ) : (
                <Stack gap={0}>
                  {page.items.map((alert) => (
                    <AlertLine
                      key={alert.id}
                      alert={alert}
                      tenantName={rows.find((it) => it.tenant === alert.tenant)?.name}
                      scope={{ agency: agency.id }}
                      mayResolve={agency.may('operate')}
                    />
                  ))}
                </Stack>
              )
            }
          </Answered>
        </Section>
      </Stack>
    </>
  );
}

/** Those that need a person; all of them on request or by name. */
function Tenants({ rows }: { rows: TenantLook[] }) {
  const [search, setSearch] = useState('');
  const [most, setMost] = useState(step);
  const found = called(rows, search);
  return (
    <>
      {rows.length > step && (
        <TextInput
          aria-label="Search tenants"
          placeholder="Search by name"
          maw={320}
          mb="sm"
          value={search}
          onChange={(event) => {
            setSearch(event.currentTarget.value);
            setMost(step);
          }}
        />
      )}
      {found.length === 0 ? (
        <Empty icon={IconBuilding} title="Nothing matches" />
      ) : (
        <Table.ScrollContainer minWidth={680}>
          <Table verticalSpacing="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Tenant</Table.Th>
                <Table.Th ta="right">Wait for a yes</Table.Th>
                <Table.Th ta="right">With a person</Table.Th>
                <Table.Th ta="right">Dead letters</Table.Th>
                <Table.Th ta="right">Alerts</Table.Th>
                <Table.Th ta="right">Models today</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {found.slice(0, most).map((it) => (
                <TenantRow key={it.tenant} look={it} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {found.length > most && (
        <Group justify="center" mt="md">
          <Button variant="default" onClick={() => setMost(most + step)}>
            Show more
          </Button>
        </Group>
      )}
    </>
  );
}

const warn = 'var(--tone-warn-fg)';
const bad = 'var(--tone-bad-fg)';

function TenantRow({ look }: { look: TenantLook }) {
  const path = (rest: string) => `/tenants/${look.tenant}/${rest}`;
  const cell = (count: number, to: string, tone?: string) => (
    <Table.Td ta="right" className="tabular">
      {count === 0 ? (
        <Text size="sm" c="dimmed">
          0
        </Text>
      ) : (
        <Anchor component={Link} to={path(to)} size="sm" fw={600} c={tone}>
          {number(count)}
        </Anchor>
      )}
    </Table.Td>
  );
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs">
          <Anchor
            component={Link}
            to={`/tenants/${look.tenant}`}
            size="sm"
            fw={needsPerson(look) ? 600 : 450}
          >
            <Name>{look.name}</Name>
          </Anchor>
          {look.status === 'suspended' && <Status of="suspended" />}
          {look.accounts_to_reconnect > 0 && (
            <Link to={path('settings/accounts')}>
              <Status
                of="disconnected"
                label={`${plural(look.accounts_to_reconnect, 'account')} to connect`}
              />
            </Link>
          )}
        </Group>
      </Table.Td>
      {cell(look.pending_approvals, 'approvals')}
      {cell(look.conversations_with_people, 'inbox', warn)}
      {cell(look.dead_letters, 'queue', bad)}
      {cell(
        openAlerts(look),
        'alerts',
        look.open_alerts.critical + look.open_alerts.error > 0
          ? bad
          : look.open_alerts.warning > 0
            ? warn
            : undefined,
      )}
      <Table.Td ta="right" className="tabular">
        <Text size="sm" c={isNearlySpent(look) ? bad : 'dimmed'} fw={isNearlySpent(look) ? 600 : undefined}>
          {dollars(look.spent_today_micro_usd)}
          {isNearlySpent(look) && ` (${percent(spentShare(look))})`}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}
