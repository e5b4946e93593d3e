import { Card, Group, Text } from '@mantine/core';
import { IconArrowDownRight, IconArrowRight, IconArrowUpRight } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router-dom';

interface KpiProps {
  label: string;
  value: ReactNode;
  detail?: ReactNode;
  /** Against the time before, in percent. */
  change?: number | null;
  to?: string;
  children?: ReactNode;
}

export function Kpi(props: KpiProps) {
  const body = (
    <>
      <Text size="sm" c="dimmed" fw={500}>
        {props.label}
      </Text>
      <Group gap={8} align="baseline" mt={4}>
        <Text fz={26} fw={640} lh={1.15} className="tabular">
          {props.value}
        </Text>
        {typeof props.change === 'number' && <Change percent={props.change} />}
      </Group>
      {props.detail !== undefined && (
        <Text size="xs" c="dimmed" mt={4} component="div">
          {props.detail}
        </Text>
      )}
      {props.children}
    </>
  );
  if (props.to === undefined) return <Card>{body}</Card>;
  return (
    <Card component={Link} to={props.to} className="row-link">
      {body}
    </Card>
  );
}

function Change({ percent }: { percent: number }) {
  const rounded = Math.round(percent);
  const Symbol = rounded > 0 ? IconArrowUpRight : rounded < 0 ? IconArrowDownRight : IconArrowRight;
  const color = rounded > 0 ? 'var(--tone-good-fg)' : rounded < 0 ? 'var(--tone-bad-fg)' : undefined;
  return (
    <Text
      size="xs"
      fw={600}
      c={color}
      component="span"
      style={{ display: 'inline-flex', alignItems: 'center' }}
    >
      <Symbol size={14} aria-hidden />
      {rounded > 0 ? '+' : ''}
      {rounded} %
    </Text>
  );
}
