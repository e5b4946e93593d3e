import { Button, Group, NumberInput, Select, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core';
import { IconFlask } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys, useApi, usePages } from '@/api/queries';
import type { ArmResult, Experiment, PromptKey } from '@/api/types';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants } from '@/shell/useTenants';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { FormDialog } from '@/ui/FormDialog';
import { dollars, number, percent } from '@/ui/format';
import { Moment, Name, Section, Status } from '@/ui/pieces';
import { Answered, Empty, FormProblem, Listed, Notice } from '@/ui/states';
import { keyName, promptKeys, rate } from './prompts';

export function Experiments() {
  const agency = useAgency();
  const [isAdding, setAdding] = useState(false);
  const list = usePages(keys.agency(agency.id, 'experiments'), (cursor) =>
    answer(
      api.GET('/api/v1/agencies/{agency}/experiments', {
        params: { path: { agency: agency.id }, query: { cursor, limit: 10 } },
      }),
    ),
  );
  return (
    <Section
      title="Experiments"
      lead="Conversations are split between versions of a prompt; people's verdicts say which is better."
      actions={agency.may('manage') && <Button onClick={() => setAdding(true)}>New experiment</Button>}
    >
      <Listed
        of={list}
        empty={
          <Empty icon={IconFlask} title="No experiments yet">
            Keep a second version of a prompt, then let both answer.
          </Empty>
        }
      >
        {(items) => (
          <Stack gap="lg">
            {items.map((it) => (
              <One key={it.id} experiment={it} />
            ))}
          </Stack>
        )}
      </Listed>
      {isAdding && <NewExperiment onClose={() => setAdding(false)} />}
    </Section>
  );
}

function One({ experiment }: { experiment: Experiment }) {
  const agency = useAgency();
  const { tenants } = useTenants();
  const params = { path: { agency: agency.id, experiment: experiment.id } };
  const read = useApi(
    keys.agency(agency.id, 'experiments', experiment.id),
    () => answer(api.GET('/api/v1/agencies/{agency}/experiments/{experiment}', { params })),
    { refetchInterval: experiment.status === 'running' ? 60_000 : false },
  );
  const changes = [keys.agency(agency.id, 'experiments'), keys.agency(agency.id, 'prompts')];
  const stop = useAct({
    act: () => answer(api.POST('/api/v1/agencies/{agency}/experiments/{experiment}/stop', { params })),
    changes,
    done: `${experiment.name} is stopped.`,
  });
  const promote = useAct({
    act: (version: number) =>
      answer(
        api.POST('/api/v1/agencies/{agency}/experiments/{experiment}/promote', { params, body: { version } }),
      ),
    changes,
    done: (_, version) => `Version ${version} is in use.`,
  });
  const mayEnd = agency.may('manage') && experiment.status === 'running';
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Group gap="xs">
          <Text size="sm" fw={600} className="break">
            <Name>{experiment.name}</Name>
          </Text>
          <Status of={experiment.status} />
        </Group>
        {mayEnd && (
          <Button
            size="compact-sm"
            variant="default"
            loading={stop.isPending}
            onClick={() =>
              confirm({
                title: `Stop ${experiment.name}?`,
                text: 'It ends without a winner. What was in use before is in use again.',
                yes: 'Stop it',
                act: () => stop.start(),
              })
            }
          >
            Stop
          </Button>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        {keyName(experiment.key)},{' '}
        {experiment.tenant
          ? (tenants.find((it) => it.id === experiment.tenant)?.name ?? 'one tenant')
          : 'all tenants'}
        , begun <Moment at={experiment.started_at} />
        {experiment.winner ? `, version ${experiment.winner} won` : ''}
      </Text>
      <Answered of={read}>
        {(found) => (
          <>
            <Text size="sm">{found.comparison.summary}</Text>
            <Results
              results={found.results}
              onPromote={
                mayEnd
                  ? (version) =>
                      confirm({
                        title: `Use version ${version} from now on?`,
                        text: `${experiment.name} ends, and all who took part are given version ${version}.`,
                        yes: 'Use it',
                        act: () => promote.start(version),
                      })
                  : null
              }
            />
          </>
        )}
      </Answered>
    </Stack>
  );
}

function Results(props: { results: ArmResult[]; onPromote: ((version: number) => void) | null }) {
  const total = props.results.reduce((sum, it) => sum + it.weight, 0);
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Version</Table.Th>
            <Table.Th ta="right">Decisions</Table.Th>
            <Table.Th ta="right">As drafted</Table.Th>
            <Table.Th ta="right">Edited</Table.Th>
            <Table.Th ta="right">Rejected</Table.Th>
            <Table.Th ta="right">Approval rate</Table.Th>
            <Table.Th ta="right">Mean cost</Table.Th>
            {props.onPromote !== null && (
              <Table.Th ta="right" className="acts">
                Choose
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody className="tabular">
          {props.results.map((it) => (
            <Table.Tr key={it.version}>
              <Table.Td>
                {it.version}{' '}
                <Text span size="xs" c="dimmed">
                  {percent(it.weight / total)}
                </Text>
              </Table.Td>
              <Table.Td ta="right">{number(it.decisions)}</Table.Td>
              <Table.Td ta="right">{number(it.approved)}</Table.Td>
              <Table.Td ta="right">{number(it.edited)}</Table.Td>
              <Table.Td ta="right">{number(it.rejected)}</Table.Td>
              <Table.Td ta="right">{rate(it.approval_rate)}</Table.Td>
              <Table.Td ta="right">
                {typeof it.mean_cost_micro_usd === 'number' ? dollars(it.mean_cost_micro_usd) : '–'}
              </Table.Td>
              {props.onPromote !== null && (
                <Table.Td ta="right" className="acts">
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={`Use version ${it.version}`}
                    onClick={() => props.onPromote?.(it.version)}
                  >
                    Use
                  </Button>
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function NewExperiment({ onClose }: { onClose: () => void }) {
  const agency = useAgency();
  const { tenants } = useTenants();
  const [name, setName] = useState('');
  const [key, setKey] = useState<PromptKey>('reply');
  const [versions, setVersions] = useState<[string | null, string | null]>([null, null]);
  const [share, setShare] = useState<string | number>(50);
  const [tenant, setTenant] = useState<string | null>(null);
  const path = { agency: agency.id };
  const list = useApi(keys.agency(agency.id, 'prompts', key), () =>
    answer(api.GET('/api/v1/agencies/{agency}/prompts', { params: { path, query: { key } } })),
  );
  const start = useAct({
    once: true,
    act: () =>
      answer(
        api.POST('/api/v1/agencies/{agency}/experiments', {
          params: { path },
          body: {
            name: name.trim(),
            key,
            tenant,
            arms: [
              { version: Number(versions[0]), weight: 100 - Number(share) },
              { version: Number(versions[1]), weight: Number(share) },
            ],
          },
        }),
      ),
    changes: [keys.agency(agency.id, 'experiments'), keys.agency(agency.id, 'prompts')],
    done: (made) => `${made.name} runs.`,
    onDone: onClose,
    isQuiet: true,
  });
  const found = list.data?.items ?? [];
  const data = found.map((it) => ({
    value: String(it.version),
    label: `Version ${it.version}${it.note ? `: ${it.note.slice(0, 60)}` : ''}`,
  }));
  const [first, second] = versions;
  const isSame = first !== null && first === second;
  const isReady = name.trim() !== '' && first !== null && second !== null && !isSame && share !== '';
  return (
    <FormDialog
      title="New experiment"
      isChanged={name.trim() !== ''}
      isSaving={start.isPending}
      isReady={isReady}
      submit="Start"
      onSubmit={() => start.start()}
      onClose={onClose}
    >
      <FormProblem error={start.error ?? list.error} shown={['name']} />
      <TextInput
        label="Name"
        placeholder="Warmer answers"
        required
        maxLength={200}
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={fieldErrors(start.error).name}
      />
      <Select
        label="Prompt"
        allowDeselect={false}
        data={promptKeys}
        value={key}
        onChange={(value) => {
          setKey(value as PromptKey);
          setVersions([null, null]);
        }}
      />
      {found.length === 1 && (
        <Notice tone="info" title="There is only one version of it">
          Keep a second one under <Link to={agency.path('settings/prompts')}>Prompts</Link> first.
        </Notice>
      )}
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Select
          label="Version"
          placeholder="Choose"
          data={data}
          value={first}
          onChange={(it) => setVersions([it, second])}
        />
        <Select
          label="Against"
          placeholder="Choose"
          data={data}
          value={second}
          onChange={(it) => setVersions([first, it])}
          error={isSame ? 'Choose two different versions.' : undefined}
        />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberInput
          label="Share of the second"
          description="Of the conversations"
          suffix=" %"
          min={1}
          max={99}
          allowDecimal={false}
          clampBehavior="strict"
          value={share}
          onChange={setShare}
        />
        <Select
          label="At"
          description="Where it runs"
          placeholder="All tenants"
          clearable
          searchable
          limit={50}
          data={tenants
            .filter((it) => it.agency === agency.id)
            .map((it) => ({ value: it.id, label: it.name }))}
          value={tenant}
          onChange={setTenant}
        />
      </SimpleGrid>
    </FormDialog>
  );
}
