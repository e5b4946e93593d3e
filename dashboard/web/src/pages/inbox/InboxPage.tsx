import { Box, Button, Card, Group, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import {
  IconArrowLeft,
  IconAt,
  IconInbox,
  IconMessage,
  IconMessageCircle,
  IconUser,
} from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useParams } from 'react-router-dom';
import type { Conversation } from '@/api/types';
import { useTenant } from '@/shell/where';
import { person } from '@/ui/format';
import { Moment, PageHeader, Tag } from '@/ui/pieces';
import { Empty, Listed, Loading } from '@/ui/states';
import { ConversationView } from './ConversationView';
import { useConversations, type InboxFilter } from './data';
import classes from './InboxPage.module.css';

export const personName = (conversation: Pick<Conversation, 'person'>) =>
  person(conversation.person.username ?? conversation.person.id);

const kinds = { comment_thread: IconMessageCircle, mention: IconAt, direct: IconMessage };
export const kindNames = { comment_thread: 'Comment', mention: 'Mention', direct: 'Direct message' };

export function Component() {
  const tenant = useTenant();
  const { conversation } = useParams();
  const [kind, setKind] = useState('all');
  const [owner, setOwner] = useState<string | null>(null);
  const filter: InboxFilter = {
    kind: kind === 'all' ? undefined : (kind as InboxFilter['kind']),
    owner: (owner ?? undefined) as InboxFilter['owner'],
  };
  const list = useConversations(tenant.id, filter);
  return (
    <>
      <PageHeader title="Inbox" lead="Every conversation, whoever answers it." />
      <div className={classes.columns} data-open={conversation !== undefined || undefined}>
        <Card padding={0} className={classes.list}>
          <Group p="sm" gap="xs">
            <SegmentedControl
              size="xs"
              fullWidth
              w="100%"
              aria-label="Kind of conversation"
              data={[
                { value: 'all', label: 'All' },
                { value: 'comment_thread', label: 'Comments' },
                { value: 'direct', label: 'Messages' },
                { value: 'mention', label: 'Mentions' },
              ]}
              value={kind}
              onChange={setKind}
            />
            <Select
              size="xs"
              w="100%"
              aria-label="Who answers"
              placeholder="Whoever answers"
              clearable
              data={[
                { value: 'human', label: 'A person answers' },
                { value: 'bot', label: 'Troupe answers' },
              ]}
              value={owner}
              onChange={setOwner}
            />
          </Group>
          <Box className={classes.scroll}>
            <Listed
              of={list}
              loading={
                <Box p="sm">
                  <Loading rows={8} height={44} />
                </Box>
              }
              empty={
                <Empty icon={IconInbox} title="No conversations">
                  Comments, mentions and messages appear here as they come in.
                </Empty>
              }
            >
              {(items) => (
                <Stack gap={0} component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
                  {items.map((it) => (
                    <Row key={it.id} conversation={it} isOpen={it.id === conversation} />
                  ))}
                </Stack>
              )}
            </Listed>
          </Box>
        </Card>
        <Card className={classes.detail}>
          {conversation === undefined ? (
            <Empty icon={IconInbox} title="Choose a conversation">
              It opens here with everything that was said and done.
            </Empty>
          ) : (
            <>
              <Button
                component={Link}
                to={tenant.path('inbox')}
                variant="subtle"
                size="compact-sm"
                hiddenFrom="md"
                leftSection={<IconArrowLeft size={15} aria-hidden />}
                mb="sm"
                style={{ alignSelf: 'flex-start' }}
              >
                All conversations
              </Button>
              <ConversationView key={conversation} id={conversation} />
            </>
          )}
        </Card>
      </div>
    </>
  );
}

function Row({ conversation, isOpen }: { conversation: Conversation; isOpen: boolean }) {
  const tenant = useTenant();
  const Symbol = kinds[conversation.kind];
  return (
    <li>
      <Link
        to={tenant.path(`inbox/${conversation.id}`)}
        className={`row-link ${classes.row}`}
        aria-current={isOpen ? 'true' : undefined}
      >
        <Symbol size={17} stroke={1.6} aria-label={kindNames[conversation.kind]} style={{ flex: 'none' }} />
        <Box flex={1} miw={0}>
          <Group gap="xs" wrap="nowrap">
            <Text size="sm" fw={500} className="clip" flex={1}>
              {personName(conversation)}
            </Text>
            {conversation.owner === 'human' && (
              <Tag tone="warn">
                <Group gap={3} wrap="nowrap" component="span">
                  <IconUser size={11} aria-hidden /> Person
                </Group>
              </Tag>
            )}
            <Text size="xs" c="dimmed">
              <Moment at={conversation.updated_at} />
            </Text>
          </Group>
          {conversation.last_words && (
            <Text size="xs" c="dimmed" className="clip">
              {conversation.last_words.direction === 'outbound' && 'Us: '}
              {conversation.last_words.text || 'Without words'}
            </Text>
          )}
        </Box>
      </Link>
    </li>
  );
}
