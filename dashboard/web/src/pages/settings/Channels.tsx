import { Box, Button, Group, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconBell } from '@tabler/icons-react';
import { useState } from 'react';
import { keys, usePages } from '@/api/queries';
import type { Channel } from '@/api/types';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { words } from '@/ui/format';
import { Moment, Name, Section, Tag } from '@/ui/pieces';
import { Empty, Listed } from '@/ui/states';
import { channelApi, type ChannelScope } from './channelApi';
import { ChannelDialog } from './ChannelDialog';

const kindNames = { email: 'E-mail', slack: 'Slack', webhook: 'Webhook' };

export const channelKey = (scope: ChannelScope) =>
  'tenant' in scope ? keys.tenant(scope.tenant, 'channels') : keys.agency(scope.agency, 'channels');

export function Channels({ scope, mayEdit }: { scope: ChannelScope; mayEdit: boolean }) {
  const [dialog, setDialog] = useState<{ channel?: Channel } | null>(null);
  const list = usePages(channelKey(scope), () => channelApi(scope).list());
  const add = mayEdit && <Button onClick={() => setDialog({})}>Add a channel</Button>;
  return (
    <Section
      title="Channels to people"
      lead="Where alerts, waiting drafts, leads, briefings and reports are told."
      actions={add}
    >
      <Listed
        of={list}
        empty={
          <Empty icon={IconBell} title="Nobody is told yet">
            Add mail addresses, a Slack channel or a webhook of your own.
          </Empty>
        }
      >
        {(items) => (
          <Stack gap={0}>
            {items.map((it) => (
              <Line
                key={it.id}
                channel={it}
                scope={scope}
                mayEdit={mayEdit}
                onEdit={() => setDialog({ channel: it })}
              />
            ))}
          </Stack>
        )}
      </Listed>
      {dialog !== null && (
        <ChannelDialog scope={scope} channel={dialog.channel} onClose={() => setDialog(null)} />
      )}
    </Section>
  );
}

function Line(props: { channel: Channel; scope: ChannelScope; mayEdit: boolean; onEdit: () => void }) {
  const { channel, scope } = props;
  const routes = channelApi(scope);
  const test = useAct({
    act: () => routes.test(channel.id),
    changes: [channelKey(scope)],
    onDone: (result) =>
      notifications.show(
        result.taken
          ? { message: `${channel.name} took the test message.` }
          : {
              color: 'red',
              title: `${channel.name} did not take it`,
              message: result.error ?? 'It gave no reason.',
            },
      ),
  });
  const remove = useAct({
    act: () => routes.remove(channel.id),
    changes: [channelKey(scope)],
    done: `${channel.name} is removed.`,
  });
  return (
    <Group
      py="sm"
      justify="space-between"
      align="flex-start"
      style={{ borderBottom: '1px solid var(--line)' }}
    >
      <Box miw={0} flex={1}>
        <Group gap="xs">
          <Text size="sm" fw={600}>
            <Name>{channel.name}</Name>
          </Text>
          <Tag>{kindNames[channel.kind]}</Tag>
          {!channel.enabled && <Tag tone="warn">Off</Tag>}
          {channel.failures > 0 && <Tag tone="bad">{channel.failures} failures in a row</Tag>}
        </Group>
        <Text size="xs" c="dimmed" className="break">
          {channel.to.length > 0 && `${channel.to.join(', ')}. `}
          {channel.kinds.length === 0 ? 'Everything' : channel.kinds.map(words).join(', ')}, alerts from{' '}
          {channel.min_severity} on
          {channel.last_sent_at && (
            <>
              , last sent <Moment at={channel.last_sent_at} />
            </>
          )}
        </Text>
      </Box>
      {props.mayEdit && (
        <Group gap="xs">
          <Button size="compact-sm" variant="default" loading={test.isPending} onClick={() => test.start()}>
            Test
          </Button>
          <Button size="compact-sm" variant="default" onClick={props.onEdit}>
            Change
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            loading={remove.isPending}
            onClick={() =>
              confirm({
                title: `Remove ${channel.name}?`,
                text: 'Nothing is told there any more.',
                yes: 'Remove',
                isDangerous: true,
                act: () => remove.start(),
              })
            }
          >
            Remove
          </Button>
        </Group>
      )}
    </Group>
  );
}
