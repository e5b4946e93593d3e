import type { Grant, Role, Session } from '@/api/session';

const order: Role[] = ['client', 'viewer', 'operator', 'manager', 'owner'];

/** What a role may do in the dashboard; the server decides, this only hides what it would refuse. */
export type Ability = 'view' | 'operate' | 'manage' | 'own';

const least: Record<Ability, Role> = {
  view: 'viewer',
  operate: 'operator',
  manage: 'manager',
  own: 'owner',
};

const highest = (grants: Grant[]): Role | null =>
  grants.reduce<Role | null>(
    (best, { role }) => (best === null || order.indexOf(role) > order.indexOf(best) ? role : best),
    null,
  );

const isWhole = (grant: Grant) => !grant.tenant;

/** The role for a whole agency: grants for single tenants do not count. */
export const agencyRole = (session: Session, agency: string) =>
  highest(session.grants.filter((it) => it.agency === agency && isWhole(it)));

/** The role for one tenant: its own grants and those of its agency. */
export const tenantRole = (session: Session, agency: string | undefined, tenant: string) =>
  highest(session.grants.filter((it) => it.tenant === tenant || (isWhole(it) && it.agency === agency)));

export const roleMay = (role: Role | null, ability: Ability) =>
  role !== null && order.indexOf(role) >= order.indexOf(least[ability]);

export interface AgencyAccess {
  id: string;
  name: string;
  /** Nothing when only single tenants are granted. */
  role: Role | null;
  tenants: { id: string; name: string }[];
}

/** The agencies somebody has to do with, by name. */
export function agenciesOf(session: Session): AgencyAccess[] {
  const found = new Map<string, AgencyAccess>();
  for (const grant of session.grants) {
    const agency = found.get(grant.agency) ?? {
      id: grant.agency,
      name: grant.agency_name,
      role: agencyRole(session, grant.agency),
      tenants: [],
    };
    if (grant.tenant) agency.tenants.push({ id: grant.tenant, name: grant.tenant_name ?? grant.tenant });
    found.set(grant.agency, agency);
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** Where somebody begins after signing in. */
export function firstPage(session: Session): string {
  const agencies = agenciesOf(session);
  const whole = agencies.find((it) => it.role !== null);
  if (whole !== undefined) return `/agencies/${whole.id}`;
  const tenant = agencies[0]?.tenants[0];
  return tenant === undefined ? '/nothing' : `/tenants/${tenant.id}`;
}
