import { Box, Button, Group, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { PromptKey, PromptUse, TenantPrompt } from '@/api/types';
import { agencyRole, roleMay } from '@/session/permissions';
import { useSession } from '@/session/SessionProvider';
import { useTenant } from '@/shell/where';
import { Dialog } from '@/ui/Dialog';
import { FormDialog } from '@/ui/FormDialog';
import { percent } from '@/ui/format';
import { Section, Tag } from '@/ui/pieces';
import { Answered, FormProblem } from '@/ui/states';
import { useChoice } from './PromptChoice';
import { inUse, keyName, ownChoice } from './prompts';

/** What models are told at one tenant, and the choice of another version for it alone. */
export function TenantPrompts() {
  const tenant = useTenant();
  const { session } = useSession();
  const path = { tenant: tenant.id };
  const role = agencyRole(session, tenant.agency);
  const list = useApi(keys.tenant(tenant.id, 'prompts'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/prompts', { params: { path } })),
  );
  const experiments = useApi(keys.tenant(tenant.id, 'experiments'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/experiments', { params: { path } })),
  );
  const uses = useApi(
    keys.agency(tenant.agency, 'prompts', 'in-use'),
    () =>
      answer(
        api.GET('/api/v1/agencies/{agency}/prompts/in-use', { params: { path: { agency: tenant.agency } } }),
      ),
    { enabled: roleMay(role, 'view') },
  );
  const nameOf = (experiment: string) =>
    experiments.data?.items.find((it) => it.id === experiment)?.name ?? 'Experiment';
  return (
    <Section
      title="Prompts"
      lead="What models are told at this tenant. Versions are written in the settings of the agency."
    >
      <Answered of={list}>
        {({ items }) => (
          <Stack gap={0}>
            {items.map((it) => (
              <Line
                key={it.key}
                prompt={it}
                uses={uses.data?.items}
                experiment={it.experiment ? nameOf(it.experiment) : null}
                mayChoose={roleMay(role, 'manage')}
              />
            ))}
          </Stack>
        )}
      </Answered>
    </Section>
  );
}

function Line(props: {
  prompt: TenantPrompt;
  /** Nothing for people of this tenant alone. */
  uses: PromptUse[] | undefined;
  experiment: string | null;
  mayChoose: boolean;
}) {
  const tenant = useTenant();
  const [dialog, setDialog] = useState<'read' | 'choose' | null>(null);
  const { prompt, uses, experiment } = props;
  const own = ownChoice(uses ?? [], prompt.key, tenant.id);
  const total = prompt.arms.reduce((sum, it) => sum + it.weight, 0);
  const versions =
    experiment === null
      ? `Version ${prompt.arms[0]?.version}`
      : prompt.arms
          .map((it) => `version ${it.version} for ${percent(it.weight / total)}`)
          .join(', ')
          .replace(/^v/, 'V');
  return (
    <Group align="flex-start" py="sm" className="line">
      <Box flex={1} miw={200}>
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {keyName(prompt.key)}
          </Text>
          {own !== undefined && <Tag tone="info">Chosen for this tenant</Tag>}
          {experiment !== null && <Tag tone="warn">Experiment</Tag>}
        </Group>
        <Text size="sm" className="break">
          {versions}
          {experiment !== null && ` of the conversations, while “${experiment}” runs`}
        </Text>
      </Box>
      <Group gap="xs">
        <Button
          size="compact-sm"
          variant="default"
          aria-label={`Read: ${keyName(prompt.key)}`}
          onClick={() => setDialog('read')}
        >
          Read
        </Button>
        {props.mayChoose && uses !== undefined && (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={`Choose a version: ${keyName(prompt.key)}`}
            onClick={() => setDialog('choose')}
          >
            Choose a version
          </Button>
        )}
      </Group>
      {dialog === 'read' && <Read prompt={prompt} onClose={() => setDialog(null)} />}
      {dialog === 'choose' && (
        <Choose promptKey={prompt.key} uses={uses ?? []} onClose={() => setDialog(null)} />
      )}
    </Group>
  );
}

function Read({ prompt, onClose }: { prompt: TenantPrompt; onClose: () => void }) {
  return (
    <Dialog onClose={onClose} size="xl" title={keyName(prompt.key)}>
      <Stack>
        {prompt.arms.map((it) => (
          <div key={it.version}>
            <Text size="sm" fw={600} mb={4}>
              Version {it.version}
            </Text>
            <Text size="sm" ff="monospace" className="break" style={{ whiteSpace: 'pre-wrap' }}>
              {it.body}
            </Text>
          </div>
        ))}
      </Stack>
    </Dialog>
  );
}

const asAgency = '';

function Choose(props: { promptKey: PromptKey; uses: PromptUse[]; onClose: () => void }) {
  const tenant = useTenant();
  const { promptKey, uses } = props;
  const present = ownChoice(uses, promptKey, tenant.id)?.version.toString() ?? asAgency;
  const [chosen, setChosen] = useState(present);
  const list = useApi(keys.agency(tenant.agency, 'prompts', promptKey), () =>
    answer(
      api.GET('/api/v1/agencies/{agency}/prompts', {
        params: { path: { agency: tenant.agency }, query: { key: promptKey } },
      }),
    ),
  );
  const choose = useChoice(tenant.agency, {
    tenant: tenant.id,
    nameOf: () => tenant.name,
    isQuiet: true,
    onDone: props.onClose,
  });
  const data = [
    { value: asAgency, label: `As the agency: version ${inUse(uses, promptKey)?.version ?? ''}` },
    ...(list.data?.items ?? []).map((it) => ({
      value: String(it.version),
      label: `Version ${it.version}${it.note ? `: ${it.note.slice(0, 60)}` : ''}`,
    })),
  ];
  return (
    <FormDialog
      title={`${keyName(promptKey)} at ${tenant.name}`}
      isChanged={false}
      isSaving={choose.isPending}
      isReady={chosen !== present}
      submit="Use it"
      onSubmit={() =>
        choose.start({
          key: promptKey,
          version: chosen === asAgency ? null : Number(chosen),
          tenant: tenant.id,
        })
      }
      onClose={props.onClose}
    >
      <FormProblem error={choose.error ?? list.error} />
      <Select
        label="Version"
        data-autofocus
        allowDeselect={false}
        data={data}
        value={chosen}
        onChange={(value) => setChosen(value ?? asAgency)}
      />
      <Text size="sm" c="dimmed">
        Models are told it from the next message on. An experiment that runs goes on.
      </Text>
    </FormDialog>
  );
}
