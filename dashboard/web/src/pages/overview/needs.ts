import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { Approval, Effect, Post } from '@/api/types';

const most = 100;

/** What waits for a person at one tenant. */
export interface Needs {
  drafts: Approval[];
  escalations: Approval[];
  deadLetters: Effect[];
  posts: Post[];
  /** Whether there is more than was read. */
  isMore: boolean;
}

async function readNeeds(tenant: string): Promise<Needs> {
  const path = { tenant };
  const [approvals, dead, posts] = await Promise.all([
    answer(
      api.GET('/api/v1/tenants/{tenant}/approvals', {
        params: { path, query: { status: 'pending', limit: most } },
      }),
    ),
    answer(api.GET('/api/v1/tenants/{tenant}/queue/dlq', { params: { path, query: { limit: most } } })),
    answer(
      api.GET('/api/v1/tenants/{tenant}/posts', {
        params: { path, query: { state: 'needs_person', limit: most } },
      }),
    ),
  ]);
  return {
    drafts: approvals.items.filter((it) => it.kind === 'draft'),
    escalations: approvals.items.filter((it) => it.kind === 'escalation'),
    deadLetters: dead.items,
    posts: posts.items,
    isMore: [approvals, dead, posts].some((page) => page.next_cursor != null),
  };
}

export const useNeeds = (tenant: string) =>
  useApi(keys.tenant(tenant, 'approvals', 'needs'), () => readNeeds(tenant), { refetchInterval: 60_000 });

/** “12”, or “100+” when not all were read. */
export const count = (list: unknown[], isMore: boolean) =>
  isMore && list.length >= most ? `${most}+` : String(list.length);
