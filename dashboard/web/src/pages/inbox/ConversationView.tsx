import { Box, Button, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { keys } from '@/api/queries';
import type { Conversation } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { dateTime } from '@/ui/format';
import { Moment, Tag } from '@/ui/pieces';
import { Answered, Notice } from '@/ui/states';
import { UnderPost } from '@/ui/UnderPost';
import { CommentThread } from './CommentThread';
import { useConversation } from './data';
import { DraftsHere } from './DraftsHere';
import { kindNames, personName } from './InboxPage';
import { MessageThread } from './MessageThread';

export function ConversationView({ id }: { id: string }) {
  const tenant = useTenant();
  return (
    <Answered of={useConversation(tenant.id, id)}>
      {(conversation) => (
        <Stack gap="md">
          <Head conversation={conversation} />
          <Situation conversation={conversation} />
          {conversation.kind === 'direct' ? (
            <MessageThread conversation={conversation} />
          ) : (
            <CommentThread conversation={conversation} />
          )}
          <DraftsHere conversation={id} />
        </Stack>
      )}
    </Answered>
  );
}

function Head({ conversation }: { conversation: Conversation }) {
  const tenant = useTenant();
  const path = { tenant: tenant.id, conversation: conversation.id };
  const changes = [keys.tenant(tenant.id, 'conversations'), keys.tenant(tenant.id, 'approvals')];
  const takeOver = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/conversations/{conversation}/take-over', { params: { path } }),
      ),
    changes,
    done: 'It is yours. Troupe stays silent here until you hand it back.',
  });
  const handBack = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/conversations/{conversation}/hand-back', { params: { path } }),
      ),
    changes,
    done: 'Troupe answers here again.',
  });
  const isPerson = conversation.owner === 'human';
  return (
    <Group justify="space-between" align="flex-start">
      <Box miw={0}>
        <Title order={2}>{personName(conversation)}</Title>
        {conversation.post?.caption && (
          <Text size="sm" className="break">
            {kindNames[conversation.kind]}
            <UnderPost post={conversation.post} />
          </Text>
        )}
        <Text size="sm" c="dimmed">
          {isPerson ? 'A person answers' : 'Troupe answers'} since <Moment at={conversation.owner_since} />
          {conversation.assigned_to && `, assigned to ${conversation.assigned_to}`}
        </Text>
      </Box>
      {tenant.may('operate') && (
        <Group gap="xs">
          <Assign conversation={conversation} />
          {isPerson ? (
            <Button size="xs" variant="default" loading={handBack.isPending} onClick={() => handBack.start()}>
              Hand back
            </Button>
          ) : (
            <Button size="xs" loading={takeOver.isPending} onClick={() => takeOver.start()}>
              Take over
            </Button>
          )}
        </Group>
      )}
    </Group>
  );
}

function Assign({ conversation }: { conversation: Conversation }) {
  const tenant = useTenant();
  const [isOpen, setOpen] = useState(false);
  const [to, setTo] = useState(conversation.assigned_to ?? '');
  const assign = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/conversations/{conversation}/assign', {
          params: { path: { tenant: tenant.id, conversation: conversation.id } },
          body: { to: to.trim() === '' ? null : to.trim() },
        }),
      ),
    changes: [keys.tenant(tenant.id, 'conversations')],
    done: to.trim() === '' ? 'Nobody is named for it any more.' : `Assigned to ${to.trim()}.`,
    onDone: () => setOpen(false),
  });
  if (!isOpen) {
    return (
      <Button size="xs" variant="default" onClick={() => setOpen(true)}>
        Assign
      </Button>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        assign.start();
      }}
    >
      <Group gap={6} wrap="nowrap">
        <TextInput
          size="xs"
          aria-label="Assign to"
          placeholder="Name; empty for nobody"
          autoFocus
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Escape' && setOpen(false)}
        />
        <Button size="xs" type="submit" loading={assign.isPending}>
          Save
        </Button>
      </Group>
    </form>
  );
}

/** What limits what may be said here. */
function Situation({ conversation }: { conversation: Conversation }) {
  if (conversation.opted_out_at) {
    return (
      <Notice tone="warn" title="This person does not want messages">
        They opted out <Moment at={conversation.opted_out_at} />. Nothing is sent until they opt in again.
      </Notice>
    );
  }
  if (conversation.kind !== 'direct' || !conversation.window_ends_at) return null;
  const isClosed = new Date(conversation.window_ends_at) < new Date();
  return (
    <Group gap={6}>
      <Tag tone={isClosed ? 'warn' : 'good'}>{isClosed ? 'Window closed' : 'Window open'}</Tag>
      <Text size="sm" c="dimmed">
        {isClosed ? 'Instagram took answers until' : 'Instagram takes answers until'}{' '}
        {dateTime(conversation.window_ends_at)}.
      </Text>
    </Group>
  );
}
