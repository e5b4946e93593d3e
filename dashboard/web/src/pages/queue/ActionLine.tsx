import { Box, Text } from '@mantine/core';
import type { Action } from '@/api/types';
import { words } from '@/ui/format';

const names: Record<string, string> = {
  reply_comment: 'Answer the comment',
  hide_comment: 'Hide the comment',
  delete_comment: 'Delete the comment',
  private_reply: 'Answer privately',
  send_dm: 'Send a message',
  reply_dm: 'Answer the message',
  ask_dm: 'Send a question with answers to tap',
  like: 'Like',
  create_container: 'Hand a file to Instagram',
  publish_post: 'Publish the post',
  first_comment: 'Write the first comment',
};

export const actionName = (type: string) => names[type] ?? words(type);

export const textOf = (action: Action): string | null => ('text' in action ? action.text : null);

/** What would be done, and with which words. */
export function ActionLine({ action, lines }: { action: Action; lines?: number }) {
  const text = textOf(action);
  return (
    <Box miw={0} flex={1}>
      <Text size="xs" c="dimmed">
        {actionName(action.action)}
      </Text>
      {text !== null && (
        <Text size="sm" className={`break ${lines === 2 ? 'clip-2' : ''}`} style={{ whiteSpace: 'pre-wrap' }}>
          {text}
        </Text>
      )}
      {'quick_replies' in action && (
        <Text size="xs" c="dimmed">
          To tap: {action.quick_replies.join(', ')}
        </Text>
      )}
    </Box>
  );
}
