import { Button, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { IconUsers } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys, useApi } from '@/api/queries';
import type { components } from '@/api/schema';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { number } from '@/ui/format';
import { Moment, Section } from '@/ui/pieces';
import { Answered, Empty, FormProblem } from '@/ui/states';

type Competitor = components['schemas']['Competitor'];

export function Competitors() {
  const tenant = useTenant();
  const asked = useApi(keys.tenant(tenant.id, 'competitors'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/competitors', { params: { path: { tenant: tenant.id } } })),
  );
  return (
    <Section title="Competitors" lead="Public numbers of professional accounts, read every Friday.">
      {tenant.may('operate') && <AddCompetitor />}
      <Answered of={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={IconUsers} title="None is watched">
              Add the handle of a professional account.
            </Empty>
          ) : (
            <Table.ScrollContainer minWidth={480}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Account</Table.Th>
                    <Table.Th>Followers</Table.Th>
                    <Table.Th>Posts</Table.Th>
                    <Table.Th>Last look</Table.Th>
                    <Table.Th ta="right">Change</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {items.map((it) => (
                    <Row key={it.id} competitor={it} />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Answered>
    </Section>
  );
}

function AddCompetitor() {
  const tenant = useTenant();
  const [username, setUsername] = useState('');
  const add = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/competitors', {
          params: { path: { tenant: tenant.id } },
          body: { username: username.trim().replace(/^@/, '') },
        }),
      ),
    changes: [keys.tenant(tenant.id, 'competitors')],
    done: (it) => `@${it.username} is watched.`,
    onDone: () => setUsername(''),
    isQuiet: true,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        add.start();
      }}
    >
      <Stack gap="xs" mb="md">
        <FormProblem error={add.error} shown={['username']} />
        <Group align="flex-end" gap="xs">
          <TextInput
            label="Handle"
            placeholder="rival.studio"
            required
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
            error={fieldErrors(add.error).username}
          />
          <Button type="submit" variant="default" loading={add.isPending}>
            Watch
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Row({ competitor }: { competitor: Competitor }) {
  const tenant = useTenant();
  const path = { tenant: tenant.id, competitor: competitor.id };
  const shots = useApi(keys.tenant(tenant.id, 'competitors', competitor.id), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/competitors/{competitor}/snapshots', { params: { path } })),
  );
  const remove = useAct({
    act: () => answer(api.DELETE('/api/v1/tenants/{tenant}/competitors/{competitor}', { params: { path } })),
    changes: [keys.tenant(tenant.id, 'competitors')],
    done: `@${competitor.username} is no longer watched.`,
  });
  const newest = [...(shots.data?.items ?? [])].sort((a, b) => b.taken_at.localeCompare(a.taken_at))[0];
  const seen = (newest?.seen ?? {}) as Record<string, unknown>;
  const show = (value: unknown) => (typeof value === 'number' ? number(value) : '–');
  return (
    <Table.Tr>
      <Table.Td>
        @{competitor.username}
        {newest?.problem && (
          <Text size="xs" c="dimmed">
            {newest.problem}
          </Text>
        )}
      </Table.Td>
      <Table.Td>{show(seen.followers ?? seen.followers_count)}</Table.Td>
      <Table.Td>{show(seen.media_count ?? seen.posts)}</Table.Td>
      <Table.Td>{newest === undefined ? 'Not yet' : <Moment at={newest.taken_at} />}</Table.Td>
      <Table.Td ta="right">
        {tenant.may('operate') && (
          <Button
            size="compact-sm"
            variant="default"
            loading={remove.isPending}
            onClick={() =>
              confirm({
                title: `Stop watching @${competitor.username}?`,
                text: 'What was read of it is deleted.',
                yes: 'Stop',
                isDangerous: true,
                act: () => remove.start(),
              })
            }
          >
            Stop watching
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
