import { Anchor, Box, Group, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { IconBuilding, IconChecks } from '@tabler/icons-react';
import { Link } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { Alert } from '@/api/types';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants, type KnownTenant } from '@/shell/useTenants';
import { compact, dollars, plural } from '@/ui/format';
import { PageHeader, Section, Status } from '@/ui/pieces';
import { Answered, Empty, Loading } from '@/ui/states';
import { AlertLine } from '../alerts/AlertLine';
import { Kpi } from './Kpi';
import { count, readNeeds, urgency, type Needs } from './needs';

/** Each tenant is asked by itself, so only so many are looked at here. */
const looked = 30;

export function Component() {
  const agency = useAgency();
  const known = useTenants();
  const alerts = useApi(
    keys.agency(agency.id, 'alerts', 'open'),
    () =>
      answer(
        api.GET('/api/v1/agencies/{agency}/alerts', {
          params: { path: { agency: agency.id }, query: { resolved: false, limit: 100 } },
        }),
      ),
    { refetchInterval: 15_000 },
  );
  const costs = useApi(keys.agency(agency.id, 'costs', 'week'), () =>
    answer(api.GET('/api/v1/agencies/{agency}/costs', { params: { path: { agency: agency.id } } })),
  );
  const open = alerts.data?.items ?? [];
  const mine = known.tenants.filter((it) => it.agency === agency.id);
  const chosen = mostAlerted(mine, open).slice(0, looked);
  const needs = useQueries({
    queries: chosen.map((it) => ({
      queryKey: keys.tenant(it.id, 'approvals', 'needs'),
      queryFn: () => readNeeds(it.id),
      refetchInterval: 30_000,
    })),
  });
  const rows = chosen
    .map((tenant, index) => ({
      tenant,
      needs: needs[index]?.data,
      alerts: open.filter((it) => it.tenant === tenant.id),
    }))
    .sort((a, b) => urgency(b.needs, critical(b.alerts)) - urgency(a.needs, critical(a.alerts)));
  const total = (of: (needs: Needs) => number) =>
    rows.reduce((all, it) => all + (it.needs ? of(it.needs) : 0), 0);
  const isPart = mine.length > looked;
  const more = isPart || rows.some((it) => it.needs?.isMore) ? '+' : '';

  return (
    <>
      <PageHeader title={agency.name} lead="What needs a person, over all tenants." />
      <Stack>
        <SimpleGrid cols={{ base: 2, md: 4 }} spacing="md">
          <Kpi
            label="Escalations"
            value={`${compact(total((it) => it.escalations.length))}${more}`}
            detail="Wait for a person's answer"
          />
          <Kpi
            label="Drafts"
            value={`${compact(total((it) => it.drafts.length))}${more}`}
            detail="Wait for a yes"
          />
          <Kpi
            label="Open alerts"
            value={alerts.data === undefined ? '–' : `${open.length}${alerts.data.next_cursor ? '+' : ''}`}
            detail={`${critical(open)} critical`}
            to={agency.path('alerts')}
          />
          <Kpi
            label="Models, 7 days"
            value={costs.data === undefined ? '–' : dollars(costs.data.total?.cost_micro_usd ?? 0)}
            detail={costs.data === undefined ? undefined : plural(costs.data.total?.calls ?? 0, 'call')}
            to={agency.path('costs')}
          />
        </SimpleGrid>
        <Section
          title="Tenants"
          lead={
            isPart
              ? `The ${looked} with the most pressing alerts of ${mine.length}. The others are under Tenants.`
              : 'The most pressing first.'
          }
          actions={
            <Anchor component={Link} to={agency.path('tenants')} size="sm">
              All tenants
            </Anchor>
          }
        >
          {known.isPending ? (
            <Loading />
          ) : rows.length === 0 ? (
            <Empty icon={IconBuilding} title="No tenants yet">
              A tenant is a client whose Instagram accounts you look after. Make the first one under Tenants.
            </Empty>
          ) : (
            <Table.ScrollContainer minWidth={620}>
              <Table verticalSpacing="sm">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Tenant</Table.Th>
                    <Table.Th ta="right">Escalations</Table.Th>
                    <Table.Th ta="right">Drafts</Table.Th>
                    <Table.Th ta="right">Posts to look at</Table.Th>
                    <Table.Th ta="right">Dead letters</Table.Th>
                    <Table.Th ta="right">Alerts</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {rows.map((row) => (
                    <TenantRow key={row.tenant.id} {...row} />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
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
                  {page.items.slice(0, 6).map((alert) => (
                    <AlertLine
                      key={alert.id}
                      alert={alert}
                      tenantName={mine.find((it) => it.id === alert.tenant)?.name}
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

const critical = (alerts: Alert[]) => alerts.filter((it) => it.severity === 'critical').length;

function mostAlerted(tenants: KnownTenant[], alerts: Alert[]): KnownTenant[] {
  const weight = (it: KnownTenant) => {
    const own = alerts.filter((alert) => alert.tenant === it.id);
    return critical(own) * 100 + own.length;
  };
  return [...tenants].sort((a, b) => weight(b) - weight(a));
}

function TenantRow({ tenant, needs, alerts }: { tenant: KnownTenant; needs?: Needs; alerts: Alert[] }) {
  const cell = (list: unknown[] | undefined, to: string, tone?: string) => (
    <Table.Td ta="right" className="tabular">
      {list === undefined || needs === undefined ? (
        <Text size="sm" c="dimmed">
          …
        </Text>
      ) : list.length === 0 ? (
        <Text size="sm" c="dimmed">
          0
        </Text>
      ) : (
        <Anchor component={Link} to={`/tenants/${tenant.id}/${to}`} size="sm" fw={600} c={tone}>
          {count(list, needs.isMore)}
        </Anchor>
      )}
    </Table.Td>
  );
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Box miw={0}>
            <Anchor component={Link} to={`/tenants/${tenant.id}`} fw={550} size="sm">
              {tenant.name}
            </Anchor>
          </Box>
          {tenant.isSuspended && <Status of="suspended" />}
        </Group>
      </Table.Td>
      {cell(needs?.escalations, 'approvals', 'var(--tone-warn-fg)')}
      {cell(needs?.drafts, 'approvals')}
      {cell(needs?.posts, 'content/board', 'var(--tone-warn-fg)')}
      {cell(needs?.deadLetters, 'queue', 'var(--tone-bad-fg)')}
      {cell(alerts, 'alerts', critical(alerts) > 0 ? 'var(--tone-bad-fg)' : undefined)}
    </Table.Tr>
  );
}
