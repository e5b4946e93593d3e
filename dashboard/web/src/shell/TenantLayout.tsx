import { Box, Center, Loader } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useParams } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { Tenant } from '@/api/types';
import { LiveProvider, useLive } from '@/live/LiveProvider';
import { agenciesOf, agencyRole, roleMay, tenantRole } from '@/session/permissions';
import { useSession } from '@/session/SessionProvider';
import { Hint } from '@/ui/pieces';
import { Failure } from '@/ui/states';
import { Frame } from './Frame';
import { tenantPlaces } from './places';
import { TenantSwitcher } from './TenantSwitcher';
import { TenantContext } from './where';

export function Component() {
  const { tenant: id = '' } = useParams();
  const queries = useQueryClient();
  const tenant = useApi(keys.tenant(id, 'self'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}', { params: { path: { tenant: id } } })),
  );

  // Another tenant's numbers must not linger in memory, nor flash up.
  useEffect(() => () => queries.removeQueries({ queryKey: keys.tenant(id) }), [id, queries]);

  if (tenant.data === undefined) {
    return (
      <Center h="100vh" p="md">
        {tenant.isPending ? (
          <Loader aria-label="Loading" />
        ) : (
          <Failure error={tenant.error} retry={() => void tenant.refetch()} />
        )}
      </Center>
    );
  }
  return (
    <LiveProvider tenant={id}>
      <TenantContext.Provider value={tenant.data}>
        <TenantFrame tenant={tenant.data} />
      </TenantContext.Provider>
    </LiveProvider>
  );
}

function TenantFrame({ tenant }: { tenant: Tenant }) {
  const { session } = useSession();
  const role = tenantRole(session, tenant.agency, tenant.id);
  const path = { tenant: tenant.id };
  const maySee = roleMay(role, 'view');
  const waiting = useApi(
    keys.tenant(tenant.id, 'approvals', 'count'),
    () =>
      answer(
        api.GET('/api/v1/tenants/{tenant}/approvals', {
          params: { path, query: { status: 'pending', limit: 100 } },
        }),
      ).then((page) => page.items.length),
    { enabled: maySee },
  );
  const alerts = useApi(
    keys.tenant(tenant.id, 'alerts', 'count'),
    () =>
      answer(
        api.GET('/api/v1/tenants/{tenant}/alerts', {
          params: { path, query: { resolved: false, limit: 100 } },
        }),
      ).then((page) => page.items.length),
    { enabled: maySee, refetchInterval: 60_000 },
  );
  const groups = tenantPlaces
    .map((group) => ({
      ...group,
      places: group.places.filter((place) => place.needs === 'client' || roleMay(role, place.needs)),
    }))
    .filter((group) => group.places.length > 0);
  const agency = agenciesOf(session).find((it) => it.id === tenant.agency);
  return (
    <Frame
      base={`/tenants/${tenant.id}`}
      groups={groups}
      switcher={<TenantSwitcher current={tenant.id} label={tenant.name} />}
      status={<LiveMark />}
      counts={{ approvals: waiting.data ?? 0, alerts: alerts.data ?? 0 }}
      above={
        agency !== undefined && agencyRole(session, agency.id) !== null
          ? { to: `/agencies/${agency.id}`, label: `← ${agency.name}` }
          : undefined
      }
    />
  );
}

const marks = {
  live: { label: 'Live', detail: 'What happens appears here at once.', color: '#2f9e63' },
  connecting: { label: 'Connecting', detail: 'The live feed is being opened.', color: '#d08a1d' },
  broken: {
    label: 'Not live',
    detail: 'The live feed broke off. It is tried again by itself; nothing is left out.',
    color: '#c8453a',
  },
};

function LiveMark() {
  const { state } = useLive();
  if (state === 'off') return null;
  const mark = marks[state];
  return (
    <Box visibleFrom="xs">
      <Hint label={mark.detail}>
        <span role="status" style={{ display: 'flex', alignItems: 'center', gap: 6, fontSize: 13 }}>
          <span style={{ width: 8, height: 8, borderRadius: 8, background: mark.color }} aria-hidden />
          {mark.label}
        </span>
      </Hint>
    </Box>
  );
}
