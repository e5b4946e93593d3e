import { Anchor, Box, Button, Card, Checkbox, Group, Kbd, Stack, Text } from '@mantine/core';
import { IconCheck, IconPencil, IconX } from '@tabler/icons-react';
import { forwardRef } from 'react';
import { Link } from 'react-router-dom';
import type { Approval } from '@/api/types';
import { useTenant } from '@/shell/where';
import { person, sentence } from '@/ui/format';
import { Moment, Quote, Status, Tag } from '@/ui/pieces';
import { UnderPost } from '@/ui/UnderPost';
import { ActionLine } from '../queue/ActionLine';
import type { Verdict } from './data';

/** What somebody decided here, or that it left by itself. */
export type Outcome = Verdict['is'] | 'gone';

const outcomes: Record<Outcome, string> = {
  approve: 'Approved.',
  edit: 'Approved with your words.',
  reject: 'Rejected.',
  gone: 'It no longer waits: it was decided elsewhere, has expired, or its conversation moved on.',
};

interface CardProps {
  approval: Approval;
  isActive: boolean;
  isSelected: boolean;
  showKeys: boolean;
  /** Whether it is shown within its conversation. */
  isInConversation?: boolean;
  /** What came of it while it is on the screen: it stays in its place, and nothing can be pressed there any more. */
  outcome?: Outcome;
  onActivate: () => void;
  /** Nothing where several cannot be chosen. */
  onSelect: (() => void) | null;
  onApprove: () => void;
  onEdit: () => void;
  onReject: () => void;
}

const wrote = { comment_thread: 'commented', mention: 'mentioned the account', direct: 'wrote a message' };

/** Who wrote it, where, and when. */
function Written({ approval: { author, place, post, created_at } }: { approval: Approval }) {
  return (
    <Text size="sm" c="dimmed" className="break">
      {author && place ? (
        <>
          <Text span inherit fw={600} c="var(--mantine-color-text)">
            {person(author.username ?? author.id)}
          </Text>{' '}
          {wrote[place]}
          <UnderPost post={post} />
        </>
      ) : (
        'It came'
      )}{' '}
      <Moment at={created_at} />
    </Text>
  );
}

export const ApprovalCard = forwardRef<HTMLDivElement, CardProps>(function ApprovalCard(props, ref) {
  const { approval } = props;
  const tenant = useTenant();
  const { outcome } = props;
  const isPending = approval.status === 'pending' && outcome === undefined;
  const isEscalation = approval.kind === 'escalation';
  const mayDecide = isPending && tenant.may('operate');
  const hint = (key: string) =>
    props.showKeys && props.isActive ? (
      <Kbd size="xs" visibleFrom="sm" aria-hidden>
        {key}
      </Kbd>
    ) : undefined;
  return (
    <Card
      ref={ref}
      component="article"
      tabIndex={props.isActive ? 0 : -1}
      onFocus={props.onActivate}
      aria-label={`${isEscalation ? 'Escalation' : 'Draft'}: ${approval.incoming_text}`}
      style={{
        // The header must not cover it.
        scrollMarginTop: 110,
        borderColor: props.isActive && isPending ? 'var(--mantine-color-brand-5)' : undefined,
      }}
    >
      <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
        <Group gap="sm" wrap="nowrap" align="flex-start" flex={1} miw={0}>
          {mayDecide && props.onSelect !== null && (
            <Checkbox
              checked={props.isSelected}
              onChange={props.onSelect}
              aria-label="Select for bulk actions"
              mt={2}
            />
          )}
          <Box flex={1} miw={0}>
            <Group gap={6} mb={4}>
              {isEscalation ? <Tag tone="warn">Needs your answer</Tag> : <Tag tone="info">Draft</Tag>}
              {approval.status !== 'pending' && <Status of={approval.status} />}
              <Written approval={approval} />
            </Group>
            <Quote>“{approval.incoming_text}”</Quote>
          </Box>
        </Group>
      </Group>
      {approval.proposed.length > 0 && (
        <Stack
          gap={6}
          mt="sm"
          p="sm"
          style={{ background: 'var(--surface)', borderRadius: 'var(--mantine-radius-md)' }}
        >
          {approval.proposed.map((action, index) => (
            <ActionLine key={index} action={action} />
          ))}
        </Stack>
      )}
      {approval.edited_text && (
        <Box mt="sm">
          <Text size="xs" c="dimmed">
            Sent instead
          </Text>
          <Quote>{approval.edited_text}</Quote>
        </Box>
      )}
      <Text size="xs" c="dimmed" mt="sm">
        {sentence(approval.reason)}{' '}
        {approval.status === 'pending' ? (
          <>
            Expires <Moment at={approval.expires_at} />.
          </>
        ) : (
          approval.decided_at && (
            <>
              Decided <Moment at={approval.decided_at} />
              {approval.comment && `: ${approval.comment}`}.
            </>
          )
        )}
      </Text>
      <Group mt="sm" gap="xs" mih={30}>
        {outcome !== undefined && (
          <Text size="sm" fw={550}>
            {outcomes[outcome]}
          </Text>
        )}
        {mayDecide && !isEscalation && (
          <Button
            size="xs"
            leftSection={<IconCheck size={15} aria-hidden />}
            rightSection={hint('a')}
            // The second click of a double click could meet another draft.
            onClick={(event) => event.detail < 2 && props.onApprove()}
          >
            Approve
          </Button>
        )}
        {mayDecide && (
          <Button
            size="xs"
            variant={isEscalation ? 'filled' : 'default'}
            leftSection={<IconPencil size={15} aria-hidden />}
            rightSection={hint('e')}
            onClick={props.onEdit}
          >
            {isEscalation ? 'Answer' : 'Edit'}
          </Button>
        )}
        {mayDecide && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconX size={15} aria-hidden />}
            rightSection={hint('r')}
            onClick={props.onReject}
          >
            {isEscalation ? 'No answer' : 'Reject'}
          </Button>
        )}
        <Box flex={1} />
        {props.isInConversation !== true && (
          <Anchor component={Link} to={tenant.path(`inbox/${approval.conversation}`)} size="sm">
            Conversation
          </Anchor>
        )}
        <Anchor component={Link} to={tenant.path(`decisions/${approval.decision}`)} size="sm">
          Trace
        </Anchor>
      </Group>
    </Card>
  );
});
