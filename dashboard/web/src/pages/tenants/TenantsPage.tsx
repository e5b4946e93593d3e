import { Anchor, Button, Card, Group, Select, Table, Text, TextInput } from '@mantine/core';
import { IconBuilding, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys } from '@/api/queries';
import { useAgency } from '@/shell/AgencyLayout';
import { matching, useTenants } from '@/shell/useTenants';
import { useAct } from '@/ui/act';
import { FormDialog } from '@/ui/FormDialog';
import { plural } from '@/ui/format';
import { Name, PageHeader, Status } from '@/ui/pieces';
import { Empty, Failure, FormProblem, Loading } from '@/ui/states';

const step = 50;

export function Component() {
  const agency = useAgency();
  const { tenants, isPending, error, refetch } = useTenants();
  const [search, setSearch] = useState('');
  const [shown, setShown] = useState(step);
  const [isAdding, setAdding] = useState(false);
  const mine = tenants.filter((it) => it.agency === agency.id);
  const found = matching(mine, search);
  return (
    <>
      <PageHeader
        title="Tenants"
        lead={isPending ? 'The clients of the agency.' : `${plural(mine.length, 'client')} of the agency.`}
        actions={
          agency.may('manage') && (
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
              New tenant
            </Button>
          )
        }
      />
      <Card>
        <TextInput
          aria-label="Search tenants"
          placeholder="Search by name"
          maw={320}
          mb="md"
          value={search}
          onChange={(event) => {
            setSearch(event.currentTarget.value);
            setShown(step);
          }}
        />
        {isPending ? (
          <Loading />
        ) : error !== null && mine.length === 0 ? (
          <Failure error={error} retry={() => void refetch()} />
        ) : found.length === 0 ? (
          <Empty icon={IconBuilding} title={mine.length === 0 ? 'No tenants yet' : 'Nothing matches'}>
            {mine.length === 0 && 'A tenant is a client whose Instagram accounts you look after.'}
          </Empty>
        ) : (
          <>
            <Table verticalSpacing="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Name</Table.Th>
                  <Table.Th visibleFrom="sm">Short name</Table.Th>
                  <Table.Th>State</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {found.slice(0, shown).map((it) => (
                  <Table.Tr key={it.id}>
                    <Table.Td>
                      <Anchor component={Link} to={`/tenants/${it.id}`} size="sm" fw={550}>
                        <Name>{it.name}</Name>
                      </Anchor>
                    </Table.Td>
                    <Table.Td visibleFrom="sm">
                      <Text size="sm" c="dimmed">
                        <Name>{it.detail}</Name>
                      </Text>
                    </Table.Td>
                    <Table.Td>
                      <Status of={it.isSuspended ? 'suspended' : 'active'} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
            {found.length > shown && (
              <Group justify="center" mt="md">
                <Button variant="default" onClick={() => setShown(shown + step)}>
                  Show more
                </Button>
              </Group>
            )}
          </>
        )}
      </Card>
      {isAdding && <NewTenant onClose={() => setAdding(false)} />}
    </>
  );
}

export const timeZones = () => Intl.supportedValuesOf('timeZone');

const slugOf = (name: string) =>
  name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

function NewTenant({ onClose }: { onClose: () => void }) {
  const agency = useAgency();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [slug, setSlug] = useState<string | null>(null);
  const [zone, setZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const short = slug ?? slugOf(name);
  const add = useAct({
    once: true,
    act: () =>
      answer(
        api.POST('/api/v1/agencies/{agency}/tenants', {
          params: { path: { agency: agency.id } },
          body: { name: name.trim(), slug: short, time_zone: zone },
        }),
      ),
    changes: [keys.agency('all', 'tenants')],
    done: (tenant) => `${tenant.name} is made. Connect an account next.`,
    onDone: (tenant) => navigate(`/tenants/${tenant.id}/settings/accounts`),
    isQuiet: true,
  });
  const errors = fieldErrors(add.error);
  return (
    <FormDialog
      title="New tenant"
      isChanged={name.trim() !== ''}
      isSaving={add.isPending}
      isReady={name.trim() !== '' && short !== ''}
      submit="Make it"
      onSubmit={() => add.start()}
      onClose={onClose}
    >
      <FormProblem error={add.error} shown={['name', 'slug', 'time_zone']} />
      <TextInput
        label="Name"
        required
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={errors.name}
      />
      <TextInput
        label="Short name"
        description="For the command line and file names; it stays as it is."
        required
        value={short}
        onChange={(event) => setSlug(event.currentTarget.value)}
        error={errors.slug}
      />
      <Select
        label="Time zone"
        description="Quiet hours, budgets and plans go by this clock."
        searchable
        allowDeselect={false}
        limit={60}
        data={timeZones()}
        value={zone}
        onChange={(value) => setZone(value ?? zone)}
        error={errors.time_zone}
      />
    </FormDialog>
  );
}
