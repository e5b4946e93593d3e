import { MultiSelect, NumberInput, Switch, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { fieldErrors } from '@/api/problem';
import { keys, useApi } from '@/api/queries';
import type { Webhook, WebhookDocument } from '@/api/types';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants } from '@/shell/useTenants';
import { isSame } from '@/edit/merge';
import { useAct } from '@/ui/act';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/states';
import { useFocusBack } from '@/ui/useFocusBack';
import { SecretOnce } from './SecretOnce';
import { documentOf, webhookApi, webhooksKey } from './webhookApi';

const purpose = 'With it your program checks that events come from Troupe. Keep it where secrets are kept.';

const empty: WebhookDocument = { name: '', url: '', events: [], tenants: [], enabled: true };

export function WebhookDialog({ webhook, onClose }: { webhook?: Webhook; onClose: () => void }) {
  useFocusBack();
  const agency = useAgency();
  const { tenants } = useTenants();
  const routes = webhookApi(agency.id);
  const [start] = useState(webhook === undefined ? empty : documentOf(webhook));
  const [form, setForm] = useState(start);
  const [secret, setSecret] = useState<string | null>(null);
  const change = (part: Partial<WebhookDocument>) => setForm((before) => ({ ...before, ...part }));
  const types = useApi(keys.agency(agency.id, 'event-types'), routes.eventTypes, { staleTime: Infinity });
  const save = useAct({
    once: true,
    act: async () => {
      if (webhook === undefined) return (await routes.create(form)).secret;
      await routes.change(webhook, form);
      return null;
    },
    changes: [webhooksKey(agency.id)],
    done: 'Saved.',
    onDone: (made) => (made === null ? onClose() : setSecret(made)),
    isQuiet: true,
  });
  const errors = fieldErrors(save.error);
  const names = types.data
    ? ['*', ...types.data.groups, ...types.data.types.map((it) => it.type)]
    : (form.events ?? []);
  const about = new Map(types.data?.types.map((it) => [it.type, it.about]));
  if (secret !== null) {
    return (
      <SecretOnce
        title="The secret that signs"
        what="The secret"
        purpose={purpose}
        secret={secret}
        onClose={onClose}
      />
    );
  }
  return (
    <FormDialog
      title={webhook === undefined ? 'Add a webhook' : `Change ${webhook.name}`}
      isChanged={!isSame(form, start)}
      isSaving={save.isPending}
      submit="Save"
      onSubmit={() => save.start()}
      onClose={onClose}
    >
      <FormProblem error={save.error} shown={['name', 'url', 'events', 'tenants']} />
      <TextInput
        label="Name"
        required
        data-autofocus
        value={form.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
        error={errors.name}
      />
      <TextInput
        label="Address"
        description="Where events are sent, with https. Put no secret into it: the signature tells who sends."
        type="url"
        required
        value={form.url}
        onChange={(event) => change({ url: event.currentTarget.value })}
        error={errors.url}
      />
      <MultiSelect
        label="Events"
        description="Types, whole groups (decision.*), or everything (*)."
        placeholder={types.isPending ? 'Reading what there is…' : undefined}
        searchable
        limit={80}
        nothingFoundMessage="No such event"
        data={names}
        value={form.events}
        onChange={(events) => change({ events })}
        error={errors.events ?? (types.isError ? 'The list of events could not be read.' : undefined)}
        renderOption={({ option }) => (
          <div>
            <Text size="sm">{option.value}</Text>
            <Text size="xs" c="dimmed">
              {option.value === '*' ? 'Everything that happens' : about.get(option.value)}
            </Text>
          </div>
        )}
      />
      <MultiSelect
        label="Tenants"
        placeholder={(form.tenants ?? []).length === 0 ? 'All, and the agency itself' : undefined}
        searchable
        limit={50}
        data={tenants.filter((it) => it.agency === agency.id).map((it) => ({ value: it.id, label: it.name }))}
        value={form.tenants ?? []}
        onChange={(chosen) => change({ tenants: chosen })}
        error={errors.tenants}
      />
      <Switch
        label="On"
        description="What happens while it is off waits, and is sent once it is on again."
        checked={form.enabled ?? true}
        onChange={(event) => change({ enabled: event.currentTarget.checked })}
      />
    </FormDialog>
  );
}

/** Hours for which a program usually has time to take the new one. */
const overlap = 24;

/** Makes a new secret, which is shown once. */
export function RotateDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  useFocusBack();
  const agency = useAgency();
  const [hours, setHours] = useState<number>(overlap);
  const rotate = useAct({
    once: true,
    act: () => webhookApi(agency.id).rotate(webhook.id, hours),
    changes: [webhooksKey(agency.id)],
    isQuiet: true,
  });
  const title = `A new secret for ${webhook.name}`;
  if (rotate.data !== undefined) {
    return (
      <SecretOnce
        title={title}
        what="The secret"
        purpose={purpose}
        secret={rotate.data.secret}
        onClose={onClose}
      />
    );
  }
  return (
    <FormDialog
      title={title}
      isChanged={hours !== overlap}
      isSaving={rotate.isPending}
      submit="Make it"
      onSubmit={() => rotate.start()}
      onClose={onClose}
    >
      <FormProblem error={rotate.error} shown={['overlap_hours']} />
      <NumberInput
        label="The old secret signs, too, for"
        description="So long your program may go on checking with the old one. 0 ends it at once."
        suffix=" hours"
        min={0}
        max={168}
        data-autofocus
        value={hours}
        onChange={(value) => setHours(Number(value))}
        error={fieldErrors(rotate.error).overlap_hours}
      />
    </FormDialog>
  );
}
