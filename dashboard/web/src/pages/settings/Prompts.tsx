import { Box, Button, Group, Modal, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys, useApi } from '@/api/queries';
import type { PromptKey, PromptSummary, PromptUse } from '@/api/types';
import { useAgency } from '@/shell/AgencyLayout';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { plural } from '@/ui/format';
import { Moment, Section, Tag } from '@/ui/pieces';
import { Answered, Empty, FormProblem } from '@/ui/states';
import { chosenAlone, diffLines, inUse, keyName, promptKeys } from './prompts';

type Dialog = { kind: 'add'; from?: PromptSummary } | { kind: 'compare'; prompt: PromptSummary };

export function Prompts() {
  const agency = useAgency();
  const [key, setKey] = useState<PromptKey>('reply');
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const path = { agency: agency.id };
  const list = useApi(keys.agency(agency.id, 'prompts', key), () =>
    answer(api.GET('/api/v1/agencies/{agency}/prompts', { params: { path, query: { key } } })),
  );
  const uses = useApi(keys.agency(agency.id, 'prompts', 'in-use'), () =>
    answer(api.GET('/api/v1/agencies/{agency}/prompts/in-use', { params: { path } })),
  );
  const found = list.data?.items ?? [];
  return (
    <Section
      title="Prompts"
      lead="What models are told. A version stays as it is; a change is a new one, used once it is chosen."
      actions={
        agency.may('manage') && (
          <Button onClick={() => setDialog({ kind: 'add', from: found[0] })}>New version</Button>
        )
      }
    >
      <Select
        aria-label="Prompt"
        allowDeselect={false}
        maw={320}
        mb="sm"
        data={promptKeys}
        value={key}
        onChange={(value) => setKey(value as PromptKey)}
      />
      <Answered of={list}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No versions" />
          ) : (
            <Answered of={uses}>
              {(used) => (
                <Stack gap={0}>
                  {items.map((it) => (
                    <Line
                      key={it.id}
                      prompt={it}
                      uses={used.items}
                      onCompare={() => setDialog({ kind: 'compare', prompt: it })}
                      onCopy={() => setDialog({ kind: 'add', from: it })}
                    />
                  ))}
                </Stack>
              )}
            </Answered>
          )
        }
      </Answered>
      {dialog?.kind === 'add' && (
        <NewVersion promptKey={key} from={dialog.from} onClose={() => setDialog(null)} />
      )}
      {dialog?.kind === 'compare' && (
        <Compare prompt={dialog.prompt} versions={found} onClose={() => setDialog(null)} />
      )}
    </Section>
  );
}

function Line(props: {
  prompt: PromptSummary;
  uses: PromptUse[];
  onCompare: () => void;
  onCopy: () => void;
}) {
  const agency = useAgency();
  const { prompt, uses } = props;
  const used = inUse(uses, prompt.key);
  const alone = chosenAlone(uses, prompt.key, prompt.version);
  const isUsed = used?.version === prompt.version;
  const choose = useAct({
    act: () =>
      answer(
        api.PUT('/api/v1/agencies/{agency}/prompts/in-use', {
          params: { path: { agency: agency.id } },
          body: { key: prompt.key, version: prompt.version },
        }),
      ),
    changes: [keys.agency(agency.id, 'prompts')],
    done: `Version ${prompt.version} is in use.`,
  });
  return (
    <Group align="flex-start" py="sm" style={{ borderBottom: '1px solid var(--line)' }}>
      <Box flex={1} miw={200}>
        <Group gap="xs">
          <Text size="sm" fw={600}>
            Version {prompt.version}
          </Text>
          {isUsed && <Tag tone="good">{used.is_default ? 'In use, as it came' : 'In use'}</Tag>}
          {alone > 0 && <Tag tone="info">{plural(alone, 'tenant')}</Tag>}
          {prompt.is_built_in && <Tag>Built in</Tag>}
        </Group>
        <Text size="sm" className="break">
          {prompt.note || 'No note.'}
        </Text>
        <Text size="xs" c="dimmed">
          <Moment at={prompt.created_at} />
        </Text>
      </Box>
      <Group gap="xs">
        <Button size="compact-sm" variant="default" onClick={props.onCompare}>
          Read and compare
        </Button>
        {agency.may('manage') && (
          <>
            <Button size="compact-sm" variant="default" onClick={props.onCopy}>
              Change
            </Button>
            {!isUsed && (
              <Button
                size="compact-sm"
                loading={choose.isPending}
                onClick={() =>
                  confirm({
                    title: `Use version ${prompt.version}?`,
                    text: 'Models are told it from the next message on, at all tenants without a choice of their own. An experiment that runs goes on.',
                    yes: 'Use it',
                    act: () => choose.start(),
                  })
                }
              >
                Use it
              </Button>
            )}
          </>
        )}
      </Group>
    </Group>
  );
}

const usePrompt = (agency: string, prompt: string | undefined) =>
  useApi(
    keys.agency(agency, 'prompts', 'one', prompt),
    () =>
      answer(
        api.GET('/api/v1/agencies/{agency}/prompts/{prompt}', {
          params: { path: { agency, prompt: prompt ?? '' } },
        }),
      ),
    { enabled: prompt !== undefined, staleTime: Infinity },
  );

function NewVersion(props: { promptKey: PromptKey; from?: PromptSummary; onClose: () => void }) {
  const agency = useAgency();
  const [typed, setTyped] = useState<string | null>(null);
  const [note, setNote] = useState('');
  const from = usePrompt(agency.id, props.from?.id);
  const body = typed ?? from.data?.body ?? '';
  const add = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/agencies/{agency}/prompts', {
          params: { path: { agency: agency.id } },
          body: { key: props.promptKey, body, note: note.trim() },
        }),
      ),
    changes: [keys.agency(agency.id, 'prompts')],
    done: (made) => `Version ${made.version} is kept. It is used once you choose it.`,
    onDone: props.onClose,
    isQuiet: true,
  });
  const errors = fieldErrors(add.error);
  return (
    <Modal
      opened
      onClose={props.onClose}
      closeOnClickOutside={false}
      size="xl"
      title={`New version: ${keyName(props.promptKey)}`}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          add.start();
        }}
      >
        <Stack>
          <FormProblem error={add.error ?? from.error} shown={['body', 'note']} />
          <Textarea
            label="Text"
            description="A template. What customers write is never among its values."
            required
            autosize
            minRows={12}
            maxRows={22}
            value={body}
            onChange={(event) => setTyped(event.currentTarget.value)}
            error={errors.body}
            styles={{ input: { fontFamily: 'monospace', fontSize: 13 } }}
          />
          <TextInput
            label="What changed"
            maxLength={500}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
            error={errors.note}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.isPending} disabled={body.trim() === ''}>
              Keep it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Compare(props: { prompt: PromptSummary; versions: PromptSummary[]; onClose: () => void }) {
  const agency = useAgency();
  const { prompt } = props;
  const others = props.versions.filter((it) => it.version !== prompt.version);
  const [against, setAgainst] = useState<string | null>(
    String(others.find((it) => it.version < prompt.version)?.version ?? '') || null,
  );
  const whole = usePrompt(agency.id, prompt.id);
  const diff = useApi(
    keys.agency(agency.id, 'prompts', 'diff', prompt.id, against),
    () =>
      answer(
        api.GET('/api/v1/agencies/{agency}/prompts/{prompt}/diff', {
          params: { path: { agency: agency.id, prompt: prompt.id }, query: { against: Number(against) } },
        }),
      ),
    { enabled: against !== null },
  );
  return (
    <Modal opened onClose={props.onClose} size="xl" title={`Version ${prompt.version}`}>
      <Stack>
        <Select
          label="Compared with"
          placeholder="Nothing: the whole text"
          clearable
          data={others.map((it) => ({ value: String(it.version), label: `Version ${it.version}` }))}
          value={against}
          onChange={setAgainst}
        />
        {against === null ? (
          <Answered of={whole}>
            {({ body }) => (
              <Text size="sm" ff="monospace" className="break" style={{ whiteSpace: 'pre-wrap' }}>
                {body}
              </Text>
            )}
          </Answered>
        ) : (
          <Answered of={diff}>{({ unified }) => <Diff unified={unified} />}</Answered>
        )}
      </Stack>
    </Modal>
  );
}

const looks = {
  added: { sign: '+', tone: 'good' },
  removed: { sign: '−', tone: 'bad' },
  place: { sign: '', tone: 'neutral' },
  same: { sign: ' ', tone: null },
};

function Diff({ unified }: { unified: string }) {
  const lines = diffLines(unified);
  if (lines.length === 0) return <Text size="sm">Both say the same.</Text>;
  return (
    <div>
      {lines.map(({ kind, text }, index) => {
        const { sign, tone } = looks[kind];
        return (
          <Text
            key={index}
            size="sm"
            ff="monospace"
            px={6}
            className="break"
            style={{
              whiteSpace: 'pre-wrap',
              background: tone === null ? undefined : `var(--tone-${tone}-bg)`,
              color: tone === null ? undefined : `var(--tone-${tone}-fg)`,
            }}
          >
            {sign} {text}
          </Text>
        );
      })}
    </div>
  );
}
