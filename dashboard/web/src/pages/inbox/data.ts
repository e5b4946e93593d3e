import { answer, api } from '@/api/client';
import { keys, useApi, usePages } from '@/api/queries';

export interface InboxFilter {
  kind?: 'comment_thread' | 'mention' | 'direct';
  owner?: 'bot' | 'human';
}

export const useConversations = (tenant: string, filter: InboxFilter) =>
  usePages(keys.tenant(tenant, 'conversations', filter), (cursor) =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/conversations', {
        params: { path: { tenant }, query: { ...filter, cursor, limit: 40 } },
      }),
    ),
  );

export const useConversation = (tenant: string, conversation: string) =>
  useApi(keys.tenant(tenant, 'conversations', 'one', conversation), () =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/conversations/{conversation}', {
        params: { path: { tenant, conversation } },
      }),
    ),
  );

/** Newest first, as the API gives them. */
export const useMessages = (tenant: string, conversation: string, isDirect: boolean) =>
  usePages(
    keys.tenant(tenant, 'conversations', 'messages', conversation),
    (cursor) =>
      answer(
        api.GET('/api/v1/tenants/{tenant}/conversations/{conversation}/messages', {
          params: { path: { tenant, conversation }, query: { cursor, limit: 50 } },
        }),
      ),
    { enabled: isDirect },
  );

export const useComments = (tenant: string, conversation: string, isDirect: boolean) =>
  usePages(
    keys.tenant(tenant, 'comments', conversation),
    (cursor) =>
      answer(
        api.GET('/api/v1/tenants/{tenant}/comments', {
          params: { path: { tenant }, query: { conversation, cursor, limit: 50 } },
        }),
      ),
    { enabled: !isDirect },
  );

/** What the conversation has waiting for a person. */
export const useDraftsOf = (tenant: string, conversation: string) =>
  useApi(keys.tenant(tenant, 'approvals', 'of', conversation), async () => {
    const page = await answer(
      api.GET('/api/v1/tenants/{tenant}/approvals', {
        params: { path: { tenant }, query: { status: 'pending', limit: 200 } },
      }),
    );
    return page.items.filter((it) => it.conversation === conversation);
  });
