import { Box, Button, Group, Stack, Text } from '@mantine/core';
import { IconDeviceLaptop } from '@tabler/icons-react';
import { answer, api } from '@/api/client';
import { useApi } from '@/api/queries';
import type { OwnSession } from '@/api/types';
import { Dialog } from '@/ui/Dialog';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { Moment, Tag } from '@/ui/pieces';
import { Answered } from '@/ui/states';
import { browserOf } from './browser';

const key = ['own', 'sessions'];

/** Where somebody is signed in, and a way to end what they do not know. */
export default function SessionsDialog({ onClose }: { onClose: () => void }) {
  const sessions = useApi(key, () => answer(api.GET('/api/v1/sessions')));
  const end = useAct({
    act: async (ended: OwnSession[]) => {
      for (const it of ended) {
        await answer(api.DELETE('/api/v1/sessions/{session}', { params: { path: { session: it.id } } }));
      }
    },
    changes: [key],
    done: (_, ended) => (ended.length === 1 ? 'The session has ended.' : 'The other sessions have ended.'),
  });
  return (
    <Dialog onClose={onClose} title="Your sessions" size="lg">
      <Answered of={sessions}>
        {({ items }) => {
          const others = items.filter((it) => !it.is_this);
          return (
            <Stack gap={0}>
              <Text size="sm" c="dimmed" mb="xs">
                Where you are signed in. End what you do not know, and choose another password then.
              </Text>
              {items.map((it) => (
                <Line key={it.id} session={it} isEnding={end.isPending} onEnd={() => end.start([it])} />
              ))}
              {others.length > 1 && (
                <Group justify="flex-end" mt="md">
                  <Button
                    variant="default"
                    loading={end.isPending}
                    onClick={() =>
                      confirm({
                        title: 'End all other sessions?',
                        text: 'Whoever uses them has to sign in again.',
                        yes: 'End them',
                        isDangerous: true,
                        act: () => end.start(others),
                      })
                    }
                  >
                    End all others
                  </Button>
                </Group>
              )}
            </Stack>
          );
        }}
      </Answered>
    </Dialog>
  );
}

function Line(props: { session: OwnSession; isEnding: boolean; onEnd: () => void }) {
  const { session } = props;
  const browser = browserOf(session.user_agent);
  return (
    <Group wrap="nowrap" py="sm" gap="sm" className="line">
      <IconDeviceLaptop size={20} stroke={1.5} aria-hidden style={{ flex: 'none' }} />
      <Box flex={1} miw={0}>
        <Group gap="xs">
          <Text size="sm" fw={550}>
            {browser}
          </Text>
          {session.is_this && <Tag tone="good">This one</Tag>}
        </Group>
        <Text size="xs" c="dimmed" className="break">
          {session.ip ? `From ${session.ip}, since` : 'Since'} <Moment at={session.created_at} />, last used{' '}
          <Moment at={session.refreshed_at} />
        </Text>
      </Box>
      {!session.is_this && (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={`End the session of ${browser}`}
          disabled={props.isEnding}
          onClick={props.onEnd}
        >
          End
        </Button>
      )}
    </Group>
  );
}
