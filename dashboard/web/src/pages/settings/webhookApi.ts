import { answer, api } from '@/api/client';
import { keys } from '@/api/queries';
import type { DeliveryState, Webhook, WebhookDocument } from '@/api/types';

export const webhooksKey = (agency: string) => keys.agency(agency, 'webhooks');

export const deliveriesKey = (agency: string, webhook: string, ...rest: unknown[]) =>
  keys.agency(agency, 'webhook-deliveries', webhook, ...rest);

/** What a webhook is, as it is sent back to be changed. */
export const documentOf = (it: Webhook): WebhookDocument => ({
  name: it.name,
  url: it.url,
  events: it.events,
  tenants: it.tenants,
  enabled: it.enabled,
});

export function webhookApi(agency: string) {
  const one = (webhook: string) => ({ agency, webhook });
  return {
    list: () => answer(api.GET('/api/v1/agencies/{agency}/webhooks', { params: { path: { agency } } })),
    eventTypes: () =>
      answer(api.GET('/api/v1/agencies/{agency}/webhooks/event-types', { params: { path: { agency } } })),
    create: (body: WebhookDocument) =>
      answer(api.POST('/api/v1/agencies/{agency}/webhooks', { params: { path: { agency } }, body })),
    /** Refused when somebody has changed it since it was read. */
    change: (before: Webhook, body: WebhookDocument) =>
      answer(
        api.PUT('/api/v1/agencies/{agency}/webhooks/{webhook}', {
          params: { path: one(before.id), header: { 'If-Match': `"${before.version}"` } },
          body,
        }),
      ),
    remove: (webhook: string) =>
      answer(api.DELETE('/api/v1/agencies/{agency}/webhooks/{webhook}', { params: { path: one(webhook) } })),
    test: (webhook: string) =>
      answer(
        api.POST('/api/v1/agencies/{agency}/webhooks/{webhook}/test', { params: { path: one(webhook) } }),
      ),
    rotate: (webhook: string, overlapHours: number) =>
      answer(
        api.POST('/api/v1/agencies/{agency}/webhooks/{webhook}/rotate-secret', {
          params: { path: one(webhook) },
          body: { overlap_hours: overlapHours },
        }),
      ),
    deliveries: (webhook: string, state: DeliveryState | undefined, cursor: string | undefined) =>
      answer(
        api.GET('/api/v1/agencies/{agency}/webhooks/{webhook}/deliveries', {
          params: { path: one(webhook), query: { state, cursor } },
        }),
      ),
    delivery: (webhook: string, delivery: string) =>
      answer(
        api.GET('/api/v1/agencies/{agency}/webhooks/{webhook}/deliveries/{delivery}', {
          params: { path: { ...one(webhook), delivery } },
        }),
      ),
    redeliver: (webhook: string, delivery: string) =>
      answer(
        api.POST('/api/v1/agencies/{agency}/webhooks/{webhook}/deliveries/{delivery}/redeliver', {
          params: { path: { ...one(webhook), delivery } },
        }),
      ),
    redeliverFailed: (webhook: string, since: string) =>
      answer(
        api.POST('/api/v1/agencies/{agency}/webhooks/{webhook}/redeliver-failed', {
          params: { path: one(webhook) },
          body: { since },
        }),
      ),
  };
}
