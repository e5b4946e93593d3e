import { Box, Button, Group, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { Icon } from '@tabler/icons-react';
import type { QueryKey } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Pages } from '@/api/queries';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { Name, Section } from '@/ui/pieces';
import { Empty, Listed } from '@/ui/states';

// What channels and webhooks have in common: lists of those that are told, which are tried out and removed.

export function Receivers<T>(props: {
  title: string;
  lead: string;
  list: Pages<T>;
  /** The button that adds one, where somebody may. */
  add: string | null;
  onAdd: () => void;
  empty: {
    icon: Icon;
    title: string;
    text: string;
  };
  /** A line of the list. */
  line: (item: T) => ReactNode;
  /** Dialogs. */
  children: ReactNode;
}) {
  return (
    <Section
      title={props.title}
      lead={props.lead}
      actions={props.add !== null && <Button onClick={props.onAdd}>{props.add}</Button>}
    >
      <Listed
        of={props.list}
        empty={
          <Empty icon={props.empty.icon} title={props.empty.title}>
            {props.empty.text}
          </Empty>
        }
      >
        {(items) => <Stack gap={0}>{items.map(props.line)}</Stack>}
      </Listed>
      {props.children}
    </Section>
  );
}

interface Taken {
  taken: boolean;
  error?: string | null;
}

/** What can be done with one of them. */
export function useReceiverActs<T extends Taken>(options: {
  name: string;
  changes: QueryKey[];
  /** What is sent to try it out, and what is said when it was taken. */
  test: () => Promise<T>;
  taken: (result: T) => string;
  remove: () => Promise<unknown>;
}) {
  const { name, changes } = options;
  const test = useAct({
    act: options.test,
    changes,
    onDone: (result) =>
      notifications.show(
        result.taken
          ? { message: options.taken(result) }
          : {
              color: 'red',
              title: `${name} did not take it`,
              message: result.error ?? 'It gave no reason.',
              autoClose: 9000,
            },
      ),
  });
  const remove = useAct({ act: options.remove, changes, done: `${name} is removed.` });
  return { test, remove };
}

export function ReceiverLine(props: {
  name: string;
  tags: ReactNode;
  /** Where it is and what it is told. */
  about: ReactNode;
  /** Nothing where somebody may only look. */
  acts: ReturnType<typeof useReceiverActs> | null;
  onEdit: () => void;
  /** What is lost with it. */
  removing: string;
  /** Buttons for everybody, and for those who may change it. */
  look?: ReactNode;
  more?: ReactNode;
  notice?: ReactNode;
}) {
  const { name, acts } = props;
  return (
    <Box role="group" aria-label={name} py="sm" className="line">
      <Group justify="space-between" align="flex-start">
        <Box miw={0} flex="1 1 240px">
          <Group gap="xs">
            <Text size="sm" fw={600}>
              <Name>{name}</Name>
            </Text>
            {props.tags}
          </Group>
          {props.about}
        </Box>
        <Group gap="xs">
          {props.look}
          {acts !== null && (
            <>
              <Small isBusy={acts.test.isPending} onClick={() => acts.test.start()}>
                Test
              </Small>
              <Small onClick={props.onEdit}>Change</Small>
              {props.more}
              <Small
                isBusy={acts.remove.isPending}
                onClick={() =>
                  confirm({
                    title: `Remove ${name}?`,
                    text: props.removing,
                    yes: 'Remove',
                    isDangerous: true,
                    act: () => acts.remove.start(),
                  })
                }
              >
                Remove
              </Small>
            </>
          )}
        </Group>
      </Group>
      {props.notice && <Box mt="xs">{props.notice}</Box>}
    </Box>
  );
}

/** A button of a line. */
export const Small = (props: { isBusy?: boolean; onClick: () => void; children: string }) => (
  <Button size="compact-sm" variant="default" loading={props.isBusy} onClick={props.onClick}>
    {props.children}
  </Button>
);

export const About = ({ children }: { children: ReactNode }) => (
  <Text size="xs" c="dimmed" className="break">
    {children}
  </Text>
);
