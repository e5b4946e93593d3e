import { useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { answer, api } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import type { Approval, ApprovalStatus, Intent, Page } from '@/api/types';
import { textOf } from '../queue/ActionLine';

export type Verdict =
  | { is: 'approve'; intent?: Intent }
  | { is: 'edit'; text: string; intent?: Intent }
  | { is: 'reject'; comment?: string; intent?: Intent };

const listKey = (tenant: string, status: ApprovalStatus) => keys.tenant(tenant, 'approvals', status);

export const useApprovals = (tenant: string, status: ApprovalStatus) =>
  usePages(listKey(tenant, status), (cursor) =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/approvals', {
        params: { path: { tenant }, query: { status, cursor, limit: 50 } },
      }),
    ),
  );

export function send(tenant: string, approval: string, verdict: Verdict): Promise<Approval> {
  const params = { path: { tenant, approval } };
  switch (verdict.is) {
    case 'approve':
      return answer(
        api.POST('/api/v1/tenants/{tenant}/approvals/{approval}/approve', {
          params,
          body: { intent: verdict.intent },
        }),
      );
    case 'edit':
      return answer(
        api.POST('/api/v1/tenants/{tenant}/approvals/{approval}/edit', {
          params,
          body: { text: verdict.text, intent: verdict.intent },
        }),
      );
    case 'reject':
      return answer(
        api.POST('/api/v1/tenants/{tenant}/approvals/{approval}/reject', {
          params,
          body: { comment: verdict.comment, intent: verdict.intent },
        }),
      );
  }
}

/** The words a draft would be sent with; an escalation has none. */
export const draftText = (approval: Approval): string =>
  approval.proposed.map(textOf).find((it): it is string => it !== null) ?? '';

type Lists = InfiniteData<Page<Approval>>;

export const without = (lists: Lists | undefined, ids: Set<string>): Lists | undefined =>
  lists && {
    ...lists,
    pages: lists.pages.map((page) => ({ ...page, items: page.items.filter((it) => !ids.has(it.id)) })),
  };

/** Takes approvals out of the list before the server has answered; `putBack` undoes it when it refuses. */
export function useOptimisticList(tenant: string) {
  const queries = useQueryClient();
  const key = [...listKey(tenant, 'pending'), 'pages'];
  return {
    takeOut: async (ids: string[]) => {
      await queries.cancelQueries({ queryKey: key });
      const before = queries.getQueryData<Lists>(key);
      queries.setQueryData<Lists>(key, (lists) => without(lists, new Set(ids)));
      return () => queries.setQueryData(key, before);
    },
    settle: () => queries.invalidateQueries({ queryKey: keys.tenant(tenant, 'approvals') }),
  };
}
