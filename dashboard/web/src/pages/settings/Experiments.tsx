import { Button, Group, Modal, NumberInput, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { IconFlask } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys, useApi, usePages } from '@/api/queries';
import type { ArmResult, Experiment, PromptKey } from '@/api/types';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants } from '@/shell/useTenants';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { dollars, number } from '@/ui/format';
import { Moment, Section, Status } from '@/ui/pieces';
import { Answered, Empty, FormProblem, Listed } from '@/ui/states';
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
            {experiment.name}
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
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Version</Table.Th>
            <Table.Th ta="right">Decisions</Table.Th>
            <Table.Th ta="right">As they were</Table.Th>
            <Table.Th ta="right">Edited</Table.Th>
            <Table.Th ta="right">Rejected</Table.Th>
            <Table.Th ta="right">Approved</Table.Th>
            <Table.Th ta="right">Cost</Table.Th>
            {props.onPromote !== null && <Table.Th ta="right">Choose</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody className="tabular">
          {props.results.map((it) => (
            <Table.Tr key={it.version}>
              <Table.Td>{it.version}</Table.Td>
              <Table.Td ta="right">{number(it.decisions)}</Table.Td>
              <Table.Td ta="right">{number(it.approved)}</Table.Td>
              <Table.Td ta="right">{number(it.edited)}</Table.Td>
              <Table.Td ta="right">{number(it.rejected)}</Table.Td>
              <Table.Td ta="right">{rate(it.approval_rate)}</Table.Td>
              <Table.Td ta="right">
                {typeof it.mean_cost_micro_usd === 'number' ? dollars(it.mean_cost_micro_usd) : '–'}
              </Table.Td>
              {props.onPromote !== null && (
                <Table.Td ta="right">
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
  const [name, setName] = useState('');
  const [key, setKey] = useState<PromptKey>('reply');
  const [versions, setVersions] = useState<[string | null, string | null]>([null, null]);
  const [share, setShare] = useState<string | number>(50);
  const path = { agency: agency.id };
  const list = useApi(keys.agency(agency.id, 'prompts', key), () =>
    answer(api.GET('/api/v1/agencies/{agency}/prompts', { params: { path, query: { key } } })),
  );
  const start = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/agencies/{agency}/experiments', {
          params: { path },
          body: {
            name: name.trim(),
            key,
            arms: [
              { version: Number(versions[0]), weight: 100 - Number(share) },
              { version: Number(versions[1]), weight: Number(share) },
            ],
          },
        }),
      ),
    changes: [keys.agency(agency.id, 'experiments')],
    done: 'It runs.',
    onDone: onClose,
    isQuiet: true,
  });
  const data = list.data?.items.map((it) => ({ value: String(it.version), label: `Version ${it.version}` }));
  const isReady =
    name.trim() !== '' && versions[0] !== null && versions[1] !== null && versions[0] !== versions[1];
  return (
    <Modal opened onClose={onClose} title="New experiment">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          start.start();
        }}
      >
        <Stack>
          <FormProblem error={start.error ?? list.error} shown={['name']} />
          <TextInput
            label="Name"
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
          <Group grow>
            <Select
              label="Version"
              data={data}
              value={versions[0]}
              onChange={(it) => setVersions([it, versions[1]])}
            />
            <Select
              label="Against"
              data={data}
              value={versions[1]}
              onChange={(it) => setVersions([versions[0], it])}
            />
          </Group>
          <NumberInput
            label="Conversations for the second"
            suffix=" %"
            min={1}
            max={99}
            value={share}
            onChange={setShare}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={start.isPending} disabled={!isReady}>
              Start
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
