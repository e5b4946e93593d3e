import { NumberInput, Select, Text } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import { useAgency } from '@/shell/AgencyLayout';
import { useAct } from '@/ui/act';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/states';
import { microUsd } from '../costs/sums';
import { keyName } from '../settings/prompts';
import { orderOf, type RehearsalChanges } from './rehearsal';

type Kind = 'present' | 'confidence' | 'budget' | 'prompt';

const kinds: { value: Kind; label: string }[] = [
  { value: 'present', label: 'The rules and settings as they are now' },
  { value: 'confidence', label: 'Another confidence from which to act' },
  { value: 'budget', label: 'Another daily budget for models' },
  { value: 'prompt', label: 'Another version of a prompt' },
];

/** Chooses what is changed, and begins. */
export function NewRehearsal({ onClose }: { onClose: () => void }) {
  const agency = useAgency();
  const navigate = useNavigate();
  const [days, setDays] = useState('7');
  const [kind, setKind] = useState<Kind>('present');
  const [confidence, setConfidence] = useState<string | number>(80);
  const [budget, setBudget] = useState<string | number>(1);
  const [prompt, setPrompt] = useState<string | null>(null);
  const path = { agency: agency.id };
  const prompts = useApi(
    keys.agency(agency.id, 'prompts', 'all'),
    () => answer(api.GET('/api/v1/agencies/{agency}/prompts', { params: { path } })),
    { enabled: kind === 'prompt' },
  );
  const changed = async (): Promise<RehearsalChanges> => {
    if (kind === 'present') return { base: 'present' };
    if (kind === 'confidence') return { settings: { min_confidence: Number(confidence) / 100 } };
    if (kind === 'budget') return { daily_budget_micro_usd: microUsd(budget) };
    const version = await answer(
      api.GET('/api/v1/agencies/{agency}/prompts/{prompt}', {
        params: { path: { ...path, prompt: prompt ?? '' } },
      }),
    );
    return { prompts: { [version.key]: version.body } };
  };
  const begin = useAct({
    once: true,
    act: async () =>
      answer(
        api.POST('/api/v1/agencies/{agency}/rehearsals', {
          params: { path },
          body: orderOf(Number(days), await changed()),
        }),
      ),
    changes: [keys.agency(agency.id, 'rehearsals')],
    onDone: (begun) => navigate(agency.path(`rehearsals/${begun.id}`)),
    isQuiet: true,
  });
  const isReady =
    kind === 'confidence'
      ? confidence !== ''
      : kind === 'budget'
        ? microUsd(budget) !== null
        : kind !== 'prompt' || prompt !== null;
  return (
    <FormDialog
      title="New rehearsal"
      isChanged={false}
      isSaving={begin.isPending}
      isReady={isReady}
      submit="Rehearse"
      onSubmit={() => begin.start()}
      onClose={onClose}
    >
      <FormProblem error={begin.error ?? prompts.error} />
      <Select
        label="What came in"
        data-autofocus
        allowDeselect={false}
        data={[
          { value: '1', label: 'The last day' },
          { value: '7', label: 'The last 7 days' },
          { value: '30', label: 'The last 30 days' },
        ]}
        value={days}
        onChange={(value) => setDays(value ?? '7')}
      />
      <Select
        label="Decided again with"
        allowDeselect={false}
        data={kinds}
        value={kind}
        onChange={(value) => setKind(value as Kind)}
      />
      {kind === 'confidence' && (
        <NumberInput
          label="Act from"
          suffix=" % sure"
          min={0}
          max={100}
          allowDecimal={false}
          clampBehavior="strict"
          value={confidence}
          onChange={setConfidence}
        />
      )}
      {kind === 'budget' && (
        <NumberInput
          label="A day, for each tenant"
          prefix="$"
          min={0}
          allowNegative={false}
          decimalScale={2}
          value={budget}
          onChange={setBudget}
        />
      )}
      {kind === 'prompt' && (
        <Select
          label="Version"
          placeholder="Choose"
          searchable
          data={prompts.data?.items.map((it) => ({
            value: it.id,
            label: `${keyName(it.key)}, version ${it.version}${it.note ? `: ${it.note.slice(0, 60)}` : ''}`,
          }))}
          value={prompt}
          onChange={setPrompt}
        />
      )}
      <Text size="xs" c="dimmed">
        Nothing is sent and no model is paid. What only a model could answer is answered by the built-in one.
      </Text>
    </FormDialog>
  );
}
