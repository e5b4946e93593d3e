import { Anchor, Box, Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCloudOff,
  IconInfoCircle,
  IconCircleCheck,
  type Icon,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { asApiError } from '@/api/problem';
import type { Pages } from '@/api/queries';
import { words } from './format';
import { toneColors, type Tone } from './tone';

const icons: Record<Tone, Icon> = {
  neutral: IconInfoCircle,
  info: IconInfoCircle,
  good: IconCircleCheck,
  warn: IconAlertTriangle,
  bad: IconAlertTriangle,
};

/** A message within the page. Problems are announced, the rest is not. */
export function Notice(props: { tone: Tone; title?: string; children?: ReactNode; action?: ReactNode }) {
  const Symbol = icons[props.tone];
  return (
    <Group
      wrap="nowrap"
      align="flex-start"
      gap="sm"
      p="sm"
      role={props.tone === 'bad' ? 'alert' : undefined}
      style={{ ...toneColors(props.tone), borderRadius: 'var(--mantine-radius-md)' }}
    >
      <Symbol size={18} style={{ flex: 'none', marginTop: 2 }} aria-hidden />
      <Box flex={1} miw={0} className="break">
        {props.title !== undefined && (
          <Text fw={600} size="sm">
            {props.title}
          </Text>
        )}
        {props.children !== undefined && (
          <Text size="sm" component="div">
            {props.children}
          </Text>
        )}
      </Box>
      {props.action}
    </Group>
  );
}

/** What went wrong with a whole part of the page, and the way on. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = asApiError(error);
  if (problem.isMissing) return <NothingHere />;
  return (
    <Stack align="center" gap="xs" py="xl" px="md" role="alert">
      {problem.isOffline ? (
        <IconCloudOff size={28} aria-hidden />
      ) : (
        <IconAlertTriangle size={28} aria-hidden />
      )}
      <Text fw={600}>{problem.title}</Text>
      <Text c="dimmed" size="sm" ta="center" maw={460} className="break">
        {problem.message}
      </Text>
      {retry !== undefined && (
        <Button variant="default" size="xs" onClick={retry} mt="xs">
          Try again
        </Button>
      )}
    </Stack>
  );
}

export function Empty(props: { icon?: Icon; title: string; children?: ReactNode; action?: ReactNode }) {
  const Symbol = props.icon;
  return (
    <Stack align="center" gap={6} py={48} px="md">
      {Symbol !== undefined && (
        <Symbol size={30} stroke={1.4} aria-hidden color="var(--mantine-color-dimmed)" />
      )}
      <Text fw={600} ta="center">
        {props.title}
      </Text>
      {props.children !== undefined && (
        <Text c="dimmed" size="sm" ta="center" maw={460} component="div">
          {props.children}
        </Text>
      )}
      {props.action !== undefined && <Box mt="sm">{props.action}</Box>}
    </Stack>
  );
}

/** For an address that leads to nothing: what was removed, what is not open to somebody, and what was never an id. */
export function NothingHere() {
  return (
    <Empty title="There is nothing here" action={<Anchor href="/">To the first page</Anchor>}>
      Check the address. What you look for may have been removed, or is not open to you.
    </Empty>
  );
}

export function Loading({ rows = 4, height = 56 }: { rows?: number; height?: number }) {
  return (
    <Stack gap="xs" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={height} radius="md" />
      ))}
    </Stack>
  );
}

/** The problem of a form, except what stands at its fields already. */
export function FormProblem({ error, shown = [] }: { error: unknown; shown?: string[] }) {
  if (error === null || error === undefined) return null;
  const problem = asApiError(error);
  const elsewhere = problem.fields.filter((it) => !shown.includes(it.field));
  if (problem.fields.length > 0 && elsewhere.length === 0) return null;
  return (
    <Notice tone="bad" title={problem.title}>
      {elsewhere.length > 0 ? (
        <ul style={{ margin: 0, paddingInlineStart: 18 }}>
          {elsewhere.map((it, index) => (
            <li key={index}>
              {words(it.field)}: {it.problem}
            </li>
          ))}
        </ul>
      ) : (
        problem.message
      )}
    </Notice>
  );
}

interface Asked<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** Waits, fails or shows: every part of a page that is read from the API. */
export function Answered<T>(props: { of: Asked<T>; loading?: ReactNode; children: (data: T) => ReactNode }) {
  const { data, error, isPending, refetch } = props.of;
  if (data !== undefined) return <>{props.children(data)}</>;
  if (isPending) return <>{props.loading ?? <Loading />}</>;
  return <Failure error={error} retry={() => void refetch()} />;
}

/** A list that is read page by page. */
export function Listed<T>(props: {
  of: Pages<T>;
  empty: ReactNode;
  loading?: ReactNode;
  children: (items: T[]) => ReactNode;
}) {
  const { items, error, isPending, refetch, hasNextPage, isFetchingNextPage, fetchNextPage, data } = props.of;
  if (isPending) return <>{props.loading ?? <Loading />}</>;
  if (data === undefined) return <Failure error={error} retry={() => void refetch()} />;
  if (items.length === 0 && !hasNextPage) return <>{props.empty}</>;
  return (
    <>
      {props.children(items)}
      {props.of.isFetchNextPageError && <FormProblem error={error} />}
      {hasNextPage && (
        <Group justify="center" mt="md">
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        </Group>
      )}
    </>
  );
}
