import { Group, Progress, Stack, Text } from '@mantine/core';
import type { BudgetLine } from '@/api/types';
import { dollars } from '@/ui/format';
import { Moment, Tag } from '@/ui/pieces';

const shares: Record<string, string> = {
  routine: 'Routine: reading, short replies, captions',
  planning: 'Planning: plans and reports',
  care: 'Care: client messages and crises',
};

const nameOf = (line: BudgetLine) =>
  line.scope === 'agency'
    ? 'The agency'
    : line.share
      ? (shares[line.share] ?? line.share)
      : 'All of this tenant';

export function BudgetLines({ lines }: { lines: BudgetLine[] }) {
  return (
    <Stack gap="md">
      {lines.map((line) => (
        <div key={`${line.scope}${line.share ?? ''}`}>
          <Group justify="space-between" mb={4} gap="xs" wrap="nowrap" align="flex-start">
            <Text size="sm" fw={500}>
              {nameOf(line)}
            </Text>
            <Group gap="xs" wrap="nowrap" style={{ flex: 'none' }}>
              {line.level === 'warning' && <Tag tone="warn">80 % used</Tag>}
              {line.level === 'spent' && <Tag tone="bad">Used up</Tag>}
              <Text size="sm" className="tabular">
                {dollars(line.spent_micro_usd)} of {dollars(line.limit_micro_usd)}
              </Text>
            </Group>
          </Group>
          <Progress
            value={Math.min(line.percent, 100)}
            color={line.level === 'spent' ? 'red.7' : line.level === 'warning' ? 'orange.7' : undefined}
            aria-label={`${nameOf(line)}: ${line.percent} % used`}
          />
          <Text size="xs" c="dimmed" mt={4}>
            {dollars(line.left_micro_usd)} left
            {line.reserved_micro_usd > 0 &&
              `, ${dollars(line.reserved_micro_usd)} reserved for calls under way`}
            , begins anew <Moment at={line.resets_at} />
          </Text>
        </div>
      ))}
    </Stack>
  );
}
