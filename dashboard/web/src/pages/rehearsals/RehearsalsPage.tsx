import { Button, Card, Group, Stack, Text } from '@mantine/core';
import { IconPlus, IconTestPipe } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import { useAgency } from '@/shell/AgencyLayout';
import { day, number, plural, sentence } from '@/ui/format';
import { Moment, PageHeader, Status } from '@/ui/pieces';
import { Empty, Listed } from '@/ui/states';
import { NewRehearsal } from './NewRehearsal';
import { changesOf, resultOf, type Rehearsal } from './rehearsal';

export function Component() {
  const agency = useAgency();
  const [isAdding, setAdding] = useState(false);
  const list = usePages(
    keys.agency(agency.id, 'rehearsals'),
    (cursor) =>
      answer(
        api.GET('/api/v1/agencies/{agency}/rehearsals', {
          params: { path: { agency: agency.id }, query: { cursor, limit: 30 } },
        }),
      ),
    { refetchInterval: 15_000 },
  );
  const add = agency.may('operate') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      New rehearsal
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Rehearsals"
        lead="What came in at all tenants, decided again with something changed. Nothing is sent."
        actions={add}
      />
      <Card>
        <Listed
          of={list}
          empty={
            <Empty icon={IconTestPipe} title="Nothing was rehearsed yet" action={add}>
              See what another prompt or setting would have changed before anybody outside sees it.
            </Empty>
          }
        >
          {(items) => (
            <Stack gap={0}>
              {items.map((it) => (
                <Line key={it.id} rehearsal={it} to={agency.path(`rehearsals/${it.id}`)} />
              ))}
            </Stack>
          )}
        </Listed>
      </Card>
      {isAdding && <NewRehearsal onClose={() => setAdding(false)} />}
    </>
  );
}

/** What a rehearsal is about, as its name. */
export const titleOf = (rehearsal: Rehearsal) =>
  sentence(changesOf(rehearsal.asked).join(', ') || 'nothing changed').slice(0, -1);

/** The days that are rehearsed. */
export function periodOf({ asked }: Rehearsal) {
  const { from, until } = asked as { from?: string; until?: string };
  return from && until ? `${day(from)} to ${day(until)}` : '';
}

function Line({ rehearsal, to }: { rehearsal: Rehearsal; to: string }) {
  const result = resultOf(rehearsal);
  return (
    <Link to={to} className="row-link">
      <Group gap="sm" py="sm" px={6} className="line">
        <Stack gap={0} flex={1} miw={200}>
          <Text size="sm" fw={550} className="break">
            {titleOf(rehearsal)}
          </Text>
          <Text size="xs" c="dimmed">
            {periodOf(rehearsal)}, begun <Moment at={rehearsal.created_at} />
          </Text>
        </Stack>
        <Text size="sm" className="tabular">
          {result === null
            ? `${plural(rehearsal.progress, 'event')} looked at`
            : `${number(result.differing)} of ${number(result.events)} differ`}
        </Text>
        <Status of={rehearsal.status} />
      </Group>
    </Link>
  );
}
