import { Anchor, Box, Button, Stack, Text } from '@mantine/core';
import type { Conversation, Message } from '@/api/types';
import { useTenant } from '@/shell/where';
import { IntentTag, Moment } from '@/ui/pieces';
import { Answered, Empty } from '@/ui/states';
import { useMessages } from './data';

/** Oldest at the top, as people read a conversation. */
export function MessageThread({ conversation }: { conversation: Conversation }) {
  const tenant = useTenant();
  const messages = useMessages(tenant.id, conversation.id, true);
  return (
    <Answered of={messages}>
      {() =>
        messages.items.length === 0 ? (
          <Empty title="No messages" />
        ) : (
          <Stack gap="sm">
            {messages.hasNextPage && (
              <Button
                variant="subtle"
                size="compact-sm"
                loading={messages.isFetchingNextPage}
                onClick={() => void messages.fetchNextPage()}
              >
                Earlier messages
              </Button>
            )}
            {[...messages.items].reverse().map((message) => (
              <Bubble key={message.id} message={message} />
            ))}
          </Stack>
        )
      }
    </Answered>
  );
}

function Bubble({ message }: { message: Message }) {
  const isOurs = message.direction === 'outbound';
  return (
    <Box maw="min(560px, 85%)" style={{ alignSelf: isOurs ? 'flex-end' : 'flex-start' }}>
      <Box
        p="xs"
        px="sm"
        style={{
          borderRadius: 14,
          background: isOurs ? 'var(--tone-info-bg)' : 'var(--tone-neutral-bg)',
        }}
      >
        {message.deleted ? (
          <Text size="sm" c="dimmed" fs="italic">
            Deleted by its author
          </Text>
        ) : (
          <Text size="sm" className="break" style={{ whiteSpace: 'pre-wrap' }}>
            {message.text}
          </Text>
        )}
        {message.attachments.map((kind, index) => {
          const url = message.temporary_attachment_urls[index];
          return url ? (
            <Anchor key={index} href={url} target="_blank" rel="noreferrer" size="sm" display="block">
              Open the {kind}
            </Anchor>
          ) : (
            <Text key={index} size="sm" c="dimmed">
              {kind}
            </Text>
          );
        })}
      </Box>
      <Text size="xs" c="dimmed" mt={2} ta={isOurs ? 'right' : 'left'} component="div">
        {isOurs ? 'Sent ' : ''}
        <Moment at={message.occurred_at} />{' '}
        {!isOurs && message.intent && <IntentTag intent={message.intent} confidence={message.confidence} />}
      </Text>
    </Box>
  );
}
