import { Button, Group, Select, Table, Text, TextInput } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys, usePages } from '@/api/queries';
import type { Key } from '@/api/types';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants } from '@/shell/useTenants';
import { useAct } from '@/ui/act';
import { FormDialog } from '@/ui/FormDialog';
import { confirm } from '@/ui/confirm';
import { Moment, Name, Section, Tag } from '@/ui/pieces';
import { Empty, FormProblem, Listed } from '@/ui/states';
import { useFocusBack } from '@/ui/useFocusBack';
import { SecretOnce } from './SecretOnce';

export function Keys() {
  const agency = useAgency();
  const [isAdding, setAdding] = useState(false);
  const list = usePages(keys.agency(agency.id, 'keys'), () =>
    answer(
      api.GET('/api/v1/agencies/{agency}/keys', {
        params: { path: { agency: agency.id } },
      }),
    ),
  );
  return (
    <Section
      title="API keys"
      lead="For programs. Whoever has a key may do what it may, until it is revoked."
      actions={agency.may('manage') && <Button onClick={() => setAdding(true)}>New key</Button>}
    >
      <Listed of={list} empty={<Empty icon={IconKey} title="No keys" />}>
        {(items) => (
          <Table.ScrollContainer minWidth={480}>
            <Table verticalSpacing="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Name</Table.Th>
                  <Table.Th>For</Table.Th>
                  <Table.Th>Last used</Table.Th>
                  <Table.Th ta="right" className="acts">
                    Change
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map((it) => (
                  <Row key={it.id} apiKey={it} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Listed>
      {isAdding && <NewKey onClose={() => setAdding(false)} />}
    </Section>
  );
}

function Row({ apiKey }: { apiKey: Key }) {
  const agency = useAgency();
  const { tenants } = useTenants();
  const revoke = useAct({
    act: () =>
      answer(
        api.DELETE('/api/v1/agencies/{agency}/keys/{key}', {
          params: { path: { agency: agency.id, key: apiKey.id } },
        }),
      ),
    changes: [keys.agency(agency.id, 'keys')],
    done: `${apiKey.name} no longer works.`,
  });
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs">
          <Text size="sm" fw={550}>
            <Name>{apiKey.name}</Name>
          </Text>
          {apiKey.revoked_at && <Tag tone="bad">Revoked</Tag>}
        </Group>
        <Text size="xs" c="dimmed">
          made <Moment at={apiKey.created_at} />
          {apiKey.expires_at && (
            <>
              , expires <Moment at={apiKey.expires_at} />
            </>
          )}
        </Text>
      </Table.Td>
      <Table.Td>
        <Name>
          {apiKey.tenant
            ? (tenants.find((it) => it.id === apiKey.tenant)?.name ?? 'One tenant')
            : 'All tenants'}
        </Name>
      </Table.Td>
      <Table.Td>{apiKey.last_used_at ? <Moment at={apiKey.last_used_at} /> : 'Never'}</Table.Td>
      <Table.Td ta="right" className="acts">
        {agency.may('manage') && !apiKey.revoked_at && (
          <Button
            size="compact-sm"
            variant="default"
            loading={revoke.isPending}
            onClick={() =>
              confirm({
                title: `Revoke ${apiKey.name}?`,
                text: 'Programs that use it are refused from now on. That cannot be taken back.',
                yes: 'Revoke',
                isDangerous: true,
                act: () => revoke.start(),
              })
            }
          >
            Revoke
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function NewKey({ onClose }: { onClose: () => void }) {
  useFocusBack();
  const agency = useAgency();
  const { tenants } = useTenants();
  const [name, setName] = useState('');
  const [tenant, setTenant] = useState<string | null>(null);
  const make = useAct({
    once: true,
    act: () =>
      answer(
        api.POST('/api/v1/agencies/{agency}/keys', {
          params: { path: { agency: agency.id } },
          body: { name: name.trim(), tenant },
        }),
      ),
    changes: [keys.agency(agency.id, 'keys')],
    isQuiet: true,
  });
  if (make.data !== undefined) {
    return (
      <SecretOnce
        title="New API key"
        what="The key"
        purpose="Keep it where secrets are kept. Only its hash is stored here."
        secret={make.data.text}
        onClose={onClose}
      />
    );
  }
  return (
    <FormDialog
      title="New API key"
      isChanged={name.trim() !== ''}
      isSaving={make.isPending}
      submit="Make it"
      onSubmit={() => make.start()}
      onClose={onClose}
    >
      <FormProblem error={make.error} shown={['name', 'tenant']} />
      <TextInput
        label="Name"
        description="What uses it."
        required
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={fieldErrors(make.error).name}
      />
      <Select
        label="For"
        placeholder="All tenants"
        clearable
        searchable
        limit={50}
        data={tenants.filter((it) => it.agency === agency.id).map((it) => ({ value: it.id, label: it.name }))}
        value={tenant}
        onChange={setTenant}
      />
    </FormDialog>
  );
}
