import {
  Button,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  TagsInput,
  Text,
  TextInput,
  Textarea,
} from '@mantine/core';
import { useBlocker } from 'react-router-dom';
import { answerWithTag, api } from '@/api/client';
import { asApiError, fieldErrors } from '@/api/problem';
import { keys, useApi } from '@/api/queries';
import type { Intent, Mode, Settings } from '@/api/types';
import { StaleProblem, TheirChanges } from '@/edit/TheirChanges';
import { saveVersion, useVersioned, type Version } from '@/edit/useVersioned';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { words } from '@/ui/format';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { Section } from '@/ui/pieces';
import { Answered, FormProblem } from '@/ui/states';
import { languages } from '../rules/ConditionFields';
import { QuietHours } from './QuietHours';

const intents: { intent: Intent; usual: Mode }[] = [
  { intent: 'praise', usual: 'A' },
  { intent: 'question', usual: 'B' },
  { intent: 'lead', usual: 'B' },
  { intent: 'complaint', usual: 'C' },
  { intent: 'spam', usual: 'A' },
  { intent: 'other', usual: 'B' },
];

const modes: Record<Mode, string> = { A: 'Act', B: 'Draft for approval', C: 'Hand to a person' };

export function Behaviour() {
  const tenant = useTenant();
  const settings = useApi(keys.tenant(tenant.id, 'settings', 'document'), () =>
    answerWithTag(api.GET('/api/v1/tenants/{tenant}/settings', { params: { path: { tenant: tenant.id } } })),
  );
  return (
    <Answered of={settings}>{(read) => <BehaviourForm read={read} readAgain={settings.refetch} />}</Answered>
  );
}

interface BehaviourFormProps {
  read: Version<Settings>;
  readAgain: () => Promise<{ data: Version<Settings> | undefined }>;
}

function BehaviourForm({ read, readAgain }: BehaviourFormProps) {
  const tenant = useTenant();
  const edit = useVersioned(read);
  const { form, change, isChanged } = edit;
  const blocker = useBlocker(isChanged);
  const mayEdit = tenant.may('manage');
  const voice = form.voice ?? {};
  const caps = form.hourly_caps ?? {};
  const put = (tag: string | null) =>
    answerWithTag(
      api.PUT('/api/v1/tenants/{tenant}/settings', {
        params: { path: { tenant: tenant.id }, header: tag === null ? {} : { 'If-Match': tag } },
        body: form,
      }),
    );
  const save = useAct({
    act: () => saveVersion(edit, put, async () => (await readAgain()).data),
    changes: [keys.tenant(tenant.id, 'self'), keys.tenant(tenant.id, 'settings')],
    done: 'The settings are saved.',
    onDone: edit.saved,
    isQuiet: true,
  });
  const errors = fieldErrors(save.error);
  const isStale = save.error !== null && asApiError(save.error).isStale;
  const shared = { disabled: !mayEdit };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.start();
      }}
    >
      <LeaveGuard blocker={blocker} isChanged={isChanged} />
      <Stack>
        <TheirChanges
          what="the settings"
          differences={edit.differences}
          onTake={edit.takeTheirs}
          onKeep={edit.keepAll}
        />
        {isStale ? <StaleProblem /> : <FormProblem error={save.error} shown={[]} />}
        <Section
          title="What it may do by itself"
          lead="For each intent; doubt always moves towards a person."
        >
          <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
            {intents.map(({ intent, usual }) => (
              <Select
                key={intent}
                {...shared}
                label={words(intent)}
                data={[
                  { value: '', label: `As usual: ${modes[usual].toLowerCase()}` },
                  ...(['A', 'B', 'C'] as const).map((mode) => ({ value: mode, label: modes[mode] })),
                ]}
                allowDeselect={false}
                value={form.modes?.[intent] ?? ''}
                onChange={(value) => {
                  const next = { ...form.modes };
                  if (value === '' || value === null) delete next[intent];
                  else next[intent] = value as Mode;
                  change({ modes: next });
                }}
              />
            ))}
          </SimpleGrid>
          <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} mt="md">
            <NumberInput
              {...shared}
              label="Least confidence to act"
              suffix=" %"
              min={0}
              max={100}
              value={Math.round((form.min_confidence ?? 0.6) * 100)}
              onChange={(value) => change({ min_confidence: Number(value) / 100 })}
              error={errors.min_confidence}
            />
            <NumberInput
              {...shared}
              label="Drafts expire after"
              suffix=" days"
              min={1}
              max={90}
              value={form.approval_days ?? 7}
              onChange={(value) => change({ approval_days: Number(value) })}
              error={errors.approval_days}
            />
            <Select
              {...shared}
              label="Posts need a yes from"
              allowDeselect={false}
              data={[
                { value: 'off', label: 'Nobody' },
                { value: 'one', label: 'The agency or the client' },
                { value: 'all', label: 'The agency and the client' },
              ]}
              value={form.post_approval ?? 'off'}
              onChange={(value) => change({ post_approval: value as Settings['post_approval'] })}
            />
          </SimpleGrid>
        </Section>
        <Section title="Voice">
          <Stack>
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <TextInput
                {...shared}
                label="Name used in texts"
                placeholder={tenant.name}
                value={voice.brand_name ?? ''}
                onChange={(event) => change({ voice: { ...voice, brand_name: event.currentTarget.value } })}
                error={errors['voice.brand_name']}
              />
              <TextInput
                {...shared}
                label="Signature of messages"
                value={voice.signature ?? ''}
                onChange={(event) => change({ voice: { ...voice, signature: event.currentTarget.value } })}
                error={errors['voice.signature']}
              />
            </SimpleGrid>
            <Group>
              <Switch
                {...shared}
                label="Formal address"
                checked={voice.formal ?? false}
                onChange={(event) => change({ voice: { ...voice, formal: event.currentTarget.checked } })}
              />
              <Switch
                {...shared}
                label="Emoji are welcome"
                checked={voice.emoji ?? true}
                onChange={(event) => change({ voice: { ...voice, emoji: event.currentTarget.checked } })}
              />
            </Group>
            <Textarea
              {...shared}
              label="Facts that answers may quote"
              description="One a line: a sentence, or a question with its answer."
              autosize
              minRows={3}
              value={(voice.facts ?? []).join('\n')}
              onChange={(event) =>
                change({ voice: { ...voice, facts: event.currentTarget.value.split('\n') } })
              }
              onBlur={() =>
                change({
                  voice: { ...voice, facts: (voice.facts ?? []).map((it) => it.trim()).filter(Boolean) },
                })
              }
              error={errors['voice.facts']}
            />
            <MultiSelect
              {...shared}
              label="Languages it answers in"
              description="Texts in others are drafted for a person."
              data={languages}
              value={form.languages ?? []}
              onChange={(value) => change({ languages: value as Settings['languages'] })}
              error={errors.languages}
            />
          </Stack>
        </Section>
        <Section title="Limits">
          <Stack>
            <QuietHours form={form} change={change} isDisabled={!mayEdit} error={errors.quiet_hours} />
            <TagsInput
              {...shared}
              label="Words that must never be written"
              value={form.blocked_words ?? []}
              onChange={(value) => change({ blocked_words: value })}
              error={errors.blocked_words}
            />
            <TagsInput
              {...shared}
              label="People who are never answered"
              description="Handles or ids."
              value={form.blocked_authors ?? []}
              onChange={(value) => change({ blocked_authors: value })}
              error={errors.blocked_authors}
            />
            <TagsInput
              {...shared}
              label="Links and handles that may be written"
              value={form.allowed_links ?? []}
              onChange={(value) => change({ allowed_links: value })}
              error={errors.allowed_links}
            />
            <SimpleGrid cols={{ base: 2, md: 5 }}>
              {(
                [
                  ['public_replies', 'Public replies'],
                  ['direct_messages', 'Messages'],
                  ['private_replies', 'Private replies'],
                  ['moderation', 'Hides and likes'],
                  ['posts', 'Posts'],
                ] as const
              ).map(([name, label]) => (
                <NumberInput
                  key={name}
                  {...shared}
                  label={label}
                  description="An hour, at most"
                  min={0}
                  allowDecimal={false}
                  thousandSeparator=","
                  value={caps[name] ?? 0}
                  onChange={(value) => change({ hourly_caps: { ...caps, [name]: Number(value) } })}
                  error={errors[`hourly_caps.${name}`]}
                />
              ))}
            </SimpleGrid>
          </Stack>
        </Section>
        {mayEdit ? (
          <Group justify="flex-end" pos={isChanged ? 'sticky' : undefined} bottom={12}>
            {isChanged && (
              <Button variant="default" onClick={edit.undo}>
                Undo all
              </Button>
            )}
            <Button type="submit" loading={save.isPending} disabled={!isChanged}>
              Save the settings
            </Button>
          </Group>
        ) : (
          <Text size="sm" c="dimmed">
            Managers change these settings.
          </Text>
        )}
      </Stack>
    </form>
  );
}
