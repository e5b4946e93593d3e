import { createContext, useContext, useMemo } from 'react';
import type { Tenant } from '@/api/types';
import { roleMay, tenantRole, type Ability } from '@/session/permissions';
import { useSession } from '@/session/SessionProvider';

export const TenantContext = createContext<Tenant | null>(null);

/** The tenant whose pages are open, and what may be done there. */
export function useTenant() {
  const tenant = useContext(TenantContext);
  const { session } = useSession();
  if (tenant === null) throw new Error('useTenant needs the pages of a tenant around it');
  return useMemo(() => {
    const role = tenantRole(session, tenant.agency, tenant.id);
    return {
      ...tenant,
      role,
      may: (ability: Ability) => roleMay(role, ability),
      path: (rest: string) => `/tenants/${tenant.id}${rest === '' ? '' : `/${rest}`}`,
    };
  }, [tenant, session]);
}
