import { Box, Button, Group, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconWebhook } from '@tabler/icons-react';
import { useState } from 'react';
import { usePages } from '@/api/queries';
import type { Webhook } from '@/api/types';
import { useAgency } from '@/shell/AgencyLayout';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { plural } from '@/ui/format';
import { Moment, Name, Section, Tag } from '@/ui/pieces';
import { Empty, Listed, Notice } from '@/ui/states';
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
  const mayEdit = agency.may('manage');
  const close = () => setOpen(null);
  return (
    <Section
      title="Webhooks"
      lead="What happens is told to programs of your own, signed. People are told through channels."
      actions={mayEdit && <Button onClick={() => setOpen({ what: 'edit' })}>Add a webhook</Button>}
    >
      <Listed
        of={list}
        empty={
          <Empty icon={IconWebhook} title="No program is told yet">
            Add the address of one that takes signed events: decisions, posts, approvals and all else in the
            audit log.
          </Empty>
        }
      >
        {(items) => (
          <Stack gap={0}>
            {items.map((it) => (
              <Line key={it.id} webhook={it} onOpen={(what) => setOpen({ what, webhook: it })} />
            ))}
          </Stack>
        )}
      </Listed>
      {open?.what === 'edit' && <WebhookDialog webhook={open.webhook} onClose={close} />}
      {open?.what === 'rotate' && open.webhook && <RotateDialog webhook={open.webhook} onClose={close} />}
      {open?.what === 'deliveries' && open.webhook && (
        <WebhookDeliveries webhook={open.webhook} onClose={close} />
      )}
    </Section>
  );
}

function Line({ webhook, onOpen }: { webhook: Webhook; onOpen: (what: Open['what']) => void }) {
  const agency = useAgency();
  const routes = webhookApi(agency.id);
  const changes = [webhooksKey(agency.id)];
  const test = useAct({
    act: () => routes.test(webhook.id),
    changes,
    onDone: (result) =>
      notifications.show(
        result.taken
          ? { message: `${webhook.name} took the test event in ${result.took_ms} ms.` }
          : {
              color: 'red',
              title: `${webhook.name} did not take it`,
              message: result.error ?? 'It gave no reason.',
            },
      ),
  });
  const turn = useAct({
    act: (enabled: boolean) => routes.change(webhook, { ...documentOf(webhook), enabled }),
    changes,
    done: (_, enabled) =>
      enabled ? `${webhook.name} is on, and what waited is sent.` : `${webhook.name} is off.`,
  });
  const remove = useAct({
    act: () => routes.remove(webhook.id),
    changes,
    done: `${webhook.name} is removed.`,
  });
  return (
    <Box role="group" aria-label={webhook.name} py="sm" style={{ borderBottom: '1px solid var(--line)' }}>
      <Group justify="space-between" align="flex-start">
        <Box miw={0} flex="1 1 240px">
          <Group gap="xs">
            <Text size="sm" fw={600}>
              <Name>{webhook.name}</Name>
            </Text>
            {!webhook.enabled && <Tag tone="bad">Off</Tag>}
            {webhook.enabled && webhook.failing_since && <Tag tone="warn">Fails</Tag>}
          </Group>
          <Text size="xs" c="dimmed" className="break">
            {webhook.url}
          </Text>
          <Text size="xs" c="dimmed" className="break">
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
          </Text>
        </Box>
        <Group gap="xs">
          <Button size="compact-sm" variant="default" onClick={() => onOpen('deliveries')}>
            Deliveries
          </Button>
          {agency.may('manage') && (
            <>
              <Button
                size="compact-sm"
                variant="default"
                loading={test.isPending}
                onClick={() => test.start()}
              >
                Test
              </Button>
              <Button size="compact-sm" variant="default" onClick={() => onOpen('edit')}>
                Change
              </Button>
              <Button size="compact-sm" variant="default" onClick={() => onOpen('rotate')}>
                New secret
              </Button>
              <Button
                size="compact-sm"
                variant="default"
                loading={turn.isPending}
                onClick={() => turn.start(!webhook.enabled)}
              >
                {webhook.enabled ? 'Switch off' : 'Switch on'}
              </Button>
              <Button
                size="compact-sm"
                variant="default"
                loading={remove.isPending}
                onClick={() =>
                  confirm({
                    title: `Remove ${webhook.name}?`,
                    text: 'Nothing is told there any more, and what waits for it is dropped.',
                    yes: 'Remove',
                    isDangerous: true,
                    act: () => remove.start(),
                  })
                }
              >
                Remove
              </Button>
            </>
          )}
        </Group>
      </Group>
      {webhook.disabled && (
        <Box mt="xs">
          <Notice tone="warn" title="Nothing is sent">
            {reasons[webhook.disabled.reason]} Off since <Moment at={webhook.disabled.since} />. What happens
            meanwhile waits up to 30 days, and is sent once it is switched on.
          </Notice>
        </Box>
      )}
    </Box>
  );
}
