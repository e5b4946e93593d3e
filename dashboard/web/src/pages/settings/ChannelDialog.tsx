import { Group, MultiSelect, NumberInput, Select, Switch, TagsInput, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { fieldErrors } from '@/api/problem';
import type { Channel, ChannelDocument } from '@/api/types';
import { isSame } from '@/edit/merge';
import { useAct } from '@/ui/act';
import { FormDialog } from '@/ui/FormDialog';
import { words } from '@/ui/format';
import { FormProblem } from '@/ui/states';
import { useFocusBack } from '@/ui/useFocusBack';
import { channelApi, type ChannelScope } from './channelApi';
import { channelKey } from './Channels';
import { SecretOnce } from './SecretOnce';

const notices = [
  'alert',
  'approvals_waiting',
  'take_over',
  'lead',
  'lead_changed',
  'daily_briefing',
  'weekly_report',
] as const;
const severities = ['info', 'warning', 'error', 'critical'] as const;

export function ChannelDialog({
  scope,
  channel,
  onClose,
}: {
  scope: ChannelScope;
  channel?: Channel;
  onClose: () => void;
}) {
  useFocusBack();
  const [start] = useState<ChannelDocument>({
    kind: channel?.kind ?? 'email',
    name: channel?.name ?? '',
    to: channel?.to ?? [],
    url: null,
    kinds: channel?.kinds ?? [],
    min_severity: channel?.min_severity ?? 'warning',
    digest_minutes: channel?.digest_minutes ?? 0,
    enabled: channel?.enabled ?? true,
    quiet_hours: channel?.quiet_hours ?? null,
    time_zone: channel?.time_zone ?? null,
  });
  const [form, setForm] = useState(start);
  const change = (part: Partial<ChannelDocument>) => setForm((before) => ({ ...before, ...part }));
  const routes = channelApi(scope);
  const save = useAct({
    once: true,
    act: () => (channel === undefined ? routes.create(form) : routes.change(channel.id, form)),
    changes: [channelKey(scope)],
    done: 'Saved.',
    onDone: (result) => {
      if (!result.signing_key) onClose();
    },
    isQuiet: true,
  });
  const errors = fieldErrors(save.error);
  if (save.data?.signing_key) {
    return (
      <SecretOnce
        title="The key that signs"
        what="The key"
        purpose="With it your system checks that messages come from Troupe. Keep it where secrets are kept."
        secret={save.data.signing_key}
        onClose={onClose}
      />
    );
  }
  return (
    <FormDialog
      title={channel === undefined ? 'Add a channel' : `Change ${channel.name}`}
      isChanged={!isSame(form, { ...start, kind: form.kind })}
      isSaving={save.isPending}
      submit="Save"
      onSubmit={() => save.start()}
      onClose={onClose}
    >
      <FormProblem error={save.error} shown={['name', 'to', 'url', 'digest_minutes']} />
      <Select
        label="Kind"
        allowDeselect={false}
        disabled={channel !== undefined}
        data={[
          { value: 'email', label: 'E-mail' },
          { value: 'slack', label: 'Slack' },
          { value: 'webhook', label: 'Webhook of your own, signed' },
        ]}
        value={form.kind}
        onChange={(kind) => change({ kind: kind as ChannelDocument['kind'] })}
      />
      <TextInput
        label="Name"
        required
        data-autofocus
        value={form.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
        error={errors.name}
      />
      {form.kind === 'email' ? (
        <TagsInput
          label="Addresses"
          placeholder="Type an address, then Enter"
          value={form.to ?? []}
          onChange={(to) => change({ to })}
          error={errors.to}
        />
      ) : (
        <TextInput
          label="Address of the webhook"
          description={
            channel === undefined ? 'Kept encrypted and never shown again.' : 'Empty keeps the stored one.'
          }
          type="url"
          required={channel === undefined}
          value={form.url ?? ''}
          onChange={(event) =>
            change({ url: event.currentTarget.value === '' ? null : event.currentTarget.value })
          }
          error={errors.url}
        />
      )}
      <MultiSelect
        label="What it carries"
        placeholder={(form.kinds ?? []).length === 0 ? 'Everything' : undefined}
        data={notices.map((value) => ({ value, label: words(value) }))}
        value={form.kinds ?? []}
        onChange={(kinds) => change({ kinds: kinds as ChannelDocument['kinds'] })}
      />
      <Group grow align="flex-start">
        <Select
          label="Alerts from"
          allowDeselect={false}
          data={severities.map((value) => ({ value, label: words(value) }))}
          value={form.min_severity ?? 'warning'}
          onChange={(value) => change({ min_severity: value as ChannelDocument['min_severity'] })}
        />
        <NumberInput
          label="Gather for"
          suffix=" minutes"
          min={0}
          max={1440}
          value={form.digest_minutes ?? 0}
          onChange={(value) => change({ digest_minutes: Number(value) })}
          error={errors.digest_minutes}
        />
      </Group>
      <Switch
        label="On"
        checked={form.enabled ?? true}
        onChange={(event) => change({ enabled: event.currentTarget.checked })}
      />
      <Text size="xs" c="dimmed">
        Test it afterwards: the list has a button for that.
      </Text>
    </FormDialog>
  );
}
