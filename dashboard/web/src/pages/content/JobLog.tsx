import { Table, Text } from '@mantine/core';
import { answer, api } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import { useTenant } from '@/shell/where';
import { words } from '@/ui/format';
import { Moment, Section, Status } from '@/ui/pieces';
import { Listed } from '@/ui/states';

/** Every attempt to publish, step by step. */
export function JobLog({ post, hasBegun }: { post: string; hasBegun: boolean }) {
  const tenant = useTenant();
  const list = usePages(keys.tenant(tenant.id, 'posts', 'log', post), () =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/posts/{post}/job-logs', {
        params: { path: { tenant: tenant.id, post } },
      }),
    ),
  );
  return (
    <Section title="Attempts">
      <Listed
        of={list}
        empty={
          <Text size="sm" c="dimmed">
            {hasBegun ? 'Its attempts are no longer on record.' : 'Publishing has not begun.'}
          </Text>
        }
      >
        {(items) => (
          <Table.ScrollContainer minWidth={420}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Step</Table.Th>
                  <Table.Th>State</Table.Th>
                  <Table.Th>What happened</Table.Th>
                  <Table.Th>When</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map((it) => (
                  <Table.Tr key={it.id}>
                    <Table.Td>{words(it.step)}</Table.Td>
                    <Table.Td>
                      <Status of={it.status} />
                    </Table.Td>
                    <Table.Td className="break">{it.message}</Table.Td>
                    <Table.Td>
                      <Moment at={it.at} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Listed>
    </Section>
  );
}
