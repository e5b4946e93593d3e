import { Box, Button, Card, Group, Menu, Table, Text } from '@mantine/core';
import { IconDots, IconUserPlus, IconUsers } from '@tabler/icons-react';
import { useState } from 'react';
import { keys } from '@/api/queries';
import { useSession } from '@/session/SessionProvider';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants } from '@/shell/useTenants';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { words } from '@/ui/format';
import { Moment, Name, PageHeader, Status, Tag } from '@/ui/pieces';
import { Empty, Listed } from '@/ui/states';
import { removeUser, useUsers, type User } from './data';
import { LinkDialog } from './LinkDialog';
import { InviteDialog, UserDialog } from './UserDialogs';

export function Component() {
  const agency = useAgency();
  const list = useUsers(agency.id);
  const [isInviting, setInviting] = useState(false);
  const [edited, setEdited] = useState<User | null>(null);
  const [linked, setLinked] = useState<User | null>(null);
  return (
    <>
      <PageHeader
        title="Users"
        lead="Who may sign in, and what they may do."
        actions={
          agency.may('manage') && (
            <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setInviting(true)}>
              Invite
            </Button>
          )
        }
      />
      <Card>
        <Listed
          of={list}
          empty={
            <Empty icon={IconUsers} title="Nobody but you yet">
              Invite your team and your clients.
            </Empty>
          }
        >
          {(items) => (
            <Table.ScrollContainer minWidth={620}>
              <Table verticalSpacing="sm">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>Role</Table.Th>
                    <Table.Th>For</Table.Th>
                    <Table.Th>Last here</Table.Th>
                    <Table.Th ta="right" className="acts">
                      Change
                    </Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {items.map((user) => (
                    <Row
                      key={user.id}
                      user={user}
                      onEdit={() => setEdited(user)}
                      onLink={() => setLinked(user)}
                    />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
        </Listed>
      </Card>
      {isInviting && <InviteDialog onClose={() => setInviting(false)} />}
      {linked !== null && <LinkDialog user={linked} onClose={() => setLinked(null)} />}
      {edited !== null && <UserDialog user={edited} onClose={() => setEdited(null)} />}
    </>
  );
}

function Row({ user, onEdit, onLink }: { user: User; onEdit: () => void; onLink: () => void }) {
  const agency = useAgency();
  const { session } = useSession();
  const { tenants } = useTenants();
  const changes = [keys.agency(agency.id, 'users')];
  const isActive = user.status === 'active';
  const remove = useAct({
    act: () => removeUser(agency.id, user.id),
    changes,
    done: `${user.name || user.email} is removed.`,
  });
  const names = user.tenants?.map((id) => tenants.find((it) => it.id === id)?.name ?? id);
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={550}>
          <Name>{user.name || user.email}</Name>
        </Text>
        <Text size="xs" c="dimmed">
          {user.name ? <Name>{user.email}</Name> : 'Has not chosen a name yet'}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={6}>
          <Tag tone="info">{words(user.role)}</Tag>
          {!isActive && <Status of={user.status} />}
        </Group>
      </Table.Td>
      <Table.Td maw={220}>
        <Text size="sm" className="clip-2 break" title={names?.join(', ')}>
          {names === undefined || names.length === 0 ? 'All tenants' : names.join(', ')}
        </Text>
      </Table.Td>
      <Table.Td>{user.last_sign_in_at ? <Moment at={user.last_sign_in_at} /> : 'Never'}</Table.Td>
      <Table.Td ta="right" className="acts">
        {agency.may('manage') && user.id !== session.user.id ? (
          <Menu position="bottom-end">
            <Menu.Target>
              <Button size="compact-sm" variant="default" aria-label={`Change ${user.name || user.email}`}>
                <IconDots size={15} aria-hidden />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={onEdit}>Role and tenants</Menu.Item>
              <Menu.Item onClick={onLink}>New password link</Menu.Item>
              <Menu.Item
                c="var(--tone-bad-fg)"
                onClick={() =>
                  confirm({
                    title: `Remove ${user.name || user.email}?`,
                    text: 'They cannot sign in any more. What they did stays in the audit log.',
                    yes: 'Remove',
                    isDangerous: true,
                    act: () => remove.start(),
                  })
                }
              >
                Remove
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        ) : (
          user.id === session.user.id && (
            <Box component="span" fz="sm" c="dimmed">
              You
            </Box>
          )
        )}
      </Table.Td>
    </Table.Tr>
  );
}
