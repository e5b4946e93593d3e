import { Box, Group, Stack, Text } from '@mantine/core';
import { IconActivity } from '@tabler/icons-react';
import { useMemo } from 'react';
import { Link } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { AuditEntry } from '@/api/types';
import { describe, type NameOf } from '@/live/describe';
import { useLive } from '@/live/LiveProvider';
import { usePeople } from '@/session/usePeople';
import { useTenant } from '@/shell/where';
import { Moment } from './pieces';
import { Answered, Empty } from './states';
import { toneColors } from './tone';

/** What happened last, growing by itself. */
export function Activity({ limit = 14 }: { limit?: number }) {
  const tenant = useTenant();
  const { entries } = useLive();
  const nameOf = usePeople(tenant.agency);
  const past = useApi(
    keys.tenant(tenant.id, 'activity'),
    () =>
      answer(
        api.GET('/api/v1/tenants/{tenant}/audit', {
          params: { path: { tenant: tenant.id }, query: { limit: 40 } },
        }),
      ),
    { staleTime: Infinity },
  );
  const all = useMemo(() => {
    const known = new Set<string>();
    return [...entries, ...(past.data?.items ?? [])]
      .filter((it) => !known.has(it.id) && known.add(it.id))
      .slice(0, limit);
  }, [entries, past.data, limit]);
  return (
    <Answered of={past}>
      {() =>
        all.length === 0 ? (
          <Empty icon={IconActivity} title="Nothing has happened yet">
            Comments, messages, decisions and everything that is sent appear here as they happen.
          </Empty>
        ) : (
          <Stack gap={0} component="ol" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
            {all.map((entry) => (
              <Line key={entry.id} entry={entry} nameOf={nameOf} />
            ))}
          </Stack>
        )
      }
    </Answered>
  );
}

function Line({ entry, nameOf }: { entry: AuditEntry; nameOf: NameOf }) {
  const tenant = useTenant();
  const told = describe(entry, nameOf);
  const body = (
    <Group wrap="nowrap" gap="sm" py={7} px={6} align="flex-start">
      <Box
        mt={6}
        w={9}
        h={9}
        style={{ borderRadius: 9, flex: 'none', background: toneColors(told.tone).color }}
      />
      <Box flex={1} miw={0}>
        <Text size="sm">{told.text}</Text>
        {told.quote !== undefined && (
          <Text size="sm" c="dimmed" className="clip">
            “{told.quote}”
          </Text>
        )}
      </Box>
      <Text size="xs" c="dimmed">
        <Moment at={entry.at} />
      </Text>
    </Group>
  );
  return (
    <li className="line">
      {told.to === undefined ? (
        body
      ) : (
        <Link to={tenant.path(told.to)} className="row-link">
          {body}
        </Link>
      )}
    </li>
  );
}
