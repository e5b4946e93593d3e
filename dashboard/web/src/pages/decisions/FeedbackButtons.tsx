import { Button, Group, Menu, Text } from '@mantine/core';
import { IconThumbDown, IconThumbUp } from '@tabler/icons-react';
import { answer, api } from '@/api/client';
import { keys } from '@/api/queries';
import type { Intent } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { words } from '@/ui/format';

const intents: Intent[] = ['praise', 'question', 'complaint', 'spam', 'lead', 'other'];

/** A person's view of a decision; the classifier of the tenant learns from it. */
export function FeedbackButtons({ decision, intent }: { decision: string; intent?: Intent }) {
  const tenant = useTenant();
  const tell = useAct({
    act: (body: { verdict: 'right' | 'wrong'; intent?: Intent }) =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/decisions/{decision}/feedback', {
          params: { path: { tenant: tenant.id, decision } },
          body,
        }),
      ),
    changes: [keys.tenant(tenant.id, 'learning')],
    done: 'Noted. Troupe learns from it.',
  });
  return (
    <Group gap="xs" mt="md">
      <Text size="sm" c="dimmed">
        Was this right?
      </Text>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconThumbUp size={14} aria-hidden />}
        loading={tell.isPending}
        onClick={() => tell.start({ verdict: 'right' })}
      >
        Right
      </Button>
      <Menu>
        <Menu.Target>
          <Button size="compact-sm" variant="default" leftSection={<IconThumbDown size={14} aria-hidden />}>
            Wrong
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>It really was</Menu.Label>
          {intents
            .filter((it) => it !== intent)
            .map((it) => (
              <Menu.Item key={it} onClick={() => tell.start({ verdict: 'wrong', intent: it })}>
                {words(it)}
              </Menu.Item>
            ))}
          <Menu.Divider />
          <Menu.Item onClick={() => tell.start({ verdict: 'wrong' })}>Wrong in another way</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
