import { Box, Button, Group, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { components } from '@/api/schema';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { words } from '@/ui/format';
import { Fact, Moment, PageHeader, Section, Status } from '@/ui/pieces';
import { Answered, Empty, Notice } from '@/ui/states';
import { tellSchedule } from './schedule';

type Schemas = components['schemas'];

export function Component() {
  return (
    <>
      <PageHeader
        title="Agents"
        lead="Who works for this tenant, what they depend on, and what they do by the clock."
      />
      <Stack>
        <Heartbeats />
        <Accounts />
        <Breakers />
        <Ticks />
      </Stack>
    </>
  );
}

const does: Record<string, string> = {
  tenant: 'Keeps the five others running',
  engagement: 'Comments, mentions, story replies',
  content: 'Plans and publishes posts',
  comms: 'Direct messages, leads, briefings',
  intel: 'Numbers, spikes, reports',
  admin: 'Health, tokens, costs',
};

function Heartbeats() {
  const tenant = useTenant();
  const beats = useApi(
    keys.tenant(tenant.id, 'health', 'heartbeats'),
    () => answer(api.GET('/api/v1/tenants/{tenant}/heartbeats', { params: { path: { tenant: tenant.id } } })),
    { refetchInterval: 10_000 },
  );
  return (
    <Section title="The troupe" lead="Agents sleep while nothing is to do, and wake within a moment.">
      <Answered of={beats}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title="All asleep">They start when the first comment, message or tick comes.</Empty>
          ) : (
            <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
              {page.items.map((it) => (
                <Group
                  key={it.agent}
                  justify="space-between"
                  wrap="nowrap"
                  p="sm"
                  style={{ border: '1px solid var(--line)', borderRadius: 8 }}
                >
                  <Box miw={0}>
                    <Text size="sm" fw={600}>
                      {words(it.agent)}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {does[it.agent] ?? 'Reports from outside'}
                    </Text>
                    <Text size="xs" c="dimmed">
                      last beat <Moment at={it.last_beat_at} />
                    </Text>
                  </Box>
                  <Status of={it.status} />
                </Group>
              ))}
            </SimpleGrid>
          )
        }
      </Answered>
    </Section>
  );
}

function Accounts() {
  const tenant = useTenant();
  const health = useApi(
    keys.tenant(tenant.id, 'health'),
    () => answer(api.GET('/api/v1/tenants/{tenant}/health', { params: { path: { tenant: tenant.id } } })),
    { refetchInterval: 30_000 },
  );
  return (
    <Section title="Accounts" lead="How well Instagram can be reached.">
      <Answered of={health}>
        {(found) =>
          found.accounts.length === 0 ? (
            <Empty title="No account is connected">Connect one under Settings, Accounts.</Empty>
          ) : (
            <Stack>
              {found.accounts.map((it) => (
                <AccountHealth key={it.account} account={it} />
              ))}
              {found.forecasts
                .filter((it) => it.runs_out_at)
                .map((it) => (
                  <Notice key={`${it.supply}${it.of}`} tone="warn" title={`${words(it.supply)} runs out`}>
                    At this pace it is used up <Moment at={it.runs_out_at ?? ''} />
                    {it.resets_at && (
                      <>
                        , and there is more <Moment at={it.resets_at} />
                      </>
                    )}
                    .
                  </Notice>
                ))}
            </Stack>
          )
        }
      </Answered>
    </Section>
  );
}

function AccountHealth({ account }: { account: Schemas['AccountHealth'] }) {
  return (
    <Box p="sm" style={{ border: '1px solid var(--line)', borderRadius: 8 }}>
      <Group justify="space-between" mb="sm">
        <Text fw={600} size="sm">
          @{account.username}
        </Text>
        <Status of={account.status} label={account.status === 'unknown' ? 'Not checked yet' : undefined} />
      </Group>
      <SimpleGrid cols={{ base: 2, sm: 3, md: 6 }}>
        <Fact label="Connection">{words(account.connection)}</Fact>
        <Fact label="Token">
          {account.token_error ?? words(account.token)}
          {account.token_expires_at && (
            <Text size="xs" c="dimmed">
              expires <Moment at={account.token_expires_at} />
            </Text>
          )}
        </Fact>
        <Fact label="Webhooks">
          {words(account.webhooks)}
          {account.last_event_at && (
            <Text size="xs" c="dimmed">
              last <Moment at={account.last_event_at} />
            </Text>
          )}
        </Fact>
        <Fact label="Allowance used">
          {account.usage_percent === null || account.usage_percent === undefined
            ? 'Not told yet'
            : `${account.usage_percent} %`}
        </Fact>
        <Fact label="Waiting to be sent">{account.waiting}</Fact>
        <Fact label="Last look for gaps">
          {account.polled_at ? <Moment at={account.polled_at} /> : 'Not yet'}
        </Fact>
      </SimpleGrid>
    </Box>
  );
}

function Breakers() {
  const tenant = useTenant();
  const breakers = useApi(
    keys.tenant(tenant.id, 'operations', 'breakers'),
    () => answer(api.GET('/api/v1/tenants/{tenant}/breakers', { params: { path: { tenant: tenant.id } } })),
    { refetchInterval: 15_000 },
  );
  return (
    <Section
      title="Circuit breakers"
      lead="A closed breaker lets calls through; an open one spares what does not answer."
    >
      <Answered of={breakers}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title="Nothing was called yet" />
          ) : (
            <Table.ScrollContainer minWidth={480}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Depends on</Table.Th>
                    <Table.Th>State</Table.Th>
                    <Table.Th ta="right">Failures in a row</Table.Th>
                    <Table.Th ta="right">Times opened</Table.Th>
                    <Table.Th>Next try</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {page.items.map((it) => (
                    <Table.Tr key={`${it.dependency}${it.name}`}>
                      <Table.Td>{it.dependency === 'graph' ? 'Instagram, this account' : it.name}</Table.Td>
                      <Table.Td>
                        <Status of={it.state} />
                      </Table.Td>
                      <Table.Td ta="right">{it.consecutive_failures}</Table.Td>
                      <Table.Td ta="right">{it.times_opened}</Table.Td>
                      <Table.Td>{it.retry_at ? <Moment at={it.retry_at} /> : ''}</Table.Td>
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

function Ticks() {
  const tenant = useTenant();
  const ticks = useApi(
    keys.tenant(tenant.id, 'ticks'),
    () =>
      answer(
        api.GET('/api/v1/tenants/{tenant}/ticks', {
          params: { path: { tenant: tenant.id } },
        }),
      ),
    { refetchInterval: 30_000 },
  );
  return (
    <Section title="By the clock" lead="What is done without anything that came in, and when.">
      <Answered of={ticks}>
        {(page) => (
          <Table.ScrollContainer minWidth={620}>
            <Table verticalSpacing="xs">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>What</Table.Th>
                  <Table.Th>Last</Table.Th>
                  <Table.Th>Next</Table.Th>
                  <Table.Th>Outcome</Table.Th>
                  <Table.Th ta="right" className="acts">
                    Run
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {page.items.map((tick) => (
                  <TickRow key={`${tick.role}/${tick.name}`} tick={tick} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Answered>
    </Section>
  );
}

const works: Record<string, string> = {
  insights: 'Numbers of the account',
  spikes: 'Looking for sudden rises',
  ugc: 'Posts of others that mention the brand',
  competitors: 'Looking at competitors',
  token_refresh: 'Renewing access to Instagram',
};

const workName = (name: string) => works[name] ?? words(name);

function TickRow({ tick }: { tick: Schemas['Tick'] }) {
  const tenant = useTenant();
  const run = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/ticks/{role}/{name}/run', {
          params: { path: { tenant: tenant.id, role: tick.role, name: tick.name } },
        }),
      ),
    changes: [keys.tenant(tenant.id, 'ticks')],
    done: `${workName(tick.name)} is started.`,
  });
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm">{workName(tick.name)}</Text>
        <Text size="xs" c="dimmed">
          {words(tick.role)}
          {tick.cron && `, ${tellSchedule(tick.cron, tick.time_zone)}`}
        </Text>
      </Table.Td>
      <Table.Td>{tick.last_run ? <Moment at={tick.last_run} /> : 'Not yet'}</Table.Td>
      <Table.Td>{tick.next_run ? <Moment at={tick.next_run} /> : 'On demand'}</Table.Td>
      <Table.Td>
        {tick.last_status && <Status of={tick.last_status} />}
        {tick.last_error && (
          <Text size="xs" c="dimmed" className="break">
            {tick.last_error}
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right" className="acts">
        {tenant.may('operate') && (
          <Button
            size="compact-xs"
            variant="default"
            loading={run.isPending}
            onClick={() => run.start()}
            aria-label={`Run now: ${workName(tick.name)}`}
          >
            Run now
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
