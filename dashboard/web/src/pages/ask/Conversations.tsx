import { Button, Menu, Text } from '@mantine/core';
import { IconHistory } from '@tabler/icons-react';
import { answer, api } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import { relative } from '@/ui/format';

/** Earlier conversations of whoever is signed in, to go on with one. */
export function Conversations(props: { tenant: string; onOpen: (session: string) => void }) {
  const { tenant } = props;
  const list = usePages(keys.tenant(tenant, 'oversight'), (cursor) =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/oversight/sessions', {
        params: { path: { tenant }, query: { cursor, limit: 20 } },
      }),
    ),
  );
  if (list.items.length === 0) return null;
  return (
    <Menu position="bottom-end" width={320} onOpen={() => void list.refetch()}>
      <Menu.Target>
        <Button variant="default" leftSection={<IconHistory size={15} aria-hidden />}>
          Earlier
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={380} style={{ overflowY: 'auto' }}>
        {list.items.map((it) => (
          <Menu.Item key={it.id} onClick={() => props.onOpen(it.id)}>
            <Text size="sm" className="clip" maw={280}>
              {it.title === '' ? 'A conversation' : it.title}
            </Text>
            <Text size="xs" c="dimmed">
              {relative(it.updated_at)} · {it.total_queries}{' '}
              {it.total_queries === 1 ? 'question' : 'questions'}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
