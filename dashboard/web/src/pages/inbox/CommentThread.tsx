import { Anchor, Box, Group, Stack, Text } from '@mantine/core';
import { Link } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { Comment, Conversation } from '@/api/types';
import { useTenant } from '@/shell/where';
import { IntentTag, Moment, Quote, Status, Tag } from '@/ui/pieces';
import { Empty, Listed } from '@/ui/states';
import { useComments } from './data';

export function CommentThread({ conversation }: { conversation: Conversation }) {
  const tenant = useTenant();
  const comments = useComments(tenant.id, conversation.id, false);
  return (
    <Listed of={comments} empty={<Empty title="No comments are kept of this conversation" />}>
      {(items) => (
        <Stack gap="lg">
          {[...items].reverse().map((comment) => (
            <Said key={comment.id} comment={comment} />
          ))}
        </Stack>
      )}
    </Listed>
  );
}

function Said({ comment }: { comment: Comment }) {
  return (
    <Box>
      <Group gap={6} mb={4}>
        <Text size="sm" fw={600}>
          {comment.author.username ? `@${comment.author.username}` : 'Somebody'}
        </Text>
        <Text size="xs" c="dimmed">
          <Moment at={comment.occurred_at} />
        </Text>
        {comment.intent && <IntentTag intent={comment.intent} confidence={comment.confidence} />}
        <Status of={comment.status} />
        {comment.tags.map((tag) => (
          <Tag key={tag}>{tag}</Tag>
        ))}
      </Group>
      <Quote>{comment.text}</Quote>
      {comment.reply && (
        <Box mt="xs" ml="lg" p="xs" px="sm" style={{ borderRadius: 12, background: 'var(--tone-info-bg)' }}>
          <Text size="xs" c="dimmed">
            {comment.status === 'awaiting_approval' ? 'Drafted answer' : 'Our answer'}
          </Text>
          <Quote>{comment.reply}</Quote>
        </Box>
      )}
      <TraceLink comment={comment} />
    </Box>
  );
}

/** The decision about a comment: it is in the log at the moment at which the comment was taken in. */
function TraceLink({ comment }: { comment: Comment }) {
  const tenant = useTenant();
  const taken = new Date(comment.created_at).getTime();
  const decision = useApi(
    keys.tenant(tenant.id, 'decision-of', comment.event),
    async () => {
      const log = await answer(
        api.GET('/api/v1/tenants/{tenant}/audit', {
          params: {
            path: { tenant: tenant.id },
            query: {
              event_type: 'decision.made',
              from: new Date(taken - 1000).toISOString(),
              until: new Date(taken + 5000).toISOString(),
              limit: 50,
            },
          },
        }),
      );
      return (
        log.items.find((it) => (it.details as { event?: string }).event === comment.event)?.resource_id ??
        null
      );
    },
    { staleTime: Infinity },
  );
  if (typeof decision.data !== 'string') return null;
  return (
    <Anchor
      component={Link}
      to={tenant.path(`decisions/${decision.data}`)}
      size="sm"
      mt={6}
      display="inline-block"
    >
      Why it was decided so
    </Anchor>
  );
}
