import { Button, Group, Table, Text } from '@mantine/core';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { components } from '@/api/schema';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { percent, plural, sentence, words } from '@/ui/format';
import { Moment, Section, Tag } from '@/ui/pieces';
import { Answered, Empty } from '@/ui/states';

type Agreement = components['schemas']['Agreement'];

const told = (it: Agreement) =>
  it.of === 0
    ? 'No verdicts yet'
    : `${percent(it.agreed / it.of)} of ${it.of} (at least ${percent(it.at_least)})`;

/** What the tenant's classifier has learned from people's verdicts. */
export function LearningPart() {
  const tenant = useTenant();
  const path = { tenant: tenant.id };
  const learning = useApi(keys.tenant(tenant.id, 'learning'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/learning', { params: { path } })),
  );
  const changes = [keys.tenant(tenant.id, 'learning')];
  const revert = useAct({
    act: (version: number) =>
      answer(api.POST('/api/v1/tenants/{tenant}/learning/revert', { params: { path }, body: { version } })),
    changes,
    done: 'What was learned since is taken back.',
  });
  const reset = useAct({
    act: () => answer(api.POST('/api/v1/tenants/{tenant}/learning/reset', { params: { path } })),
    changes,
    done: 'It begins to learn anew.',
  });
  const mayEdit = tenant.may('manage');
  return (
    <Answered of={learning}>
      {(found) => (
        <>
          <Section
            title="How well it reads"
            lead={`Learned from ${plural(found.verdicts, 'verdict')}. How often people agreed with what it read and wrote.`}
          >
            <Table.ScrollContainer minWidth={560}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Intent</Table.Th>
                    <Table.Th>Its own reading</Table.Th>
                    <Table.Th>Its drafts</Table.Th>
                    <Table.Th>Trusted from</Table.Th>
                    <Table.Th>Acts by itself</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {found.intents.map((it) => (
                    <Table.Tr key={it.intent}>
                      <Table.Td>{words(it.intent)}</Table.Td>
                      <Table.Td>{told(it.local_answers)}</Table.Td>
                      <Table.Td>{told(it.drafts)}</Table.Td>
                      <Table.Td>{percent(it.local_from)}</Table.Td>
                      <Table.Td>
                        {it.autonomy ? (
                          <>
                            <Tag tone={it.autonomy.state === 'acting' ? 'good' : 'neutral'}>
                              {it.autonomy.state === 'acting' ? 'Yes' : 'No'}
                            </Tag>
                            <Text size="xs" c="dimmed">
                              {sentence(it.autonomy.because)}
                            </Text>
                          </>
                        ) : (
                          <Tag>Never</Tag>
                        )}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </Section>
          <Section title="Versions">
            {found.versions.length === 0 ? (
              <Empty title="Nothing was learned yet">
                Verdicts on drafts and decisions make the first version.
              </Empty>
            ) : (
              <Table>
                <Table.Tbody>
                  {found.versions.map((it) => (
                    <Table.Tr key={it.version}>
                      <Table.Td>
                        Version {it.version} {it.version === found.version && <Tag tone="info">In use</Tag>}
                        <Text size="xs" c="dimmed">
                          {it.reason}, <Moment at={it.at} />
                        </Text>
                      </Table.Td>
                      <Table.Td ta="right" className="acts">
                        {mayEdit && it.version !== found.version && (
                          <Button
                            size="compact-sm"
                            variant="default"
                            loading={revert.isPending}
                            onClick={() => revert.start(it.version)}
                          >
                            Go back to it
                          </Button>
                        )}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            )}
            {mayEdit && found.verdicts > 0 && (
              <Group justify="flex-end" mt="md">
                <Button
                  variant="default"
                  loading={reset.isPending}
                  onClick={() =>
                    confirm({
                      title: 'Forget everything it learned?',
                      text: 'It reads like on the first day. The verdicts stay in the audit log.',
                      yes: 'Forget it',
                      isDangerous: true,
                      act: () => reset.start(),
                    })
                  }
                >
                  Begin anew
                </Button>
              </Group>
            )}
          </Section>
        </>
      )}
    </Answered>
  );
}
