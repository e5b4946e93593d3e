import { Box, Button, Code, Collapse, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconSend } from '@tabler/icons-react';
import { useState } from 'react';
import { useApi, usePages } from '@/api/queries';
import type { DeliveryState, Webhook, WebhookDelivery } from '@/api/types';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants } from '@/shell/useTenants';
import { Dialog } from '@/ui/Dialog';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { plural } from '@/ui/format';
import { Moment, Tag } from '@/ui/pieces';
import { Answered, Empty, Listed } from '@/ui/states';
import type { Tone } from '@/ui/tone';
import { deliveriesKey, webhookApi } from './webhookApi';

const tones: Record<DeliveryState, Tone> = { pending: 'warn', delivered: 'good', failed: 'bad' };
const labels: Record<DeliveryState, string> = { pending: 'Waits', delivered: 'Delivered', failed: 'Failed' };
const monthMs = 30 * 24 * 3_600_000;

/** What was sent to a webhook and what waits for it. */
export function WebhookDeliveries({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const agency = useAgency();
  const routes = webhookApi(agency.id);
  const [state, setState] = useState<DeliveryState | 'all'>('all');
  const list = usePages(
    deliveriesKey(agency.id, webhook.id, state),
    (cursor) => routes.deliveries(webhook.id, state === 'all' ? undefined : state, cursor),
    { refetchInterval: 10_000 },
  );
  const again = useAct({
    act: () => routes.redeliverFailed(webhook.id, new Date(Date.now() - monthMs).toISOString()),
    changes: [deliveriesKey(agency.id, webhook.id)],
    done: (result) =>
      `${plural(result.redelivered, 'delivery', 'deliveries')} ordered anew${result.more ? '; there are more' : ''}.`,
  });
  return (
    <Dialog onClose={onClose} size="xl" title={`Deliveries of ${webhook.name}`}>
      <Stack>
        <Group justify="space-between">
          <SegmentedControl
            size="xs"
            aria-label="Which deliveries"
            value={state}
            onChange={(value) => setState(value as DeliveryState | 'all')}
            data={[
              { value: 'all', label: 'All' },
              ...(['pending', 'delivered', 'failed'] as const).map((it) => ({
                value: it,
                label: labels[it],
              })),
            ]}
          />
          {agency.may('manage') && webhook.enabled && (
            <Button
              size="compact-sm"
              variant="default"
              loading={again.isPending}
              onClick={() =>
                confirm({
                  title: 'Send everything that failed again?',
                  text: 'Failed deliveries of the last 30 days are sent under their old ids, oldest first.',
                  yes: 'Send again',
                  act: () => again.start(),
                })
              }
            >
              Send failed ones again
            </Button>
          )}
        </Group>
        <Listed
          of={list}
          empty={
            <Empty icon={IconSend} title="Nothing here">
              Events that it asks for appear as they happen, and stay for 30 days.
            </Empty>
          }
        >
          {(items) => (
            <Stack gap={0}>
              {items.map((it) => (
                <Line key={it.id} delivery={it} webhook={webhook} />
              ))}
            </Stack>
          )}
        </Listed>
      </Stack>
    </Dialog>
  );
}

function Line({ delivery, webhook }: { delivery: WebhookDelivery; webhook: Webhook }) {
  const agency = useAgency();
  const { tenants } = useTenants();
  const [isOpen, setOpen] = useState(false);
  const redeliver = useAct({
    act: () => webhookApi(agency.id).redeliver(webhook.id, delivery.id),
    changes: [deliveriesKey(agency.id, webhook.id)],
    done: 'It is sent again.',
  });
  const tenant = tenants.find((it) => it.id === delivery.tenant)?.name;
  return (
    <Box py="sm" className="line">
      <Group justify="space-between" align="flex-start">
        <Box miw={0} flex="1 1 240px">
          <Group gap="xs">
            <Text size="sm" fw={600} className="break">
              {delivery.event_type}
            </Text>
            <Tag tone={tones[delivery.state]}>{labels[delivery.state]}</Tag>
          </Group>
          <Text size="xs" c="dimmed" className="break">
            {delivery.tenant === null ? 'The agency' : (tenant ?? 'A tenant')},{' '}
            <Moment at={delivery.happened_at} />, {plural(delivery.tries, 'try', 'tries')}
            {delivery.state !== 'delivered' && delivery.error && `: ${delivery.error}`}
            {delivery.next_try_at && !delivery.under_way && delivery.tries > 0 && (
              <>
                , next <Moment at={delivery.next_try_at} isDue />
              </>
            )}
          </Text>
        </Box>
        <Group gap="xs">
          <Button
            size="compact-sm"
            variant="subtle"
            aria-expanded={isOpen}
            onClick={() => setOpen((before) => !before)}
          >
            {isOpen ? 'Hide tries' : 'Tries'}
          </Button>
          {agency.may('manage') && webhook.enabled && (
            <Button
              size="compact-sm"
              variant="default"
              loading={redeliver.isPending}
              onClick={() => redeliver.start()}
            >
              Send again
            </Button>
          )}
        </Group>
      </Group>
      <Collapse in={isOpen}>{isOpen && <Attempts delivery={delivery} webhook={webhook} />}</Collapse>
    </Box>
  );
}

function Attempts({ delivery, webhook }: { delivery: WebhookDelivery; webhook: Webhook }) {
  const agency = useAgency();
  const detail = useApi(deliveriesKey(agency.id, webhook.id, 'one', delivery.id, delivery.tries), () =>
    webhookApi(agency.id).delivery(webhook.id, delivery.id),
  );
  return (
    <Answered of={detail}>
      {(found) => (
        <Stack gap="xs" pt="xs">
          <Text size="xs" c="dimmed" className="break">
            webhook-id {found.delivery.message_id}
          </Text>
          {found.attempts.length === 0 && <Text size="sm">It was not tried yet.</Text>}
          {found.attempts.map((it) => (
            <Box key={it.number}>
              <Text size="sm">
                {it.number}. <Moment at={it.at} />, {it.took_ms} ms: {it.error ?? `taken with ${it.status}`}
              </Text>
              {it.response && (
                <Code block className="break">
                  {it.response}
                </Code>
              )}
            </Box>
          ))}
        </Stack>
      )}
    </Answered>
  );
}
