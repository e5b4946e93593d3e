import '@mantine/charts/styles.css';
import { AreaChart, BarChart } from '@mantine/charts';
import { Table, Text, VisuallyHidden } from '@mantine/core';
import { compact } from './format';

interface Series {
  name: string;
  label: string;
  color: string;
}

interface ChartProps {
  /** What the chart shows, as a sentence: it stands below the chart and is read out. */
  says: string;
  data: Record<string, string | number | null>[];
  /** The key of the horizontal axis. */
  by: string;
  series: Series[];
  kind?: 'area' | 'bar' | 'stacked';
  height?: number;
  format?: (value: number) => string;
}

/** A chart that says in words what it shows, with its numbers as a table for those who cannot see it. */
export function Chart(props: ChartProps) {
  const format = props.format ?? compact;
  const widest = Math.max(
    2,
    ...props.data.flatMap((row) =>
      props.series.map((it) => (typeof row[it.name] === 'number' ? format(Number(row[it.name])).length : 0)),
    ),
  );
  const shared = {
    h: props.height ?? 220,
    data: props.data,
    dataKey: props.by,
    series: props.series,
    valueFormatter: format,
    withLegend: props.series.length > 1,
    gridAxis: 'x' as const,
    tickLine: 'none' as const,
    // Room for the topmost number, and for amounts as wide as $0.0800.
    chartProps: { margin: { top: 12, right: 8 } },
    yAxisProps: { width: 22 + 7 * widest, interval: 0 as const },
    xAxisProps: { interval: 'equidistantPreserveStart' as const, minTickGap: 16 },
    'aria-hidden': true,
  };
  return (
    <figure style={{ margin: 0 }}>
      {props.kind === 'area' || props.kind === undefined ? (
        <AreaChart {...shared} curveType="monotone" withDots={props.data.length < 16} connectNulls={false} />
      ) : (
        <BarChart {...shared} type={props.kind === 'stacked' ? 'stacked' : 'default'} maxBarWidth={36} />
      )}
      <Text component="figcaption" size="sm" c="dimmed" mt="xs">
        {props.says}
      </Text>
      <VisuallyHidden>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{props.by}</Table.Th>
              {props.series.map((it) => (
                <Table.Th key={it.name}>{it.label}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {props.data.map((row, index) => (
              <Table.Tr key={index}>
                <Table.Td>{row[props.by]}</Table.Td>
                {props.series.map((it) => {
                  const value = row[it.name];
                  return (
                    <Table.Td key={it.name}>
                      {typeof value === 'number' ? format(value) : 'not known'}
                    </Table.Td>
                  );
                })}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </VisuallyHidden>
    </figure>
  );
}
