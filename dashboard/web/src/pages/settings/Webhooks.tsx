import { IconWebhook } from '@tabler/icons-react';
import { useState } from 'react';
import { usePages } from '@/api/queries';
import type { Webhook } from '@/api/types';
import { useAgency } from '@/shell/AgencyLayout';
import { useAct } from '@/ui/act';
import { plural } from '@/ui/format';
import { Moment, Tag } from '@/ui/pieces';
import { Notice } from '@/ui/states';
import { About, ReceiverLine, Receivers, Small, useReceiverActs } from './receivers';
import { documentOf, webhookApi, webhooksKey } from './webhookApi';
import { WebhookDeliveries } from './WebhookDeliveries';
import { RotateDialog, WebhookDialog } from './WebhookDialog';

const reasons = {
  by_hand: 'Somebody switched it off.',
  gone: 'Its receiver answered that it is gone (410).',
  failing: 'Everything sent to it failed for five days.',
};

type Open = { what: 'edit' | 'rotate' | 'deliveries'; webhook?: Webhook };

export function Webhooks() {
  const agency = useAgency();
  const [open, setOpen] = useState<Open | null>(null);
  const list = usePages(webhooksKey(agency.id), () => webhookApi(agency.id).list());
  const close = () => setOpen(null);
  return (
    <Receivers
      title="Webhooks"
      lead="What happens is told to programs of your own, signed. People are told through channels."
      list={list}
      add={agency.may('manage') ? 'Add a webhook' : null}
      onAdd={() => setOpen({ what: 'edit' })}
      empty={{
        icon: IconWebhook,
        title: 'No program is told yet',
        text: 'Add the address of one that takes signed events: decisions, posts, approvals and all else in the audit log.',
      }}
      line={(it) => <Line key={it.id} webhook={it} onOpen={(what) => setOpen({ what, webhook: it })} />}
    >
      {open?.what === 'edit' && <WebhookDialog webhook={open.webhook} onClose={close} />}
      {open?.what === 'rotate' && open.webhook && <RotateDialog webhook={open.webhook} onClose={close} />}
      {open?.what === 'deliveries' && open.webhook && (
        <WebhookDeliveries webhook={open.webhook} onClose={close} />
      )}
    </Receivers>
  );
}

function Line({ webhook, onOpen }: { webhook: Webhook; onOpen: (what: Open['what']) => void }) {
  const agency = useAgency();
  const routes = webhookApi(agency.id);
  const changes = [webhooksKey(agency.id)];
  const acts = useReceiverActs({
    name: webhook.name,
    changes,
    test: () => routes.test(webhook.id),
    taken: (result) => `${webhook.name} took the test event in ${result.took_ms} ms.`,
    remove: () => routes.remove(webhook.id),
  });
  const turn = useAct({
    act: (enabled: boolean) => routes.change(webhook, { ...documentOf(webhook), enabled }),
    changes,
    done: (_, enabled) =>
      enabled ? `${webhook.name} is on, and what waited is sent.` : `${webhook.name} is off.`,
  });
  return (
    <ReceiverLine
      name={webhook.name}
      tags={
        <>
          {!webhook.enabled && <Tag tone="bad">Off</Tag>}
          {webhook.enabled && webhook.failing_since && <Tag tone="warn">Fails</Tag>}
        </>
      }
      about={
        <>
          <About>{webhook.url}</About>
          <About>
            {webhook.events.includes('*') ? 'Everything' : webhook.events.join(', ')}
            {webhook.tenants.length > 0 && `, of ${plural(webhook.tenants.length, 'tenant')}`}
            {webhook.delivered_at && (
              <>
                , last taken <Moment at={webhook.delivered_at} />
              </>
            )}
            {webhook.failing_since && (
              <>
                , fails since <Moment at={webhook.failing_since} />
              </>
            )}
          </About>
        </>
      }
      look={<Small onClick={() => onOpen('deliveries')}>Deliveries</Small>}
      acts={agency.may('manage') ? acts : null}
      onEdit={() => onOpen('edit')}
      more={
        <>
          <Small onClick={() => onOpen('rotate')}>New secret</Small>
          <Small isBusy={turn.isPending} onClick={() => turn.start(!webhook.enabled)}>
            {webhook.enabled ? 'Switch off' : 'Switch on'}
          </Small>
        </>
      }
      removing="Nothing is told there any more, and what waits for it is dropped."
      notice={
        webhook.disabled && (
          <Notice tone="warn" title="Nothing is sent">
            {reasons[webhook.disabled.reason]} Off since <Moment at={webhook.disabled.since} />. What happens
            meanwhile waits up to 30 days, and is sent once it is switched on.
          </Notice>
        )
      }
    />
  );
}
