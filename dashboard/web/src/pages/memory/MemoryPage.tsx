import {
  ActionIcon,
  Box,
  Button,
  Card,
  Group,
  Select,
  Stack,
  Text,
  TextInput,
  Textarea,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconBrain, IconPlus, IconTrash, IconUpload } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys, useApi, usePages } from '@/api/queries';
import type { MemoryItem } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { FormDialog } from '@/ui/FormDialog';
import { plural, words } from '@/ui/format';
import { Moment, PageHeader, Tag } from '@/ui/pieces';
import { Answered, Empty, FormProblem, Listed } from '@/ui/states';
import { ImportDialog } from './ImportDialog';

type Kind = MemoryItem['kind'];
/** What several are called. */
const kindsOf: Partial<Record<Kind, string>> = { person: 'people' };
const kinds: Kind[] = ['brand_fact', 'approved_answer', 'interaction', 'person', 'post'];

export function Component() {
  const tenant = useTenant();
  const [search, setSearch] = useState('');
  const [kind, setKind] = useState<Kind | null>(null);
  const [dialog, setDialog] = useState<'add' | 'import' | null>(null);
  const [q] = useDebouncedValue(search.trim(), 350);
  const path = { tenant: tenant.id };
  const status = useApi(keys.tenant(tenant.id, 'memory', 'status'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/memory/status', { params: { path } })),
  );
  const mayEdit = tenant.may('operate');
  return (
    <>
      <PageHeader
        title="Memory"
        lead={
          status.data === undefined
            ? 'What this tenant knows, and answers are made of.'
            : `${plural(status.data.items, 'item')}: ${status.data.kinds
                .map((it) => plural(it.items, words(it.kind).toLowerCase(), kindsOf[it.kind]))
                .join(', ')}.`
        }
        actions={
          mayEdit && (
            <>
              <Button
                variant="default"
                leftSection={<IconUpload size={15} aria-hidden />}
                onClick={() => setDialog('import')}
              >
                Import
              </Button>
              <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setDialog('add')}>
                Add a fact
              </Button>
            </>
          )
        }
      />
      <Card>
        <Group mb="md">
          <TextInput
            aria-label="Search by meaning"
            placeholder="Search by meaning, such as “delivery time”"
            flex="1 1 240px"
            maw={420}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
          <Select
            aria-label="Kind"
            placeholder="All kinds"
            clearable
            w={180}
            data={kinds.map((value) => ({ value, label: words(value) }))}
            value={kind}
            onChange={(value) => setKind(value as Kind | null)}
          />
        </Group>
        {q === '' ? <All kind={kind ?? undefined} /> : <Found q={q} kind={kind ?? undefined} />}
      </Card>
      {dialog === 'add' && <AddDialog onClose={() => setDialog(null)} />}
      {dialog === 'import' && <ImportDialog onClose={() => setDialog(null)} />}
    </>
  );
}

function All({ kind }: { kind?: Kind }) {
  const tenant = useTenant();
  const list = usePages(keys.tenant(tenant.id, 'memory', 'list', kind), (cursor) =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/memory', {
        params: { path: { tenant: tenant.id }, query: { kind, cursor } },
      }),
    ),
  );
  return (
    <Listed
      of={list}
      empty={
        <Empty icon={IconBrain} title="Nothing is remembered yet">
          Add facts and questions with their answers, or import a file of them. Answers are made of what fits.
        </Empty>
      }
    >
      {(items) => (
        <Stack gap={0}>
          {items.map((it) => (
            <Item key={it.id} item={it} />
          ))}
        </Stack>
      )}
    </Listed>
  );
}

function Found({ q, kind }: { q: string; kind?: Kind }) {
  const tenant = useTenant();
  const found = useApi(keys.tenant(tenant.id, 'memory', 'search', q, kind), () =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/memory/search', {
        params: { path: { tenant: tenant.id }, query: { q, kind, limit: 30 } },
      }),
    ),
  );
  return (
    <Answered of={found}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty icon={IconBrain} title="Nothing fits" />
        ) : (
          <Stack gap={0}>
            {items.map((it) => (
              <Item key={it.item.id} item={it.item} />
            ))}
          </Stack>
        )
      }
    </Answered>
  );
}

function Item({ item }: { item: MemoryItem }) {
  const tenant = useTenant();
  const remove = useAct({
    act: () =>
      answer(
        api.DELETE('/api/v1/tenants/{tenant}/memory/{item}', {
          params: { path: { tenant: tenant.id, item: item.id } },
        }),
      ),
    changes: [keys.tenant(tenant.id, 'memory')],
    done: 'Forgotten.',
  });
  return (
    <Group wrap="nowrap" align="flex-start" py="sm" className="line">
      <Box flex={1} miw={0}>
        <Group gap={6} mb={2}>
          <Tag tone={item.kind === 'brand_fact' ? 'info' : 'neutral'}>{words(item.kind)}</Tag>
          {item.visibility === 'internal' && <Tag tone="warn">Internal</Tag>}
          {item.title && (
            <Text size="sm" fw={550}>
              {item.title}
            </Text>
          )}
        </Group>
        <Text size="sm" className="break" style={{ whiteSpace: 'pre-wrap' }}>
          {item.text}
        </Text>
        <Text size="xs" c="dimmed" mt={2}>
          {sources[item.source] ?? `From ${item.source}`}, <Moment at={item.updated_at} />, recalled{' '}
          {plural(item.seen, 'time')}
        </Text>
      </Box>
      {tenant.may('operate') && (
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Forget it"
          loading={remove.isPending}
          onClick={() =>
            confirm({
              title: 'Forget this?',
              text: item.text.slice(0, 200),
              yes: 'Forget',
              isDangerous: true,
              act: () => remove.start(),
            })
          }
        >
          <IconTrash size={16} aria-hidden />
        </ActionIcon>
      )}
    </Group>
  );
}

function AddDialog({ onClose }: { onClose: () => void }) {
  const tenant = useTenant();
  const [title, setTitle] = useState('');
  const [text, setText] = useState('');
  const [visibility, setVisibility] = useState<MemoryItem['visibility']>('customer');
  const add = useAct({
    once: true,
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/memory', {
          params: { path: { tenant: tenant.id } },
          body: { kind: 'brand_fact', title: title.trim() || null, text: text.trim(), visibility },
        }),
      ),
    changes: [keys.tenant(tenant.id, 'memory')],
    done: 'It is remembered.',
    onDone: onClose,
    isQuiet: true,
  });
  const errors = fieldErrors(add.error);
  return (
    <FormDialog
      title="Add a fact"
      isChanged={`${title}${text}`.trim() !== ''}
      isSaving={add.isPending}
      isReady={text.trim() !== ''}
      submit="Add"
      onSubmit={() => add.start()}
      onClose={onClose}
    >
      <FormProblem error={add.error} shown={['title', 'text', 'visibility']} />
      <TextInput
        label="Question or heading"
        description="Optional"
        value={title}
        onChange={(event) => setTitle(event.currentTarget.value)}
        error={errors.title}
      />
      <Textarea
        label="Fact"
        placeholder="We ship to all of Europe in 3 to 5 working days."
        required
        autosize
        minRows={3}
        data-autofocus
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={errors.text}
      />
      <Select
        label="Who may be told"
        allowDeselect={false}
        data={[
          { value: 'customer', label: 'Customers: answers may quote it' },
          { value: 'internal', label: 'The team only' },
        ]}
        value={visibility}
        onChange={(value) => setVisibility(value as MemoryItem['visibility'])}
      />
    </FormDialog>
  );
}

/** Where something that is remembered came from. */
const sources: Record<string, string> = {
  decision: 'From a decision',
  person: 'Written by a person',
  import: 'Imported',
  settings: 'From the settings',
};
