import { answer, api } from '@/api/client';
import { keys } from '@/api/queries';
import type { Post } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';

/** Everything a person may do with a post. */
export function usePostActs(post: string) {
  const tenant = useTenant();
  const params = { path: { tenant: tenant.id, post } };
  const changes = [keys.tenant(tenant.id, 'posts')];
  return {
    approve: useAct({
      act: (comment: string | undefined) =>
        answer(api.POST('/api/v1/tenants/{tenant}/posts/{post}/approve', { params, body: { comment } })),
      changes,
      done: 'Approved.',
    }),
    reject: useAct({
      act: (comment: string | undefined) =>
        answer(api.POST('/api/v1/tenants/{tenant}/posts/{post}/reject', { params, body: { comment } })),
      changes,
      done: 'Rejected. It is not published.',
    }),
    publish: useAct({
      act: () => answer(api.POST('/api/v1/tenants/{tenant}/posts/{post}/publish', { params })),
      changes,
      done: 'It is being published.',
    }),
    cancel: useAct({
      act: () => answer(api.POST('/api/v1/tenants/{tenant}/posts/{post}/cancel', { params })),
      changes,
      done: 'Cancelled.',
    }),
    retry: useAct({
      act: () => answer(api.POST('/api/v1/tenants/{tenant}/posts/{post}/retry', { params })),
      changes,
      done: 'It is tried again.',
    }),
    schedule: useAct<string, Post>({
      act: (at) =>
        answer(api.POST('/api/v1/tenants/{tenant}/posts/{post}/schedule', { params, body: { at } })),
      changes,
      done: 'Scheduled.',
    }),
    settle: useAct({
      act: (body: { up: boolean; platform_post?: string }) =>
        answer(api.POST('/api/v1/tenants/{tenant}/posts/{post}/settle', { params, body })),
      changes,
      done: 'Noted. Troupe goes on from there.',
    }),
  };
}
