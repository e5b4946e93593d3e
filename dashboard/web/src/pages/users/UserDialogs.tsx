import { Button, Group, MultiSelect, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { fieldErrors } from '@/api/problem';
import { keys } from '@/api/queries';
import type { Role } from '@/api/session';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants } from '@/shell/useTenants';
import { Dialog } from '@/ui/Dialog';
import { useAct } from '@/ui/act';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/states';
import { SteadyButton } from '@/ui/SteadyButton';
import { SecretLink } from './LinkDialog';
import { changeUser, invite, roles, type User } from './data';

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

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const agency = useAgency();
  const [email, setEmail] = useState('');
  const [access, setAccess] = useState<Access>({ role: 'operator', tenants: [] });
  const send = useAct({
    once: true,
    act: () => invite(agency.id, { email: email.trim(), role: access.role, tenants: limitsOf(access) }),
    changes: [keys.agency(agency.id, 'users')],
    isQuiet: true,
  });
  const errors = fieldErrors(send.error);
  const isOpen = access.role === 'client' && access.tenants.length === 0;
  if (send.data !== undefined) {
    const { url, mailed, expires_at } = send.data;
    return (
      <Dialog onClose={onClose} title="Invite somebody" closeOnClickOutside={!url} closeOnEscape={!url}>
        <Stack>
          <Text size="sm">
            {!url
              ? 'They have a password already, and simply sign in.'
              : mailed
                ? 'The invitation was sent by e-mail. You can also hand over the link yourself.'
                : 'Hand this link over yourself: this installation sent no e-mail.'}
          </Text>
          {url && <SecretLink url={url} until={expires_at ?? null} />}
          <Group justify="flex-end">
            <SteadyButton onClick={onClose}>Done</SteadyButton>
          </Group>
        </Stack>
      </Dialog>
    );
  }
  return (
    <FormDialog
      title="Invite somebody"
      isChanged={email.trim() !== ''}
      isSaving={send.isPending}
      isReady={!isOpen}
      submit="Invite"
      onSubmit={() => send.start()}
      onClose={onClose}
    >
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
    </FormDialog>
  );
}

export function UserDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const agency = useAgency();
  const [access, setAccess] = useState<Access>({ role: user.role, tenants: user.tenants ?? [] });
  const save = useAct({
    once: true,
    act: () => changeUser(agency.id, user.id, { role: access.role, tenants: limitsOf(access) }),
    changes: [keys.agency(agency.id, 'users')],
    done: `${user.name} is changed.`,
    onDone: onClose,
    isQuiet: true,
  });
  return (
    <Dialog onClose={onClose} title={user.name || user.email}>
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
    </Dialog>
  );
}
