import { Anchor, Button, Card, Group, Select, SimpleGrid, Stack, Table, Tabs, Text } from '@mantine/core';
import { IconMailX, IconSend } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys, useApi, usePages } from '@/api/queries';
import type { Effect, EffectState } from '@/api/types';
import { useTenant } from '@/shell/where';
import { plural, refusal, words } from '@/ui/format';
import { Hint, Moment, PageHeader, Status } from '@/ui/pieces';
import { Answered, Empty, Listed, Loading } from '@/ui/states';
import { Kpi } from '../overview/Kpi';
import { ActionLine, actionName } from './ActionLine';
import { useEffectActs } from './useEffectActs';

const states: EffectState[] = [
  'pending',
  'processing',
  'failed',
  'unknown',
  'sent',
  'skipped',
  'cancelled',
  'dlq',
];

const explained: Partial<Record<EffectState, string>> = {
  unknown: 'The answer of Instagram was lost. Instagram is read back before anything is sent again.',
  failed: 'It is tried again by itself.',
  skipped: 'The situation had changed before it was sent.',
  dlq: 'Given up after its tries. A person decides.',
};

export function Component() {
  const tenant = useTenant();
  return (
    <>
      <PageHeader title="Queue" lead="Everything that changes the world outside goes through here, once." />
      <Stack>
        <Summary />
        <Tabs defaultValue="dlq" keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="dlq">Dead letters</Tabs.Tab>
            <Tabs.Tab value="all">Everything</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="dlq">
            <DeadLetters tenant={tenant.id} />
          </Tabs.Panel>
          <Tabs.Panel value="all">
            <AllEffects tenant={tenant.id} />
          </Tabs.Panel>
        </Tabs>
      </Stack>
    </>
  );
}

function Summary() {
  const tenant = useTenant();
  const status = useApi(
    keys.tenant(tenant.id, 'queue', 'status'),
    () =>
      answer(api.GET('/api/v1/tenants/{tenant}/queue/status', { params: { path: { tenant: tenant.id } } })),
    { refetchInterval: 15_000 },
  );
  return (
    <Answered of={status} loading={<Loading rows={1} height={90} />}>
      {(found) => {
        const by = (state: string) =>
          Object.entries(found.counts).reduce(
            (all, [key, n]) => (key.endsWith(`::${state}`) ? all + n : all),
            0,
          );
        const waits = found.accounts.reduce((all, it) => all + it.waiting, 0);
        const eta = Math.max(0, ...found.accounts.map((it) => it.eta_seconds ?? 0));
        return (
          <SimpleGrid cols={{ base: 2, sm: 4 }}>
            <Kpi
              label="Waiting"
              value={waits}
              detail={
                eta > 0 ? `All sent in about ${plural(Math.ceil(eta / 60), 'minute')}` : 'Nothing is held up'
              }
            />
            <Kpi label="Tried again" value={by('failed')} detail="Failed, with tries left" />
            <Kpi label="Being checked" value={by('unknown')} detail="Outcome not known yet" />
            <Kpi label="Dead letters" value={by('dlq')} detail={`${by('sent')} were sent`} />
          </SimpleGrid>
        );
      }}
    </Answered>
  );
}

function DeadLetters({ tenant }: { tenant: string }) {
  const list = usePages(keys.tenant(tenant, 'queue', 'dlq'), (cursor) =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/queue/dlq', { params: { path: { tenant }, query: { cursor } } }),
    ),
  );
  return (
    <Card>
      <Listed
        of={list}
        empty={
          <Empty icon={IconMailX} title="No dead letters">
            What Instagram refuses for good, or after all tries, waits here until a person tries it again or
            cancels it.
          </Empty>
        }
      >
        {(items) => <EffectTable items={items} />}
      </Listed>
    </Card>
  );
}

function AllEffects({ tenant }: { tenant: string }) {
  const [status, setStatus] = useState<string | null>(null);
  const [action, setAction] = useState<string | null>(null);
  const query = {
    status: (status ?? undefined) as EffectState | undefined,
    action_type: (action ?? undefined) as Effect['action_type'] | undefined,
  };
  const list = usePages(keys.tenant(tenant, 'queue', 'list', query), (cursor) =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/queue', {
        params: { path: { tenant }, query: { ...query, cursor } },
      }),
    ),
  );
  return (
    <Card>
      <Group mb="sm">
        <Select
          label="State"
          placeholder="Any"
          clearable
          size="xs"
          data={states.map((value) => ({ value, label: value === 'dlq' ? 'Dead letter' : words(value) }))}
          value={status}
          onChange={setStatus}
        />
        <Select
          label="Action"
          placeholder="Any"
          clearable
          size="xs"
          data={[
            'reply_comment',
            'hide_comment',
            'delete_comment',
            'private_reply',
            'send_dm',
            'reply_dm',
            'like',
            'publish_post',
            'first_comment',
          ].map((value) => ({ value, label: actionName(value) }))}
          value={action}
          onChange={setAction}
        />
      </Group>
      <Listed of={list} empty={<Empty icon={IconSend} title="Nothing matches" />}>
        {(items) => <EffectTable items={items} />}
      </Listed>
    </Card>
  );
}

function EffectTable({ items }: { items: Effect[] }) {
  return (
    <Table.ScrollContainer minWidth={300}>
      <Table verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>What</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th visibleFrom="sm">When</Table.Th>
            <Table.Th ta="right" visibleFrom="sm">
              <span>Actions</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((effect) => (
            <EffectRow key={effect.id} effect={effect} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function EffectRow({ effect }: { effect: Effect }) {
  const tenant = useTenant();
  const { retry, cancel } = useEffectActs(effect.id);
  // What belongs to a post is tried again with the whole post.
  const post = 'post' in effect.payload ? effect.payload.post : null;
  const mayRetry = tenant.may('operate') && effect.status === 'dlq' && post === null;
  const mayCancel = tenant.may('operate') && ['pending', 'failed', 'dlq'].includes(effect.status);
  const note = explained[effect.status];
  const when = <Moment at={effect.sent_at ?? effect.updated_at} />;
  const buttons = (
    <>
      {effect.decision && (
        <Anchor component={Link} to={tenant.path(`decisions/${effect.decision}`)} size="sm">
          Trace
        </Anchor>
      )}
      {post !== null && (
        <Anchor component={Link} to={tenant.path(`content/posts/${post}`)} size="sm">
          Post
        </Anchor>
      )}
      {mayRetry && (
        <Button size="compact-sm" loading={retry.isPending} onClick={() => retry.start()}>
          Try again
        </Button>
      )}
      {mayCancel && (
        <Button size="compact-sm" variant="default" loading={cancel.isPending} onClick={() => cancel.start()}>
          Cancel
        </Button>
      )}
    </>
  );
  return (
    <Table.Tr>
      <Table.Td maw={380}>
        <ActionLine action={effect.payload} lines={2} />
        {effect.error && (
          <Text size="xs" c="var(--tone-bad-fg)" className="break">
            {refusal(effect.error)}
          </Text>
        )}
        {/* On a phone what can be done stands with what it is about, and not behind an edge. */}
        <Group gap="xs" mt={6} hiddenFrom="sm">
          {buttons}
        </Group>
      </Table.Td>
      <Table.Td>
        {note === undefined ? (
          <Status of={effect.status} />
        ) : (
          <Hint label={note}>
            <Status of={effect.status} />
          </Hint>
        )}
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          {when}
        </Text>
        {effect.skip_reason && (
          <Text size="xs" c="dimmed">
            {words(effect.skip_reason)}
          </Text>
        )}
        {effect.retry_count > 0 && (
          <Text size="xs" c="dimmed">
            {plural(effect.retry_count, 'try', 'tries')}
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Text size="sm">{when}</Text>
        {effect.status === 'failed' && (
          <Text size="xs" c="dimmed">
            again <Moment at={effect.next_retry_at} isDue />
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Group gap="xs" justify="flex-end" wrap="nowrap">
          {buttons}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
