import { List, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import type { AnalyticsReport } from '@/api/types';
import { number, sentence, withDays, words } from '@/ui/format';
import { Section, Tag } from '@/ui/pieces';
import { insightsOf, metricsOf, remarksOf } from './read';

export function ReportView({ report }: { report: AnalyticsReport }) {
  const insights = insightsOf(report);
  const metrics = metricsOf(report);
  const remarks = remarksOf(report);
  return (
    <Stack>
      <Section
        title="What stands out"
        actions={
          <Tag>
            {insights.writtenBy === 'offline'
              ? 'Written by built-in rules'
              : `Written by ${insights.writtenBy}`}
          </Tag>
        }
      >
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Told title="Findings" items={insights.findings} />
          <Told title="Recommendations" items={insights.recommendations} />
          {insights.anomalies.length > 0 && <Told title="Unusual" items={insights.anomalies} />}
        </SimpleGrid>
      </Section>
      {metrics.length > 0 && (
        <Section title="Numbers" lead={withDays(insights.comparison)}>
          <Table.ScrollContainer minWidth={440}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>What</Table.Th>
                  <Table.Th ta="right">Before</Table.Th>
                  <Table.Th ta="right">Now</Table.Th>
                  <Table.Th ta="right">Change</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {metrics.map((it) => (
                  <Table.Tr key={it.name}>
                    <Table.Td>
                      {words(it.name)}
                      {it.current === null && it.reason !== undefined && (
                        <Text size="xs" c="dimmed">
                          {sentence(it.reason)}
                        </Text>
                      )}
                    </Table.Td>
                    <Table.Td ta="right" className="tabular">
                      {it.previous === null ? '–' : number(it.previous)}
                    </Table.Td>
                    <Table.Td ta="right" className="tabular">
                      {it.current === null ? '–' : number(it.current)}
                    </Table.Td>
                    <Table.Td ta="right" className="tabular">
                      {it.change === null ? '–' : `${it.change > 0 ? '+' : ''}${number(it.change)} %`}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Section>
      )}
      {remarks.length > 0 && (
        <Section title="How to read it">
          <List size="sm" spacing={2}>
            {remarks.map((it) => (
              <List.Item key={it}>{sentence(it)}</List.Item>
            ))}
          </List>
        </Section>
      )}
    </Stack>
  );
}

function Told({ title, items }: { title: string; items: string[] }) {
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>
        {title}
      </Text>
      {items.length === 0 ? (
        <Text size="sm" c="dimmed">
          None
        </Text>
      ) : (
        <List size="sm" spacing={4}>
          {items.map((it) => (
            <List.Item key={it}>{it}</List.Item>
          ))}
        </List>
      )}
    </div>
  );
}
