import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import { ApiError } from '@/api/problem';
import type { AuditEntry, DecisionRecord, Effect } from '@/api/types';

export interface DecisionEntry {
  entry: AuditEntry;
  record: DecisionRecord;
}

/** The log keeps a decision whole, under its id. */
export function useDecision(tenant: string, decision: string) {
  return useApi<DecisionEntry>(keys.tenant(tenant, 'decision', decision), async () => {
    const page = await answer(
      api.GET('/api/v1/tenants/{tenant}/audit', {
        params: { path: { tenant }, query: { resource_id: decision, event_type: 'decision.made', limit: 1 } },
      }),
    );
    const entry = page.items[0];
    if (entry === undefined) {
      throw new ApiError(
        404,
        'There is no such decision',
        'It may have been removed with its tenant; check the address.',
      );
    }
    return { entry, record: entry.details as DecisionRecord };
  });
}

/** What the decision set in motion; a conversation holds few effects, so one page has them. */
export function useEffectsOf(tenant: string, record: DecisionRecord) {
  const conversation = record.conversation ?? undefined;
  return useApi<Effect[]>(
    keys.tenant(tenant, 'queue', 'decision', record.id),
    async () => {
      const page = await answer(
        api.GET('/api/v1/tenants/{tenant}/queue', {
          params: { path: { tenant }, query: { conversation, limit: 200 } },
        }),
      );
      return page.items.filter((it) => it.decision === record.id);
    },
    { enabled: conversation !== undefined },
  );
}

export interface RecalledItem {
  id: string;
  kind?: string;
  text?: string;
  score?: number;
}

/** What the step “memory” says it used. */
export function recalledIn(details: unknown): RecalledItem[] {
  if (typeof details !== 'object' || details === null) return [];
  const listed = (details as { recalled?: unknown }).recalled;
  if (!Array.isArray(listed)) return [];
  return listed.filter((it): it is RecalledItem => typeof it === 'object' && it !== null && 'id' in it);
}

export interface RuleHit {
  rule: string;
  name: string;
  dry_run?: boolean;
}

/** The rules that the step “rules” says applied. */
export function rulesIn(details: unknown): RuleHit[] {
  const hits = (details as { hits?: unknown } | null | undefined)?.hits;
  if (!Array.isArray(hits)) return [];
  return hits.filter((it): it is RuleHit => typeof it?.rule === 'string' && typeof it?.name === 'string');
}
