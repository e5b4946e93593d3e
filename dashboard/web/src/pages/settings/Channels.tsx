import { IconBell } from '@tabler/icons-react';
import { useState } from 'react';
import { keys, usePages } from '@/api/queries';
import type { Channel } from '@/api/types';
import { words } from '@/ui/format';
import { Moment, Tag } from '@/ui/pieces';
import { channelApi, type ChannelScope } from './channelApi';
import { ChannelDialog } from './ChannelDialog';
import { About, ReceiverLine, Receivers, useReceiverActs } from './receivers';

const kindNames = { email: 'E-mail', slack: 'Slack', webhook: 'Webhook' };

export const channelKey = (scope: ChannelScope) =>
  'tenant' in scope ? keys.tenant(scope.tenant, 'channels') : keys.agency(scope.agency, 'channels');

export function Channels({ scope, mayEdit }: { scope: ChannelScope; mayEdit: boolean }) {
  const [dialog, setDialog] = useState<{ channel?: Channel } | null>(null);
  const list = usePages(channelKey(scope), () => channelApi(scope).list());
  return (
    <Receivers
      title="Channels to people"
      lead="Where alerts, waiting drafts, leads, briefings and reports are told."
      list={list}
      add={mayEdit ? 'Add a channel' : null}
      onAdd={() => setDialog({})}
      empty={{
        icon: IconBell,
        title: 'Nobody is told yet',
        text: 'Add mail addresses, a Slack channel or a webhook of your own.',
      }}
      line={(it) => (
        <Line
          key={it.id}
          channel={it}
          scope={scope}
          mayEdit={mayEdit}
          onEdit={() => setDialog({ channel: it })}
        />
      )}
    >
      {dialog !== null && (
        <ChannelDialog scope={scope} channel={dialog.channel} onClose={() => setDialog(null)} />
      )}
    </Receivers>
  );
}

function Line(props: { channel: Channel; scope: ChannelScope; mayEdit: boolean; onEdit: () => void }) {
  const { channel, scope } = props;
  const routes = channelApi(scope);
  const acts = useReceiverActs({
    name: channel.name,
    changes: [channelKey(scope)],
    test: () => routes.test(channel.id),
    taken: () => `${channel.name} took the test message.`,
    remove: () => routes.remove(channel.id),
  });
  return (
    <ReceiverLine
      name={channel.name}
      tags={
        <>
          <Tag>{kindNames[channel.kind]}</Tag>
          {!channel.enabled && <Tag tone="warn">Off</Tag>}
          {channel.failures > 0 && <Tag tone="bad">{channel.failures} failures in a row</Tag>}
        </>
      }
      about={
        <About>
          {channel.to.length > 0 && `${channel.to.join(', ')}. `}
          {channel.kinds.length === 0 ? 'Everything' : channel.kinds.map(words).join(', ')}, alerts from{' '}
          {channel.min_severity} on
          {channel.last_sent_at && (
            <>
              , last sent <Moment at={channel.last_sent_at} />
            </>
          )}
        </About>
      }
      acts={props.mayEdit ? acts : null}
      onEdit={props.onEdit}
      removing="Nothing is told there any more."
    />
  );
}
