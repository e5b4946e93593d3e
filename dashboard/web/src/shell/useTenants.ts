import { useQuery } from '@tanstack/react-query';
import { answer, api } from '@/api/client';
import { keys } from '@/api/queries';
import type { Tenant } from '@/api/types';
import { agenciesOf } from '@/session/permissions';
import { useSession } from '@/session/SessionProvider';

export interface KnownTenant {
  id: string;
  name: string;
  detail: string;
  agency: string;
  isSuspended: boolean;
}

async function readAll(agency: string): Promise<Tenant[]> {
  const found: Tenant[] = [];
  let cursor: string | undefined;
  do {
    const page = await answer(
      api.GET('/api/v1/agencies/{agency}/tenants', {
        params: { path: { agency }, query: { limit: 200, cursor } },
      }),
    );
    found.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

/** Every tenant somebody may open, by name. Read once and kept: an agency may have thousands. */
export function useTenants() {
  const { session } = useSession();
  const agencies = agenciesOf(session);
  const query = useQuery({
    queryKey: keys.agency('all', 'tenants', session.user.id),
    staleTime: 5 * 60_000,
    queryFn: async () => {
      const known: KnownTenant[] = [];
      for (const agency of agencies) {
        if (agency.role === null) {
          for (const { id, name } of agency.tenants) {
            known.push({ id, name, detail: agency.name, agency: agency.id, isSuspended: false });
          }
        } else {
          for (const it of await readAll(agency.id)) {
            const isSuspended = it.status === 'suspended';
            known.push({ id: it.id, name: it.name, detail: it.slug, agency: agency.id, isSuspended });
          }
        }
      }
      return known.sort((a, b) => a.name.localeCompare(b.name));
    },
  });
  return { ...query, tenants: query.data ?? [] };
}

/** Those whose name or short name has every word in it. */
export function matching(tenants: KnownTenant[], search: string): KnownTenant[] {
  const wanted = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return tenants;
  return tenants.filter((it) => {
    const text = `${it.name} ${it.detail}`.toLocaleLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
