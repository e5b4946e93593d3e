import { answer, api } from '@/api/client';
import type { ChannelDocument } from '@/api/types';

/** Channels belong to a tenant or to a whole agency; the routes are alike. */
export type ChannelScope = { tenant: string } | { agency: string };

export function channelApi(scope: ChannelScope) {
  if ('tenant' in scope) {
    const path = { tenant: scope.tenant };
    return {
      list: () => answer(api.GET('/api/v1/tenants/{tenant}/channels', { params: { path } })),
      create: (body: ChannelDocument) =>
        answer(api.POST('/api/v1/tenants/{tenant}/channels', { params: { path }, body })),
      change: (channel: string, body: ChannelDocument) =>
        answer(
          api.PUT('/api/v1/tenants/{tenant}/channels/{channel}', {
            params: { path: { ...path, channel } },
            body,
          }),
        ),
      remove: (channel: string) =>
        answer(
          api.DELETE('/api/v1/tenants/{tenant}/channels/{channel}', {
            params: { path: { ...path, channel } },
          }),
        ),
      test: (channel: string) =>
        answer(
          api.POST('/api/v1/tenants/{tenant}/channels/{channel}/test', {
            params: { path: { ...path, channel } },
          }),
        ),
    };
  }
  const path = { agency: scope.agency };
  return {
    list: () => answer(api.GET('/api/v1/agencies/{agency}/channels', { params: { path } })),
    create: (body: ChannelDocument) =>
      answer(api.POST('/api/v1/agencies/{agency}/channels', { params: { path }, body })),
    change: (channel: string, body: ChannelDocument) =>
      answer(
        api.PUT('/api/v1/agencies/{agency}/channels/{channel}', {
          params: { path: { ...path, channel } },
          body,
        }),
      ),
    remove: (channel: string) =>
      answer(
        api.DELETE('/api/v1/agencies/{agency}/channels/{channel}', {
          params: { path: { ...path, channel } },
        }),
      ),
    test: (channel: string) =>
      answer(
        api.POST('/api/v1/agencies/{agency}/channels/{channel}/test', {
          params: { path: { ...path, channel } },
        }),
      ),
  };
}
