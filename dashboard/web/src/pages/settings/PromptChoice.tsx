import { Anchor, Button, Group, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys } from '@/api/queries';
import type { PromptKey, PromptSummary, PromptUse } from '@/api/types';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants } from '@/shell/useTenants';
import { useAct } from '@/ui/act';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/states';
import { inUse } from './prompts';

interface Choice {
  key: PromptKey;
  /** Nothing takes a choice back. */
  version: number | null;
  /** Nothing means all that have no choice of their own. */
  tenant: string | null;
}

/** Chooses which version is used. */
export function useChoice(
  agency: string,
  options: {
    tenant?: string;
    /** What the tenant is called for which it is chosen. */
    nameOf: (tenant: string) => string;
    isQuiet?: boolean;
    onDone?: () => void;
  },
) {
  const { tenant, nameOf, isQuiet, onDone } = options;
  return useAct({
    act: (body: Choice) =>
      answer(api.PUT('/api/v1/agencies/{agency}/prompts/in-use', { params: { path: { agency } }, body })),
    changes: [
      keys.agency(agency, 'prompts'),
      ...(tenant === undefined ? [] : [keys.tenant(tenant, 'prompts')]),
    ],
    done: (_, choice) => {
      const where = choice.tenant === null ? '' : ` at ${nameOf(choice.tenant)}`;
      const what = choice.version === null ? 'The version of the agency' : `Version ${choice.version}`;
      return `${what} is in use${where}.`;
    },
    isQuiet,
    onDone,
  });
}

const everybody = '';

/** Uses a version at all tenants, or at one. */
export function UseVersion(props: { prompt: PromptSummary; uses: PromptUse[]; onClose: () => void }) {
  const agency = useAgency();
  const { tenants } = useTenants();
  const { key, version } = props.prompt;
  const isUsed = inUse(props.uses, key)?.version === version;
  const [tenant, setTenant] = useState<string | null>(isUsed ? null : everybody);
  const choose = useChoice(agency.id, {
    nameOf: (id) => tenants.find((it) => it.id === id)?.name ?? 'one tenant',
    isQuiet: true,
    onDone: props.onClose,
  });
  const mine = tenants
    .filter((it) => it.agency === agency.id)
    .map((it) => ({ value: it.id, label: it.name }));
  const all = { value: everybody, label: 'All tenants without a choice of their own' };
  return (
    <FormDialog
      title={`Use version ${version}`}
      isChanged={false}
      isSaving={choose.isPending}
      isReady={tenant !== null}
      submit="Use it"
      onSubmit={() => choose.start({ key, version, tenant: tenant === everybody ? null : tenant })}
      onClose={props.onClose}
    >
      <FormProblem error={choose.error} />
      <Select
        label="At"
        data-autofocus
        placeholder="Choose a tenant"
        searchable
        allowDeselect={false}
        limit={50}
        data={isUsed ? mine : [all, ...mine]}
        value={tenant}
        onChange={setTenant}
      />
      <Text size="sm" c="dimmed">
        Models are told it from the next message on. An experiment that runs goes on.
      </Text>
    </FormDialog>
  );
}

/** The tenants that have chosen a version for themselves, and the way back. */
export function OwnChoices({ promptKey, uses }: { promptKey: PromptKey; uses: PromptUse[] }) {
  const agency = useAgency();
  const { tenants } = useTenants();
  const own = uses.filter((it) => it.key === promptKey && it.tenant);
  const nameOf = (id: string) => tenants.find((it) => it.id === id)?.name ?? 'A tenant';
  if (own.length === 0) return null;
  return (
    <Stack gap={0} mt="lg">
      <Text size="sm" fw={600} component="h3" m={0}>
        Tenants with a choice of their own
      </Text>
      {own.map((it) => (
        <OwnChoice
          key={it.tenant}
          choice={it}
          name={nameOf(it.tenant ?? '')}
          agency={agency.id}
          mayChange={agency.may('manage')}
        />
      ))}
    </Stack>
  );
}

function OwnChoice(props: { choice: PromptUse; name: string; agency: string; mayChange: boolean }) {
  const { choice, name } = props;
  const tenant = choice.tenant ?? '';
  const choose = useChoice(props.agency, { tenant, nameOf: () => name });
  return (
    <Group justify="space-between" py="xs" className="line">
      <Text size="sm">
        <Anchor component={Link} to={`/tenants/${tenant}/settings/prompts`} size="sm" fw={550}>
          {name}
        </Anchor>
        : version {choice.version}
      </Text>
      {props.mayChange && (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={`As the agency again: ${name}`}
          loading={choose.isPending}
          onClick={() => choose.start({ key: choice.key, version: null, tenant })}
        >
          As the agency again
        </Button>
      )}
    </Group>
  );
}
