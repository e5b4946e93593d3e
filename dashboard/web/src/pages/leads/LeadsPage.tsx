import {
  Anchor,
  Box,
  Button,
  Card,
  Drawer,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Table,
  Text,
  TextInput,
  Textarea,
} from '@mantine/core';
import { IconUserStar } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { keys, usePages } from '@/api/queries';
import type { Lead, LeadStage } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { DownloadButton } from '@/ui/DownloadButton';
import { person, words } from '@/ui/format';
import { Fact, Moment, PageHeader, Status } from '@/ui/pieces';
import { Empty, FormProblem, Listed } from '@/ui/states';

const stages: LeadStage[] = ['new', 'qualifying', 'qualified', 'won', 'lost'];

const nameOf = (lead: Lead) => lead.facts.name?.value ?? person(lead.person.username ?? lead.person.id);

export function Component() {
  const tenant = useTenant();
  const [stage, setStage] = useState('all');
  const [opened, setOpened] = useState<Lead | null>(null);
  const only = stage === 'all' ? undefined : (stage as LeadStage);
  const list = usePages(keys.tenant(tenant.id, 'leads', stage), (cursor) =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/leads', {
        params: { path: { tenant: tenant.id }, query: { stage: only, cursor } },
      }),
    ),
  );
  return (
    <>
      <PageHeader
        title="Leads"
        lead="People who want to buy, with what they said of themselves."
        actions={
          <>
            <Box maw="100%" style={{ overflowX: 'auto' }}>
              <SegmentedControl
                aria-label="Stage"
                data={[
                  { value: 'all', label: 'All' },
                  ...stages.map((value) => ({ value, label: words(value) })),
                ]}
                value={stage}
                onChange={setStage}
              />
            </Box>
            <DownloadButton
              label="Download as CSV"
              path={`/tenants/${tenant.id}/leads/export${only ? `?stage=${only}` : ''}`}
              fileName={`${tenant.slug}-leads.csv`}
            />
          </>
        }
      />
      <Card>
        <Listed
          of={list}
          empty={
            <Empty icon={IconUserStar} title="No leads here">
              When somebody asks for an offer or a price for themselves, they are kept here.
            </Empty>
          }
        >
          {(items) => (
            <Table.ScrollContainer minWidth={640}>
              <Table verticalSpacing="sm">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Who</Table.Th>
                    <Table.Th>Needs</Table.Th>
                    <Table.Th>Stage</Table.Th>
                    <Table.Th ta="right">Score</Table.Th>
                    <Table.Th>Last</Table.Th>
                    <Table.Th ta="right" className="acts">
                      Open
                    </Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {items.map((lead) => (
                    <Table.Tr key={lead.id}>
                      <Table.Td>
                        <Anchor component="button" size="sm" ta="left" onClick={() => setOpened(lead)}>
                          {nameOf(lead)}
                        </Anchor>
                      </Table.Td>
                      <Table.Td maw={320}>
                        <Text size="sm" className="clip-2">
                          {lead.facts.need?.value ?? '–'}
                        </Text>
                      </Table.Td>
                      <Table.Td>
                        <Status of={lead.stage} />
                      </Table.Td>
                      <Table.Td
                        ta="right"
                        title={lead.score_parts.map((it) => `${it.what} ${it.points}`).join(', ')}
                      >
                        {lead.score}
                      </Table.Td>
                      <Table.Td>
                        <Moment at={lead.updated_at} />
                      </Table.Td>
                      <Table.Td ta="right" className="acts">
                        <Button
                          size="compact-sm"
                          variant="default"
                          onClick={() => setOpened(lead)}
                          aria-label={`Open ${nameOf(lead)}`}
                        >
                          Open
                        </Button>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
        </Listed>
      </Card>
      <Drawer
        opened={opened !== null}
        onClose={() => setOpened(null)}
        position="right"
        title={opened === null ? '' : nameOf(opened)}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {opened !== null && <LeadForm key={opened.id} lead={opened} onDone={() => setOpened(null)} />}
      </Drawer>
    </>
  );
}

function LeadForm({ lead, onDone }: { lead: Lead; onDone: () => void }) {
  const tenant = useTenant();
  const [stage, setStage] = useState<LeadStage>(lead.stage);
  const [note, setNote] = useState(lead.note ?? '');
  const [assigned, setAssigned] = useState(lead.assigned_to ?? '');
  const save = useAct({
    act: () =>
      answer(
        api.PATCH('/api/v1/tenants/{tenant}/leads/{lead}', {
          params: { path: { tenant: tenant.id, lead: lead.id } },
          body: {
            stage: stage === lead.stage ? undefined : stage,
            note: note.trim() === '' ? null : note.trim(),
            assigned_to: assigned.trim() === '' ? null : assigned.trim(),
          },
        }),
      ),
    changes: [keys.tenant(tenant.id, 'leads')],
    done: 'Saved.',
    onDone,
    isQuiet: true,
  });
  const errors = fieldErrors(save.error);
  return (
    <Stack>
      <SimpleGrid cols={2}>
        {Object.entries(lead.facts).map(([name, fact]) => (
          <Fact key={name} label={words(name)}>
            {fact.value}
          </Fact>
        ))}
      </SimpleGrid>
      <Fact label={`Score ${lead.score}`}>
        {lead.score_parts.map((it) => `${it.what} ${it.points}`).join(', ')}
      </Fact>
      <Anchor component={Link} to={tenant.path(`inbox/${lead.conversation}`)} size="sm">
        Open the conversation
      </Anchor>
      {tenant.may('operate') && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            save.start();
          }}
        >
          <Stack>
            <FormProblem error={save.error} shown={['stage', 'note', 'assigned_to']} />
            <Select
              label="Stage"
              allowDeselect={false}
              data={stages.map((value) => ({ value, label: words(value) }))}
              value={stage}
              onChange={(value) => setStage(value as LeadStage)}
              error={errors.stage}
            />
            <TextInput
              label="Assigned to"
              value={assigned}
              onChange={(event) => setAssigned(event.currentTarget.value)}
              error={errors.assigned_to}
            />
            <Textarea
              label="Note"
              autosize
              minRows={3}
              value={note}
              onChange={(event) => setNote(event.currentTarget.value)}
              error={errors.note}
            />
            <Button type="submit" loading={save.isPending}>
              Save
            </Button>
          </Stack>
        </form>
      )}
    </Stack>
  );
}
