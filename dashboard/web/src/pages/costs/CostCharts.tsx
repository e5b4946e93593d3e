import { SimpleGrid, Stack, Table } from '@mantine/core';
import { IconCoin } from '@tabler/icons-react';
import type { Cost } from '@/api/types';
import { Chart } from '@/ui/charts';
import { day, dollars, duration, number, plural, words } from '@/ui/format';
import { Section } from '@/ui/pieces';
import { Empty } from '@/ui/states';
import { Kpi } from '../overview/Kpi';
import { daysBetween } from '../analytics/series';
import { sumBy } from './sums';

/** Costs of a time: by day and task, and by model. */
export function CostCharts({
  costs,
  total,
  from,
  to,
}: {
  costs: Cost[];
  total: Cost | null;
  from: string;
  to: string;
}) {
  if (total === null || total.calls === 0) {
    return (
      <Section title="Costs">
        <Empty icon={IconCoin} title="No model was asked in this time">
          Without keys for models, or without money left, the built-in classifier and templates answer. They
          cost nothing.
        </Empty>
      </Section>
    );
  }
  const tasks = [...new Set(costs.map((it) => it.task ?? 'other'))];
  const days = sumBy(
    costs,
    (it) => it.day ?? '',
    (it) => it.task ?? 'other',
  );
  const parts = new Map(days.map((it) => [it.key, it.parts]));
  const dearest = [...days].sort((a, b) => b.total - a.total)[0];
  const models = sumBy(
    costs,
    (it) => it.model ?? 'unknown',
    () => 'all',
  );
  const colors = ['brand.5', 'teal.7', 'orange.7', 'grape.7', 'cyan.8', 'pink.7', 'lime.8', 'gray.6'];
  return (
    <Stack>
      <SimpleGrid cols={{ base: 2, sm: 4 }}>
        <Kpi label="Spent" value={dollars(total.cost_micro_usd)} detail={`${day(from)} to ${day(to)}`} />
        <Kpi
          label="Calls"
          value={number(total.calls)}
          detail={`${plural(total.unanswered, 'call')} without an answer`}
        />
        <Kpi
          label="Tokens"
          value={number(total.tokens_in + total.tokens_out)}
          detail={`${number(total.tokens_cached)} of them from a cache`}
        />
        <Kpi
          label="Time to answer"
          value={duration(total.p50_us)}
          detail={`Half take less; 95 % less than ${duration(total.p95_us)}`}
        />
      </SimpleGrid>
      <Section title="By day and task">
        <Chart
          kind="stacked"
          by="Day"
          data={daysBetween(from, to).map((it) => ({
            Day: day(it),
            ...Object.fromEntries(tasks.map((task) => [task, parts.get(it)?.[task] ?? 0])),
          }))}
          series={tasks.map((task, index) => ({
            name: task,
            label: words(task),
            color: colors[index % colors.length] ?? 'gray.6',
          }))}
          format={dollars}
          says={
            dearest === undefined
              ? ''
              : `The most was spent on ${day(dearest.key)}: ${dollars(dearest.total)}. A day with calls cost ${dollars(
                  total.cost_micro_usd / days.length,
                )} on average.`
          }
        />
      </Section>
      <Section title="By model">
        <Table.ScrollContainer minWidth={360}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Model</Table.Th>
                <Table.Th ta="right">Cost</Table.Th>
                <Table.Th ta="right">Share</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {models.map((it) => (
                <Table.Tr key={it.key}>
                  <Table.Td>{it.key}</Table.Td>
                  <Table.Td ta="right">{dollars(it.total)}</Table.Td>
                  <Table.Td ta="right">
                    {total.cost_micro_usd === 0 ? '0' : Math.round((it.total / total.cost_micro_usd) * 100)} %
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Section>
    </Stack>
  );
}
