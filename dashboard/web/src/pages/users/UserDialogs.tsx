import { Button, CopyButton, Group, Modal, MultiSelect, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { fieldErrors } from '@/api/problem';
import { keys } from '@/api/queries';
import type { Role } from '@/api/session';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants } from '@/shell/useTenants';
import { useAct } from '@/ui/act';
import { dateTime } from '@/ui/format';
import { FormProblem } from '@/ui/states';
import { changeUser, invite, linkFor, roles, type User } from './data';

interface Access {
  role: Role;
  tenants: string[];
}

function AccessFields({
  value,
  onChange,
  errors,
}: {
  value: Access;
  onChange: (value: Access) => void;
  errors: Record<string, string>;
}) {
  const agency = useAgency();
  const { tenants } = useTenants();
  // Only owners give roles as high as a manager's.
  const offered = roles.filter((it) => agency.may('own') || !['owner', 'manager'].includes(it.value));
  return (
    <>
      <Radio.Group
        label="Role"
        value={value.role}
        onChange={(role) => onChange({ ...value, role: role as Role })}
        error={errors.role}
      >
        <Stack gap="xs" mt="xs">
          {offered.map((it) => (
            <Radio key={it.value} value={it.value} label={it.label} description={it.may} />
          ))}
        </Stack>
      </Radio.Group>
      <MultiSelect
        label="Tenants"
        description={
          value.role === 'client' ? 'A client needs at least one.' : 'Empty means all of the agency.'
        }
        searchable
        limit={50}
        data={tenants.filter((it) => it.agency === agency.id).map((it) => ({ value: it.id, label: it.name }))}
        value={value.tenants}
        onChange={(list) => onChange({ ...value, tenants: list })}
        error={errors.tenants}
      />
    </>
  );
}

const limitsOf = (access: Access) => (access.tenants.length === 0 ? null : access.tenants);

/** A link that is shown this once. */
function OneTimeLink({ url, children }: { url: string; children: ReactNode }) {
  return (
    <>
      <Text size="sm">{children}</Text>
      <Group align="flex-end" wrap="nowrap" gap="xs">
        <TextInput label="Link" readOnly flex={1} value={url} />
        <CopyButton value={url}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
    </>
  );
}

/** Makes a link for somebody who cannot get in. */
export function LinkDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const agency = useAgency();
  const make = useAct({ act: () => linkFor(agency.id, user.id), changes: [], isQuiet: true });
  return (
    <Modal opened onClose={onClose} title={`A link for ${user.name || user.email}`}>
      <Stack>
        {make.data === undefined ? (
          <Text size="sm">
            Whoever has the link acts as {user.email}: hand it over to nobody else. It works once, and earlier
            links stop working.
          </Text>
        ) : (
          <OneTimeLink url={make.data.url}>It works until {dateTime(make.data.expires_at)}.</OneTimeLink>
        )}
        <FormProblem error={make.error} shown={[]} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          {make.data === undefined && (
            <Button onClick={() => make.start()} loading={make.isPending}>
              Make the link
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const agency = useAgency();
  const [email, setEmail] = useState('');
  const [access, setAccess] = useState<Access>({ role: 'operator', tenants: [] });
  const send = useAct({
    act: () => invite(agency.id, { email: email.trim(), role: access.role, tenants: limitsOf(access) }),
    changes: [keys.agency(agency.id, 'users')],
    isQuiet: true,
  });
  const errors = fieldErrors(send.error);
  const isOpen = access.role === 'client' && access.tenants.length === 0;
  return (
    <Modal opened onClose={onClose} title="Invite somebody">
      {send.data !== undefined ? (
        <Stack>
          {send.data.url === null ? (
            <Text size="sm">
              They have a Troupe user already and simply sign in with the password they have.
            </Text>
          ) : (
            <OneTimeLink url={send.data.url}>
              {send.data.mailed ? 'The invitation was sent by e-mail.' : 'Hand this link over yourself.'} It
              works once
              {send.data.expires_at === null ? '' : `, until ${dateTime(send.data.expires_at)}`}.
            </OneTimeLink>
          )}
          <Group justify="flex-end">
            <Button onClick={onClose}>Done</Button>
          </Group>
        </Stack>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            send.start();
          }}
        >
          <Stack>
            <FormProblem error={send.error} shown={['email', 'role', 'tenants']} />
            <TextInput
              label="E-mail"
              type="email"
              required
              data-autofocus
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
              error={errors.email}
            />
            <AccessFields value={access} onChange={setAccess} errors={errors} />
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={send.isPending} disabled={isOpen}>
                Invite
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

export function UserDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const agency = useAgency();
  const [access, setAccess] = useState<Access>({ role: user.role, tenants: user.tenants ?? [] });
  const save = useAct({
    act: () => changeUser(agency.id, user.id, { role: access.role, tenants: limitsOf(access) }),
    changes: [keys.agency(agency.id, 'users')],
    done: `${user.name} is changed.`,
    onDone: onClose,
    isQuiet: true,
  });
  return (
    <Modal opened onClose={onClose} title={user.name}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.start();
        }}
      >
        <Stack>
          <FormProblem error={save.error} shown={['role', 'tenants']} />
          <AccessFields value={access} onChange={setAccess} errors={fieldErrors(save.error)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button
              type="submit"
              loading={save.isPending}
              disabled={access.role === 'client' && access.tenants.length === 0}
            >
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
