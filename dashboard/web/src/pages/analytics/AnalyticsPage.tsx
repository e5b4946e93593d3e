import { Anchor, Select, SimpleGrid, Stack, Table, Tabs, Text } from '@mantine/core';
import { IconChartLine } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import { useTenant } from '@/shell/where';
import { Chart } from '@/ui/charts';
import { DownloadButton } from '@/ui/DownloadButton';
import { compact, day, number, percent } from '@/ui/format';
import { PageHeader, Section } from '@/ui/pieces';
import { Answered, Empty, Loading } from '@/ui/states';
import { lastDays } from '../costs/sums';
import { Span } from '../costs/TenantCosts';
import { Kpi } from '../overview/Kpi';
import { BestTimes } from './BestTimes';
import { Competitors } from './Competitors';
import { byDay, change, explain, last, sum } from './series';

const metrics = [
  { metric: 'reach', label: 'Reach', detail: 'Accounts that saw something' },
  { metric: 'views', label: 'Views', detail: 'How often something was seen' },
  { metric: 'total_interactions', label: 'Interactions', detail: 'Likes, comments, saves, shares' },
  { metric: 'profile_views', label: 'Profile views', detail: 'Visits of the profile' },
];

export function Component() {
  const tenant = useTenant();
  const [days, setDays] = useState('30');
  const [account, setAccount] = useState<string | null>(null);
  const accounts = useApi(
    keys.tenant(tenant.id, 'accounts'),
    () => answer(api.GET('/api/v1/tenants/{tenant}/accounts', { params: { path: { tenant: tenant.id } } })),
    { enabled: tenant.may('view') },
  );
  return (
    <>
      <PageHeader
        title="Analytics"
        lead={`Numbers from Instagram, by days of ${tenant.time_zone.replace('_', ' ')}. They may grow for two days.`}
        actions={
          <>
            {(accounts.data?.items.length ?? 0) > 1 && (
              <Select
                aria-label="Account"
                placeholder="All accounts"
                clearable
                data={accounts.data?.items.map((it) => ({ value: it.id, label: `@${it.username}` }))}
                value={account}
                onChange={setAccount}
              />
            )}
            <Span value={days} onChange={setDays} />
          </>
        }
      />
      <Tabs defaultValue="account" keepMounted={false}>
        <Tabs.List mb="md" style={{ flexWrap: 'nowrap', overflowX: 'auto', overflowY: 'hidden' }}>
          <Tabs.Tab value="account">Account</Tabs.Tab>
          <Tabs.Tab value="posts">Posts</Tabs.Tab>
          <Tabs.Tab value="times">Best times</Tabs.Tab>
          {tenant.may('view') && <Tabs.Tab value="competitors">Competitors</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="account">
          <AccountNumbers days={Number(days)} account={account ?? undefined} />
        </Tabs.Panel>
        <Tabs.Panel value="posts">
          <PostNumbers account={account ?? undefined} />
        </Tabs.Panel>
        <Tabs.Panel value="times">
          <BestTimes account={account ?? undefined} />
        </Tabs.Panel>
        <Tabs.Panel value="competitors">
          <Competitors />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function AccountNumbers({ days, account }: { days: number; account?: string }) {
  const tenant = useTenant();
  const span = lastDays(days);
  const asked = useApi(keys.tenant(tenant.id, 'insights', 'all', days, account), () =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/insights', {
        params: { path: { tenant: tenant.id }, query: { ...span, account } },
      }),
    ),
  );
  return (
    <Answered of={asked} loading={<Loading rows={3} height={180} />}>
      {({ items, from, to }) => {
        if (items.length === 0) {
          return (
            <Section title="Account">
              <Empty icon={IconChartLine} title="No numbers yet">
                They are read every hour once an account is connected.
              </Empty>
            </Section>
          );
        }
        const series = Object.fromEntries(
          metrics.map((it) => [it.metric, byDay(items, it.metric, from, to)]),
        );
        const followers = byDay(items, 'followers', from, to);
        const reasons = [...new Set(items.flatMap((it) => (it.reason ? [it.reason] : [])))];
        return (
          <Stack>
            <SimpleGrid cols={{ base: 2, md: 5 }}>
              {metrics.map((it) => {
                const values = series[it.metric] ?? [];
                const total = sum(values);
                return (
                  <Kpi
                    key={it.metric}
                    label={it.label}
                    value={total === null ? '–' : compact(total)}
                    change={change(values, Math.floor(days / 2))}
                    detail={it.detail}
                  />
                );
              })}
              <Kpi
                label="Followers"
                value={last(followers) === null ? '–' : compact(last(followers) ?? 0)}
                detail="As last read"
              />
            </SimpleGrid>
            <Text size="xs" c="dimmed">
              Arrows compare a day of the last {Math.floor(days / 2)} days with one of the{' '}
              {Math.floor(days / 2)} before.
            </Text>
            <SimpleGrid cols={{ base: 1, lg: 2 }}>
              {metrics.map((it, index) => {
                const values = series[it.metric] ?? [];
                return (
                  <Section key={it.metric} title={it.label}>
                    <Chart
                      by="Day"
                      kind={index % 2 === 0 ? 'area' : 'bar'}
                      height={190}
                      data={values.map((value) => ({
                        Day: day(`${value.day}T00:00:00Z`, 'UTC'),
                        value: value.value,
                      }))}
                      series={[
                        { name: 'value', label: it.label, color: index % 2 === 0 ? 'brand.6' : 'brand.4' },
                      ]}
                      says={explain(it.label, values)}
                    />
                  </Section>
                );
              })}
            </SimpleGrid>
            {reasons.length > 0 && (
              <Section title="What Instagram did not tell">
                <ul style={{ margin: 0, paddingInlineStart: 18 }}>
                  {reasons.slice(0, 6).map((reason) => (
                    <li key={reason}>
                      <Text size="sm" c="dimmed">
                        {reason}
                      </Text>
                    </li>
                  ))}
                </ul>
              </Section>
            )}
            <div>
              <DownloadButton
                label="Download as CSV"
                path={`/tenants/${tenant.id}/insights/export?from=${from}&to=${to}${account ? `&account=${account}` : ''}`}
                fileName={`${tenant.slug}-insights.csv`}
              />
            </div>
          </Stack>
        );
      }}
    </Answered>
  );
}

function PostNumbers({ account }: { account?: string }) {
  const tenant = useTenant();
  const asked = useApi(keys.tenant(tenant.id, 'insights', 'media', account), () =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/insights/media', {
        params: { path: { tenant: tenant.id }, query: { account } },
      }),
    ),
  );
  return (
    <Section title="Posts" lead="As last read, newest first.">
      <Answered of={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={IconChartLine} title="No posts were read yet" />
          ) : (
            <Table.ScrollContainer minWidth={680}>
              <Table verticalSpacing="sm">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Post</Table.Th>
                    <Table.Th>Published</Table.Th>
                    {['reach', 'likes', 'comments', 'saved', 'shares'].map((it) => (
                      <Table.Th key={it} ta="right">
                        {it === 'saved' ? 'Saves' : it.charAt(0).toUpperCase() + it.slice(1)}
                      </Table.Th>
                    ))}
                    <Table.Th ta="right">Engagement</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {items.map((it) => (
                    <Table.Tr key={it.media}>
                      <Table.Td maw={260}>
                        <Text size="sm" className="clip-2">
                          {it.caption || 'No caption'}
                        </Text>
                        {it.permalink && (
                          <Anchor href={it.permalink} target="_blank" rel="noreferrer" size="xs">
                            On Instagram
                          </Anchor>
                        )}
                      </Table.Td>
                      <Table.Td>{day(it.published_at, tenant.time_zone)}</Table.Td>
                      {['reach', 'likes', 'comments', 'saved', 'shares'].map((metric) => {
                        const value = it.metrics[metric];
                        return (
                          <Table.Td
                            key={metric}
                            ta="right"
                            title={value?.reason ?? undefined}
                            className="tabular"
                          >
                            {typeof value?.value === 'number' ? number(value.value) : '–'}
                          </Table.Td>
                        );
                      })}
                      <Table.Td ta="right" className="tabular">
                        {typeof it.engagement === 'number'
                          ? it.engagement <= 1
                            ? percent(it.engagement, 1)
                            : number(it.engagement)
                          : '–'}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Answered>
    </Section>
  );
}
