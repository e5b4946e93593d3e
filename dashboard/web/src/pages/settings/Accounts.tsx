import { Anchor, Box, Button, Group, Stack, Text } from '@mantine/core';
import { IconBrandInstagram } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { Account } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { confirm } from '@/ui/confirm';
import { Moment, Section, Status } from '@/ui/pieces';
import { Answered, Empty, Notice } from '@/ui/states';
import { ConnectDialog } from './ConnectDialog';

export function Accounts() {
  const tenant = useTenant();
  const [connecting, setConnecting] = useState<{ account?: Account } | null>(null);
  const accounts = useApi(keys.tenant(tenant.id, 'accounts'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/accounts', { params: { path: { tenant: tenant.id } } })),
  );
  const mayEdit = tenant.may('manage');
  const connect = mayEdit && (
    <Button leftSection={<IconBrandInstagram size={16} aria-hidden />} onClick={() => setConnecting({})}>
      Connect Instagram
    </Button>
  );
  return (
    <Section
      title="Instagram accounts"
      lead="Professional accounts that Troupe looks after."
      actions={connect}
    >
      <Answered of={accounts}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty icon={IconBrandInstagram} title="No account is connected" action={connect}>
              Instagram asks its owner for consent. Tokens are kept encrypted and never shown.
            </Empty>
          ) : (
            <Stack gap={0}>
              {page.items.map((it) => (
                <AccountLine
                  key={it.id}
                  account={it}
                  mayEdit={mayEdit}
                  onReconnect={() => setConnecting({ account: it })}
                />
              ))}
            </Stack>
          )
        }
      </Answered>
      {connecting !== null && (
        <ConnectDialog account={connecting.account} onClose={() => setConnecting(null)} />
      )}
    </Section>
  );
}

function AccountLine({
  account,
  mayEdit,
  onReconnect,
}: {
  account: Account;
  mayEdit: boolean;
  onReconnect: () => void;
}) {
  const tenant = useTenant();
  const path = { tenant: tenant.id, account: account.id };
  const connection = useApi(keys.tenant(tenant.id, 'accounts', 'connection', account.id), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/accounts/{account}/connection', { params: { path } })),
  );
  const disconnect = useAct({
    act: () =>
      answer(api.POST('/api/v1/tenants/{tenant}/accounts/{account}/disconnect', { params: { path } })),
    changes: [keys.tenant(tenant.id, 'accounts'), keys.tenant(tenant.id, 'health')],
    done: `@${account.username} is disconnected.`,
  });
  const trouble = connection.data?.trouble;
  return (
    <Box py="sm" className="line">
      <Group justify="space-between" align="flex-start">
        <Box miw={0}>
          <Group gap="xs">
            <Text fw={600} size="sm">
              @{account.username}
            </Text>
            <Status of={account.status} />
          </Group>
          <Text size="xs" c="dimmed">
            {account.flavour === 'facebook' ? 'By Facebook Login' : 'By Instagram Login'}
            {account.token_expires_at && (
              <>
                , token expires <Moment at={account.token_expires_at} />
              </>
            )}
            {connection.data?.webhooks_since && (
              <>
                , webhooks since <Moment at={connection.data.webhooks_since} />
              </>
            )}
          </Text>
        </Box>
        {mayEdit && (
          <Group gap="xs">
            <Button size="compact-sm" variant="default" onClick={onReconnect}>
              Connect again
            </Button>
            {account.status === 'active' && (
              <Button
                size="compact-sm"
                variant="default"
                loading={disconnect.isPending}
                onClick={() =>
                  confirm({
                    title: `Disconnect @${account.username}?`,
                    text: 'Its queue stops and its token is deleted. What was recorded stays.',
                    yes: 'Disconnect',
                    isDangerous: true,
                    act: () => disconnect.start(),
                  })
                }
              >
                Disconnect
              </Button>
            )}
          </Group>
        )}
      </Group>
      {trouble && (
        <Box mt="xs">
          <Notice tone="warn" title={trouble.what_happened}>
            {trouble.what_to_do}
          </Notice>
        </Box>
      )}
      {connection.data !== undefined && connection.data.missing.length > 0 && (
        <Box mt="xs">
          <Notice tone="info" title="Some permissions were not given">
            <ul style={{ margin: 0, paddingInlineStart: 18 }}>
              {connection.data.missing.map((it) => (
                <li key={it.scope}>{it.without_it}</li>
              ))}
            </ul>
          </Notice>
        </Box>
      )}
      {account.status === 'active' && (
        <Anchor
          href={`https://www.instagram.com/${account.username}/`}
          target="_blank"
          rel="noreferrer"
          size="xs"
        >
          Open on Instagram
        </Anchor>
      )}
    </Box>
  );
}
