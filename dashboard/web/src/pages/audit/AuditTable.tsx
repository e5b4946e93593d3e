import {
  Anchor,
  Box,
  Button,
  Card,
  Collapse,
  Group,
  Select,
  Table,
  Text,
  TextInput,
  UnstyledButton,
} from '@mantine/core';
import { DateTimePicker } from '@mantine/dates';
import '@mantine/dates/styles.css';
import { useDebouncedCallback, useDisclosure } from '@mantine/hooks';
import { IconChevronRight, IconListSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router-dom';
import type { Pages } from '@/api/queries';
import type { AuditEntry } from '@/api/types';
import { actor, describe, type NameOf } from '@/live/describe';
import { useEverybody, usePeople, type Person } from '@/session/usePeople';
import { Details } from '@/ui/Details';
import { dateTime, words } from '@/ui/format';
import { Tag } from '@/ui/pieces';
import { Empty, Listed } from '@/ui/states';
import { readFilter, writeFilter, type AuditFilter } from './filter';

const types = [
  'decision.made',
  'decision.feedback',
  'approval.decided',
  'effect.sent',
  'effect.failed',
  'effect.unknown',
  'effect.dead_lettered',
  'effect.retried',
  'effect.cancelled',
  'conversation.taken_over',
  'conversation.handed_back',
  'post.created',
  'post.scheduled',
  'post.approved',
  'post.published',
  'post.failed',
  'rule.created',
  'rule.changed',
  'rule.deleted',
  'settings.changed',
  'budget.changed',
  'alert.raised',
  'alert.resolved',
  'account.connected',
  'account.disconnected',
  'token.refreshed',
  'key.created',
  'key.revoked',
];

export function useAuditFilter() {
  const [params, setParams] = useSearchParams();
  return {
    filter: readFilter(params),
    change: (change: Partial<AuditFilter>) =>
      setParams(writeFilter({ ...readFilter(params), ...change }), { replace: true }),
    clear: () => setParams({}, { replace: true }),
  };
}

/** Who does things in a tenant, besides people. */
const agents = ['engagement', 'content', 'comms', 'intel', 'admin', 'dispatcher'];

/** Those whose doings may be looked for; one that an address names is among them. */
function whoOf(people: Person[], present: string | undefined) {
  const known = [
    ...people.map((it) => ({ value: `user:${it.id}`, label: it.name || it.email })),
    ...agents.map((value) => ({ value, label: words(value) })),
  ];
  const isKnown = present === undefined || known.some((it) => it.value === present);
  return isKnown ? known : [{ value: present, label: words(actor({ actor: present })) }, ...known];
}

export function AuditFilters(props: ReturnType<typeof useAuditFilter> & { agency: string }) {
  const everybody = useEverybody(props.agency);
  const { filter, change } = props;
  return (
    <Group align="flex-end" gap="sm" mb="md">
      <Select
        label="What happened"
        placeholder="Anything"
        size="xs"
        w={190}
        searchable
        clearable
        data={types.map((value) => ({ value, label: words(value) }))}
        value={filter.event_type ?? null}
        onChange={(value) => change({ event_type: value ?? undefined })}
      />
      <Select
        label="By"
        placeholder="Anybody"
        size="xs"
        w={150}
        searchable
        clearable
        limit={50}
        data={whoOf(everybody, filter.actor)}
        value={filter.actor ?? null}
        onChange={(value) => change({ actor: value ?? undefined })}
      />
      <Typed
        key={`r${filter.resource_id ?? ''}`}
        label="About"
        placeholder="Its id"
        value={filter.resource_id}
        onSettled={(resource_id) => change({ resource_id })}
      />
      <Select
        label="Outcome"
        placeholder="Any"
        size="xs"
        w={110}
        clearable
        data={[
          { value: 'true', label: 'Succeeded' },
          { value: 'false', label: 'Failed' },
        ]}
        value={filter.success === undefined ? null : String(filter.success)}
        onChange={(value) => change({ success: value === null ? undefined : value === 'true' })}
      />
      <DateTimePicker
        label="From"
        placeholder="The beginning"
        size="xs"
        w={160}
        clearable
        value={filter.from === undefined ? null : new Date(filter.from)}
        onChange={(value) => change({ from: value === null ? undefined : new Date(value).toISOString() })}
      />
      <DateTimePicker
        label="Until"
        placeholder="Now"
        size="xs"
        w={160}
        clearable
        value={filter.until === undefined ? null : new Date(filter.until)}
        onChange={(value) => change({ until: value === null ? undefined : new Date(value).toISOString() })}
      />
      <Button variant="subtle" size="xs" onClick={props.clear}>
        Clear
      </Button>
    </Group>
  );
}

function Typed(props: {
  label: string;
  placeholder: string;
  value?: string;
  onSettled: (value: string | undefined) => void;
}) {
  const [value, setValue] = useState(props.value ?? '');
  const settle = useDebouncedCallback((text: string) => props.onSettled(text.trim() || undefined), 500);
  return (
    <TextInput
      label={props.label}
      placeholder={props.placeholder}
      size="xs"
      w={150}
      value={value}
      onChange={(event) => {
        setValue(event.currentTarget.value);
        settle(event.currentTarget.value);
      }}
    />
  );
}

export function AuditTable(props: {
  list: Pages<AuditEntry>;
  agency: string;
  path?: (rest: string) => string;
}) {
  const { list, path } = props;
  const nameOf = usePeople(props.agency);
  return (
    <Card>
      <Listed
        of={list}
        empty={
          <Empty icon={IconListSearch} title="Nothing matches">
            Take filters away, or choose a longer time.
          </Empty>
        }
      >
        {(items) => (
          <Table.ScrollContainer minWidth={640}>
            <Table verticalSpacing={7}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th w={70} visibleFrom="sm">
                    No.
                  </Table.Th>
                  <Table.Th w={150}>When</Table.Th>
                  <Table.Th>What</Table.Th>
                  <Table.Th w={140}>By</Table.Th>
                  <Table.Th w={90}>Outcome</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map((entry) => (
                  <Row key={entry.id} entry={entry} path={path} nameOf={nameOf} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Listed>
    </Card>
  );
}

function Row(props: { entry: AuditEntry; path?: (rest: string) => string; nameOf: NameOf }) {
  const { entry, path, nameOf } = props;
  const [isOpen, { toggle }] = useDisclosure(false);
  const told = describe(entry, nameOf);
  return (
    <>
      <Table.Tr>
        <Table.Td className="tabular" visibleFrom="sm">
          {entry.seq}
        </Table.Td>
        <Table.Td>
          <Text size="sm" style={{ whiteSpace: 'nowrap' }}>
            {dateTime(entry.at)}
          </Text>
        </Table.Td>
        <Table.Td>
          <Group gap={6} wrap="nowrap" align="flex-start">
            <UnstyledButton onClick={toggle} aria-expanded={isOpen} aria-label="Show the whole entry" mt={3}>
              <IconChevronRight
                size={14}
                aria-hidden
                style={{ display: 'block', rotate: isOpen ? '90deg' : undefined }}
              />
            </UnstyledButton>
            <Box miw={0} fz="sm" lh={1.55}>
              <Text size="sm" component="span">
                {told.text}
              </Text>{' '}
              {told.to !== undefined && path !== undefined && (
                <Anchor component={Link} to={path(told.to)} size="sm" underline="always">
                  Open
                </Anchor>
              )}
              {told.quote !== undefined && (
                <Text size="xs" c="dimmed" className="clip" maw={420}>
                  “{told.quote}”
                </Text>
              )}
            </Box>
          </Group>
        </Table.Td>
        <Table.Td>
          <Text size="sm" className="clip" maw={140}>
            {words(actor(entry, nameOf))}
          </Text>
        </Table.Td>
        <Table.Td>{entry.success ? <Tag tone="good">Done</Tag> : <Tag tone="bad">Failed</Tag>}</Table.Td>
      </Table.Tr>
      {isOpen && (
        <Table.Tr>
          <Table.Td colSpan={5}>
            <Collapse in={isOpen}>
              <Text size="xs" c="dimmed" className="break">
                {entry.event_type} · {entry.resource_type} {entry.resource_id} · hash {entry.hash}
              </Text>
              {entry.error && (
                <Text size="sm" c="var(--tone-bad-fg)">
                  {entry.error}
                </Text>
              )}
              <Details of={entry.details} height={320} />
            </Collapse>
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}
