import { Box, Anchor, Grid, Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconChecks } from '@tabler/icons-react';
import { Link, Navigate } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import { useTenant } from '@/shell/where';
import { Activity } from '@/ui/Activity';
import { compact, dollars, plural, time } from '@/ui/format';
import { Moment, PageHeader, Section, Status, Tag } from '@/ui/pieces';
import { Answered, Empty } from '@/ui/states';
import { byDay, change, last, sum } from '../analytics/series';
import { Kpi } from './Kpi';
import { rowsOf } from './needRows';
import { count, useNeeds } from './needs';

export function Component() {
  const tenant = useTenant();
  // Clients come for what they approve.
  if (!tenant.may('view')) return <Navigate to={tenant.path('content/calendar')} replace />;
  return (
    <>
      <PageHeader
        title={tenant.name}
        lead={`It is ${time(new Date(), tenant.time_zone)} there (${tenant.time_zone.replace('_', ' ')}).`}
        actions={tenant.status === 'suspended' ? <Status of="suspended" /> : undefined}
      />
      <Stack>
        <Kpis />
        <Grid gutter="md">
          <Grid.Col span={{ base: 12, lg: 7 }}>
            <WaitsForYou />
          </Grid.Col>
          <Grid.Col span={{ base: 12, lg: 5 }}>
            <Section
              title="Live activity"
              actions={
                <Anchor component={Link} to={tenant.path('audit')} size="sm">
                  Audit log
                </Anchor>
              }
            >
              <Activity />
            </Section>
          </Grid.Col>
        </Grid>
      </Stack>
    </>
  );
}

function Kpis() {
  const tenant = useTenant();
  const path = { tenant: tenant.id };
  const needs = useNeeds(tenant.id);
  const queue = useApi(keys.tenant(tenant.id, 'queue', 'status'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/queue/status', { params: { path } })),
  );
  const budget = useApi(keys.tenant(tenant.id, 'budget'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/budget', { params: { path } })),
  );
  const reach = useMetric('reach');
  const followers = useMetric('followers');
  const day = budget.data?.lines.find((it) => it.scope === 'tenant');
  const states = queue.data === undefined ? null : statesOf(queue.data.counts);
  const waiting = needs.data;
  return (
    <SimpleGrid cols={{ base: 2, md: 3, xl: 5 }} spacing="md">
      <Kpi
        label="Waits for you"
        value={
          waiting === undefined ? '–' : count([...waiting.escalations, ...waiting.drafts], waiting.isMore)
        }
        detail={
          waiting === undefined ? undefined : `${plural(waiting.escalations.length, 'escalation')} among them`
        }
        to={tenant.path('approvals')}
      />
      <Kpi
        label="Sent to Instagram"
        value={states === null ? '–' : compact(states.sent)}
        detail={
          states === null
            ? undefined
            : `${compact(states.open)} in the queue, ${plural(states.dlq, 'dead letter')}`
        }
        to={tenant.path('queue')}
      />
      <Kpi
        label="Reach, 7 days"
        value={show(sum(reach.slice(-7)))}
        change={change(reach, 7)}
        detail="Accounts that saw something"
        to={tenant.path('analytics')}
      />
      <Kpi
        label="Followers"
        value={show(last(followers))}
        detail="As last read"
        to={tenant.path('analytics')}
      />
      <Kpi
        label="Models today"
        value={day === undefined ? '–' : dollars(day.spent_micro_usd)}
        detail={day === undefined ? undefined : `of ${dollars(day.limit_micro_usd)}`}
        to={tenant.path('costs')}
      >
        {day !== undefined && (
          <Progress
            mt={8}
            size="sm"
            value={Math.min(day.percent, 100)}
            color={day.level === 'spent' ? 'red.7' : day.level === 'warning' ? 'orange.7' : undefined}
            aria-label={`${day.percent} % of today's budget`}
          />
        )}
      </Kpi>
    </SimpleGrid>
  );
}

const show = (value: number | null) => (value === null ? '–' : compact(value));

function useMetric(metric: string) {
  const tenant = useTenant();
  const asked = useApi(keys.tenant(tenant.id, 'insights', 'metric', metric), () =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/insights', {
        params: { path: { tenant: tenant.id }, query: { metric } },
      }),
    ),
  );
  return asked.data === undefined ? [] : byDay(asked.data.items, metric, asked.data.from, asked.data.to);
}

export function statesOf(counts: Record<string, number>) {
  const of = (...states: string[]) =>
    Object.entries(counts).reduce(
      (all, [key, value]) => (states.includes(key.split('::')[1] ?? '') ? all + value : all),
      0,
    );
  return { sent: of('sent'), open: of('pending', 'processing', 'failed', 'unknown'), dlq: of('dlq') };
}

function WaitsForYou() {
  const tenant = useTenant();
  const needs = useNeeds(tenant.id);
  const alerts = useApi(keys.tenant(tenant.id, 'alerts', 'open'), () =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/alerts', {
        params: { path: { tenant: tenant.id }, query: { resolved: false, limit: 100 } },
      }),
    ),
  );
  return (
    <Section title="What needs a person" lead="The most pressing first.">
      <Answered of={needs}>
        {(found) => {
          const rows = rowsOf(found, alerts.data?.items ?? []).slice(0, 12);
          return rows.length === 0 ? (
            <Empty icon={IconChecks} title="Nothing needs you">
              Troupe goes on by itself and says here when that changes.
            </Empty>
          ) : (
            <Stack gap={0}>
              {rows.map((row) => (
                <Link key={row.id} to={tenant.path(row.to)} className="row-link">
                  <Group gap="xs" py={9} px={6} align="flex-start" className="line">
                    <Box w={{ base: '100%', xs: 82 }} style={{ flex: 'none' }}>
                      <Tag tone={row.tone}>{row.kind}</Tag>
                    </Box>
                    <Text size="sm" flex="1 1 180px" className="break clip-2">
                      {row.text}
                    </Text>
                    <Text size="xs" c="dimmed">
                      <Moment at={row.at} />
                    </Text>
                  </Group>
                </Link>
              ))}
            </Stack>
          );
        }}
      </Answered>
    </Section>
  );
}
