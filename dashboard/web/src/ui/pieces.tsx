import { Badge, Box, Card, Group, Stack, Text, Title, Tooltip } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import type { Intent } from '@/api/types';
import { dateTime, percent, relative, words } from './format';
import { toneColors, type Tone } from './tone';

export function PageHeader(props: { title: string; lead?: ReactNode; actions?: ReactNode }) {
  useEffect(() => {
    document.title = `${props.title} · Troupe`;
  }, [props.title]);
  return (
    <Group justify="space-between" align="flex-end" mb="lg" gap="sm">
      <Box miw={0}>
        <Title order={1} className="clip-2 break" title={props.title}>
          {props.title}
        </Title>
        {props.lead !== undefined && (
          <Text c="dimmed" size="sm" mt={2} className="break">
            {props.lead}
          </Text>
        )}
      </Box>
      {props.actions !== undefined && <Group gap="xs">{props.actions}</Group>}
    </Group>
  );
}

/** What somebody called something: cut where it would push the rest out of sight; the whole of it is its title. */
export const Name = ({ children }: { children: string }) => (
  <span className="clip name" title={children}>
    {children}
  </span>
);

export function Section(props: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Card component="section">
      <Group justify="space-between" align="flex-start" mb="sm" gap="xs">
        <Box>
          <Title order={2}>{props.title}</Title>
          {props.lead !== undefined && (
            <Text c="dimmed" size="sm">
              {props.lead}
            </Text>
          )}
        </Box>
        {props.actions}
      </Group>
      {props.children}
    </Card>
  );
}

export function Tag({ tone = 'neutral', children }: { tone?: Tone; children: ReactNode }) {
  const { background, color } = toneColors(tone);
  return (
    <Badge
      size="sm"
      variant="filled"
      styles={{ root: { background, flex: 'none', minWidth: 'max-content' }, label: { color } }}
    >
      {children}
    </Badge>
  );
}

const tones: Record<string, Tone> = {
  active: 'good',
  alive: 'good',
  answered: 'good',
  approved: 'good',
  closed: 'good',
  done: 'good',
  fine: 'good',
  published: 'good',
  replied: 'good',
  sent: 'good',
  qualified: 'good',
  won: 'good',
  edited: 'good',
  pending: 'info',
  processing: 'info',
  publishing: 'info',
  queued: 'info',
  running: 'info',
  waiting: 'info',
  half_open: 'warn',
  awaiting_approval: 'info',
  escalated: 'warn',
  needs_person: 'warn',
  unknown: 'warn',
  warning: 'warn',
  suspended: 'warn',
  expired: 'warn',
  retrying: 'warn',
  failed: 'bad',
  dlq: 'bad',
  down: 'bad',
  open: 'bad',
  broken: 'bad',
  disconnected: 'bad',
  rejected: 'bad',
  critical: 'bad',
  error: 'bad',
  quarantined: 'bad',
};

const statusNames: Record<string, string> = {
  dlq: 'Dead letter',
  unknown: 'Unknown',
  half_open: 'Half open',
};

export function Status({ of, label }: { of: string; label?: string }) {
  return <Tag tone={tones[of] ?? 'neutral'}>{label ?? statusNames[of] ?? words(of)}</Tag>;
}

const intentTones: Record<Intent, Tone> = {
  praise: 'good',
  question: 'info',
  complaint: 'bad',
  spam: 'neutral',
  lead: 'warn',
  other: 'neutral',
};

export function IntentTag({ intent, confidence }: { intent: Intent; confidence?: number | null }) {
  const label = words(intent);
  return (
    <Tag tone={intentTones[intent]}>
      {label}
      {typeof confidence === 'number' && ` ${percent(confidence)}`}
    </Tag>
  );
}

/** A moment as people say it; the exact one is its title. What is still to come is never “just now”. */
export function Moment({ at, timeZone, isDue }: { at: string; timeZone?: string; isDue?: boolean }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((it) => it + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={at} title={dateTime(at, timeZone)} style={{ whiteSpace: 'nowrap' }}>
      {isDue === true && Date.parse(at) < Date.now() + 45_000 ? 'in a moment' : relative(at)}
    </time>
  );
}

export function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Stack gap={0} miw={0}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text size="sm" component="div" className="break">
        {children}
      </Text>
    </Stack>
  );
}

export function Hint({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Tooltip label={label} maw={300} events={{ hover: true, focus: true, touch: true }}>
      <span>{children}</span>
    </Tooltip>
  );
}

/** What was said by somebody outside: always as a quotation, never as part of the page. */
export function Quote({ children, lines }: { children: ReactNode; lines?: number }) {
  return (
    <Text size="sm" className={`break ${lines === 2 ? 'clip-2' : ''}`} style={{ whiteSpace: 'pre-wrap' }}>
      {children}
    </Text>
  );
}
