import { Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys, useApi } from '@/api/queries';
import type { PromptKey, PromptSummary } from '@/api/types';
import { useAgency } from '@/shell/AgencyLayout';
import { Dialog } from '@/ui/Dialog';
import { useAct } from '@/ui/act';
import { FormDialog } from '@/ui/FormDialog';
import { number } from '@/ui/format';
import { Answered, FormProblem } from '@/ui/states';
import { diffLines, keyName, longest, sizeOf } from './prompts';

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

/** Writes a new version, on from another one. */
export function NewVersion(props: { promptKey: PromptKey; from?: PromptSummary; onClose: () => void }) {
  const agency = useAgency();
  const [typed, setTyped] = useState<string | null>(null);
  const [note, setNote] = useState('');
  const from = usePrompt(agency.id, props.from?.id);
  const isLoading = props.from !== undefined && from.isPending;
  const before = from.data?.body ?? '';
  const body = typed ?? before;
  const size = sizeOf(body);
  const isTooLong = size > longest;
  const isOther = body !== before;
  const add = useAct({
    once: true,
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
    <FormDialog
      title={`New version: ${keyName(props.promptKey)}`}
      size="xl"
      isChanged={isOther || note.trim() !== ''}
      isSaving={add.isPending}
      isReady={isOther && body.trim() !== '' && !isTooLong}
      submit="Keep it"
      onSubmit={() => add.start()}
      onClose={props.onClose}
    >
      <FormProblem error={add.error ?? from.error} shown={['body', 'note']} />
      <Textarea
        label="Text"
        description={`A template; what customers write is never among its values. ${number(size)} of ${number(longest)} bytes.`}
        required
        data-autofocus
        autosize
        minRows={12}
        maxRows={22}
        readOnly={isLoading}
        value={body}
        onChange={(event) => setTyped(event.currentTarget.value)}
        error={isTooLong ? `Shorten it to at most ${number(longest)} bytes.` : errors.body}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
      />
      <TextInput
        label="What changed"
        description="Optional; helps to choose between versions."
        maxLength={500}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
        error={errors.note}
      />
    </FormDialog>
  );
}

/** The text of a version, whole or beside another one. */
export function Compare(props: { prompt: PromptSummary; versions: PromptSummary[]; onClose: () => void }) {
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
    <Dialog onClose={props.onClose} size="xl" title={`Version ${prompt.version}`}>
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
    </Dialog>
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
