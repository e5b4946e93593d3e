import { Button, Code, PasswordInput, Select, Table, Text, TextInput } from '@mantine/core';
import { IconApps } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys, usePages } from '@/api/queries';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants } from '@/shell/useTenants';
import { useAct } from '@/ui/act';
import { FormDialog } from '@/ui/FormDialog';
import { Name, Section } from '@/ui/pieces';
import { Empty, FormProblem, Listed } from '@/ui/states';

export function Apps() {
  const agency = useAgency();
  const { tenants } = useTenants();
  const [isAdding, setAdding] = useState(false);
  const list = usePages(keys.agency(agency.id, 'apps'), () =>
    answer(
      api.GET('/api/v1/agencies/{agency}/apps', {
        params: { path: { agency: agency.id } },
      }),
    ),
  );
  return (
    <Section
      title="Meta apps"
      lead="Apps of your own at Meta, in place of the installation's. Their secrets are kept encrypted."
      actions={agency.may('manage') && <Button onClick={() => setAdding(true)}>Add an app</Button>}
    >
      <Listed
        of={list}
        empty={
          <Empty icon={IconApps} title="None of your own">
            Accounts are connected through the app of this installation.
          </Empty>
        }
      >
        {(items) => (
          <Table.ScrollContainer minWidth={480}>
            <Table verticalSpacing="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>App id</Table.Th>
                  <Table.Th>For</Table.Th>
                  <Table.Th>Enter at Meta</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map((it) => (
                  <Table.Tr key={it.id}>
                    <Table.Td>{it.external_id}</Table.Td>
                    <Table.Td>
                      <Name>
                        {it.tenant
                          ? (tenants.find((tenant) => tenant.id === it.tenant)?.name ?? 'One tenant')
                          : 'All tenants'}
                      </Name>
                    </Table.Td>
                    <Table.Td>
                      {[it.webhook_path, it.deauthorize_path, it.data_deletion_path].map((path) => (
                        <Text key={path} size="xs" className="break">
                          <Code>{`${window.location.origin}${path}`}</Code>
                        </Text>
                      ))}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Listed>
      {isAdding && <NewApp onClose={() => setAdding(false)} />}
    </Section>
  );
}

function NewApp({ onClose }: { onClose: () => void }) {
  const agency = useAgency();
  const { tenants } = useTenants();
  const [form, setForm] = useState({ external_id: '', secret: '', verify_token: '' });
  const [tenant, setTenant] = useState<string | null>(null);
  const make = useAct({
    once: true,
    act: () =>
      answer(
        api.POST('/api/v1/agencies/{agency}/apps', {
          params: { path: { agency: agency.id } },
          body: { ...form, tenant },
        }),
      ),
    changes: [keys.agency(agency.id, 'apps')],
    done: 'The app is added.',
    onDone: onClose,
    isQuiet: true,
  });
  const errors = fieldErrors(make.error);
  const bind = (field: keyof typeof form) => ({
    value: form[field],
    required: true,
    autoComplete: 'off',
    error: errors[field],
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget;
      setForm((before) => ({ ...before, [field]: value }));
    },
  });
  return (
    <FormDialog
      title="Add a Meta app"
      isChanged={Object.values(form).some((it) => it.trim() !== '')}
      isSaving={make.isPending}
      submit="Add"
      onSubmit={() => make.start()}
      onClose={onClose}
    >
      <FormProblem error={make.error} shown={['external_id', 'secret', 'verify_token', 'tenant']} />
      <TextInput label="App id" data-autofocus {...bind('external_id')} />
      <PasswordInput label="App secret" {...bind('secret')} />
      <TextInput
        label="Verify token"
        description="Choose one, and enter the same at Meta."
        {...bind('verify_token')}
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
