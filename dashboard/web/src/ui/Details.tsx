import { Box, Button, CopyButton, Group, Text } from '@mantine/core';
import { dateTime, dollars, duration, number, words } from './format';
import classes from './Details.module.css';

const isMoment = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

const isList = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** A number, text or date of a record, as people write it. */
export function tellValue(name: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return 'None';
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (typeof value === 'number') {
    if (name.endsWith('_micro_usd')) return dollars(value);
    if (name.endsWith('_us')) return duration(value);
    if (name.endsWith('_ms')) return `${number(value)} ms`;
    return String(Number(value.toPrecision(6)));
  }
  const text = String(value);
  return isMoment.test(text) && !Number.isNaN(Date.parse(text)) ? dateTime(text) : text;
}

const nameOf = (name: string) => words(name.replace(/_(micro_usd|us|ms|at)$/, ''));

/** What a record of the log holds, with the whole of it to copy for programs. */
export function Details({ of, height }: { of: unknown; height: number }) {
  return (
    <Box className={classes.box}>
      {/* Scrolled by keys, too. */}
      <Box role="group" aria-label="The record" tabIndex={0} mah={height} style={{ overflow: 'auto' }}>
        <Parts of={of} />
      </Box>
      <Group justify="flex-end" mt={4}>
        <CopyButton value={JSON.stringify(of, null, 2)}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="subtle" onClick={copy}>
              {copied ? 'Copied' : 'Copy as JSON'}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Box>
  );
}

function Parts({ of }: { of: unknown }) {
  if (!isList(of)) return <Text size="xs">{tellValue('', of)}</Text>;
  const entries = Object.entries(of);
  if (entries.length === 0) return <Text size="xs">None</Text>;
  return (
    <dl className={classes.list}>
      {entries.map(([name, value]) => (
        <div key={name} className={classes.entry}>
          <dt>{Array.isArray(of) ? `${Number(name) + 1}.` : nameOf(name)}</dt>
          <dd>{isPlain(value) ? tellPlain(name, value) : <Parts of={value} />}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Whether it fits on one line. */
const isPlain = (value: unknown) =>
  !isList(value) || (Array.isArray(value) && value.every((it) => !isList(it)));

const tellPlain = (name: string, value: unknown) =>
  Array.isArray(value) && value.length > 0
    ? value.map((it) => tellValue(name, it)).join(', ')
    : Array.isArray(value)
      ? 'None'
      : tellValue(name, value);
