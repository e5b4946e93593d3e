import { useEffect } from 'react';
import { answer, api } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import type { TenantLook } from '@/api/types';

/** What waits at every tenant of an agency. The first page is shown while the others are read. */
export function useOverview(agency: string) {
  const pages = usePages(
    keys.agency(agency, 'overview'),
    (cursor) =>
      answer(
        api.GET('/api/v1/agencies/{agency}/overview', {
          params: { path: { agency }, query: { cursor, limit: 200 } },
        }),
      ),
    { refetchInterval: 30_000 },
  );
  const { hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = pages;
  const goesOn = hasNextPage && !isFetching && !isFetchNextPageError;
  useEffect(() => {
    if (goesOn) void fetchNextPage();
  }, [goesOn, fetchNextPage]);
  return pages;
}

export const openAlerts = ({ open_alerts: it }: TenantLook) => it.info + it.warning + it.error + it.critical;

/** Models are no longer asked once this much of the day's budget is gone; people should know before. */
const nearlySpent = 0.8;

export const spentShare = (it: TenantLook) =>
  it.budget_today_micro_usd ? it.spent_today_micro_usd / it.budget_today_micro_usd : 0;

export const isNearlySpent = (it: TenantLook) => spentShare(it) >= nearlySpent;

/** What stops a tenant weighs more than any number of what only waits. */
const weights: ((it: TenantLook) => number)[] = [
  (it) => it.open_alerts.critical,
  (it) => it.accounts_to_reconnect,
  (it) => it.open_alerts.error,
  (it) => it.conversations_with_people + it.pending_approvals,
  (it) => it.dead_letters,
  (it) => it.open_alerts.warning,
];

/** Whether something at a tenant waits for a person. */
export const needsPerson = (it: TenantLook) => weights.some((weight) => weight(it) > 0) || isNearlySpent(it);

/** The most pressing first, then by name. */
export function byUrgency(tenants: TenantLook[]): TenantLook[] {
  return [...tenants].sort((a, b) => {
    for (const weight of weights) {
      const difference = weight(b) - weight(a);
      if (difference !== 0) return difference;
    }
    return a.name.localeCompare(b.name);
  });
}

export interface Totals {
  approvals: number;
  conversations: number;
  alerts: number;
  critical: number;
  spent: number;
  needing: number;
}

export const totalsOf = (tenants: TenantLook[]): Totals =>
  tenants.reduce<Totals>(
    (all, it) => ({
      approvals: all.approvals + it.pending_approvals,
      conversations: all.conversations + it.conversations_with_people,
      alerts: all.alerts + openAlerts(it),
      critical: all.critical + it.open_alerts.critical,
      spent: all.spent + it.spent_today_micro_usd,
      needing: all.needing + (needsPerson(it) ? 1 : 0),
    }),
    { approvals: 0, conversations: 0, alerts: 0, critical: 0, spent: 0, needing: 0 },
  );

/** Those whose name or short name has every word in it. */
export function called(tenants: TenantLook[], search: string): TenantLook[] {
  const wanted = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return tenants.filter((it) => {
    const text = `${it.name} ${it.slug}`.toLocaleLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
