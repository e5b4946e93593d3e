import { Button, Group, Stack, Text } from '@mantine/core';
import { Notice } from '@/ui/states';
import { words } from '@/ui/format';
import type { Difference } from './merge';

const most = 160;

/** A value of a document in few words. */
export function tellValue(value: unknown): string {
  const told = tell(value);
  return told.length > most ? `${told.slice(0, most)}…` : told;
}

function tell(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'nothing';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? 'nothing' : value.map(tell).join(', ');
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([name, part]) => `${words(name).toLowerCase()}: ${tell(part)}`)
      .join('; ');
  }
  return String(value);
}

/** What somebody else saved while this form was open. Nothing that was typed is lost. */
export function TheirChanges(props: {
  what: string;
  differences: Difference[];
  names?: Record<string, string>;
  /** How a value of a field is told, where its words are not the ones people see. */
  tell?: (path: string, value: unknown) => string | undefined;
  onTake: (difference: Difference) => void;
  onKeep: () => void;
}) {
  if (props.differences.length === 0) return null;
  const nameOf = (path: string) =>
    props.names?.[path] ??
    path
      .split('.')
      .map((it) => words(it))
      .join(', ');
  const tellIt = (path: string, value: unknown) => props.tell?.(path, value) ?? tellValue(value);
  return (
    <div role="status">
      <Notice
        tone="warn"
        title={`Somebody else changed ${props.what}`}
        action={
          <Button size="compact-sm" variant="default" onClick={props.onKeep}>
            Understood
          </Button>
        }
      >
        <Text size="sm">What you typed is still here. Saving keeps both, except as said below.</Text>
        <Stack component="ul" gap={6} mt={6} mb={0} ps={18}>
          {props.differences.map((it) => (
            <li key={it.path}>
              <Group gap="xs" align="baseline">
                <Text size="sm" className="break">
                  <b>{nameOf(it.path)}</b>: they saved “{tellIt(it.path, it.theirs)}”
                  {it.isBoth
                    ? `, you typed “${tellIt(it.path, it.mine)}”. Yours stays unless you take theirs.`
                    : '.'}
                </Text>
                {it.isBoth && (
                  <Button size="compact-xs" variant="default" onClick={() => props.onTake(it)}>
                    Take theirs
                  </Button>
                )}
              </Group>
            </li>
          ))}
        </Stack>
      </Notice>
    </div>
  );
}

/** Why a change was not saved when somebody else was quicker. */
export function StaleProblem() {
  return (
    <Notice tone="warn" title="Not saved yet: it was changed in the meantime">
      Look at what they changed, and save again.
    </Notice>
  );
}
