import { Anchor, Button, Group, Loader, Radio, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { keys } from '@/api/queries';
import type { Account, Connect } from '@/api/types';
import { useTenant } from '@/shell/where';
import { Dialog } from '@/ui/Dialog';
import { useAct } from '@/ui/act';
import { FormProblem, Notice } from '@/ui/states';

type Flavour = Connect['flavour'];

const isOver = (status: Connect['status']) => status === 'connected' || status === 'failed';

/** Sends somebody to Instagram's consent page and waits for what comes of it. */
export function ConnectDialog({ account, onClose }: { account?: Account; onClose: () => void }) {
  const tenant = useTenant();
  const [flavour, setFlavour] = useState<Flavour>(account?.flavour ?? 'instagram');
  const path = { tenant: tenant.id };
  const begin = useAct({
    once: true,
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/accounts/connect', {
          params: { path },
          body: { flavour, account: account?.id ?? null },
        }),
      ),
    changes: [],
    isQuiet: true,
  });
  const attempt = useQuery({
    initialData: begin.data,
    queryKey: keys.tenant(tenant.id, 'connect', begin.data?.id),
    queryFn: () =>
      answer(
        api.GET('/api/v1/tenants/{tenant}/accounts/connect/{connect}', {
          params: { path: { ...path, connect: begin.data?.id ?? '' } },
        }),
      ),
    enabled: begin.data !== undefined,
    refetchInterval: (query) =>
      query.state.data !== undefined && isOver(query.state.data.status) ? false : 1500,
  });
  // The address holds a secret: it is told once, when the attempt begins.
  const state = attempt.data && {
    ...attempt.data,
    authorise_url: attempt.data.authorise_url ?? begin.data?.authorise_url,
  };
  return (
    <Dialog
      onClose={onClose}
      title={account === undefined ? 'Connect Instagram' : `Connect @${account.username} again`}
    >
      {state === undefined ? (
        <Stack>
          <FormProblem error={begin.error} />
          <Radio.Group
            label="How the account's owner signs in"
            value={flavour}
            onChange={(it) => setFlavour(it as Flavour)}
          >
            <Stack gap="xs" mt="xs">
              <Radio
                value="instagram"
                label="Instagram Login"
                description="The account alone. The simplest way."
                disabled={account !== undefined && account.flavour !== 'instagram'}
              />
              <Radio
                value="facebook"
                label="Facebook Login"
                description="The account through its Facebook Page. Needed for hashtag search and competitors."
                disabled={account !== undefined && account.flavour !== 'facebook'}
              />
            </Stack>
          </Radio.Group>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button loading={begin.isPending} onClick={() => begin.start()}>
              Go on
            </Button>
          </Group>
        </Stack>
      ) : (
        <Progress state={state} onClose={onClose} again={() => begin.reset()} />
      )}
    </Dialog>
  );
}

function Progress({ state, onClose, again }: { state: Connect; onClose: () => void; again: () => void }) {
  const tenant = useTenant();
  const [chosen, setChosen] = useState('');
  const choose = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/accounts/connect/{connect}/choose', {
          params: { path: { tenant: tenant.id, connect: state.id } },
          body: { external_id: chosen },
        }),
      ),
    changes: [keys.tenant(tenant.id, 'connect'), keys.tenant(tenant.id, 'accounts')],
  });
  const changes = useAct({
    act: async () => undefined,
    changes: [keys.tenant(tenant.id, 'accounts'), keys.tenant(tenant.id, 'health')],
    onDone: onClose,
  });

  if (state.status === 'connected') {
    return (
      <Stack>
        <Notice tone="good" title="Connected">
          Comments and messages come in from now on.
        </Notice>
        {state.missing.length > 0 && (
          <Notice tone="warn" title="Some permissions were not given">
            {state.missing.map((it) => (
              <div key={it.scope}>{it.without_it}</div>
            ))}
          </Notice>
        )}
        <Group justify="flex-end">
          <Button onClick={() => changes.start()}>Done</Button>
        </Group>
      </Stack>
    );
  }
  if (state.status === 'failed') {
    return (
      <Stack>
        <Notice tone="bad" title="It was not connected">
          {state.message ?? 'Instagram gave no reason.'}
        </Notice>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button onClick={again}>Try again</Button>
        </Group>
      </Stack>
    );
  }
  if (state.status === 'choosing') {
    return (
      <Stack>
        <Radio.Group label="Which account?" value={chosen} onChange={setChosen}>
          <Stack gap="xs" mt="xs">
            {state.choices.map((it) => (
              <Radio
                key={it.external_id}
                value={it.external_id}
                label={`@${it.username}`}
                description={it.page ?? undefined}
              />
            ))}
          </Stack>
        </Radio.Group>
        <Group justify="flex-end">
          <Button disabled={chosen === ''} loading={choose.isPending} onClick={() => choose.start()}>
            Connect it
          </Button>
        </Group>
      </Stack>
    );
  }
  return (
    <Stack>
      <Text size="sm">
        Open Instagram's page in a new tab, sign in as the account, and give the permissions. This window
        notices by itself.
      </Text>
      {state.authorise_url && (
        <Button component="a" href={state.authorise_url} target="_blank" rel="noreferrer noopener">
          Open Instagram
        </Button>
      )}
      {state.authorise_url && (
        <Text size="xs" c="dimmed" className="break">
          The owner is somewhere else? Send them this address:{' '}
          <Anchor href={state.authorise_url}>consent page</Anchor>
        </Text>
      )}
      <Group gap="xs" role="status">
        <Loader size="xs" aria-hidden />
        <Text size="sm">
          {state.status === 'exchanging' ? 'The account is being connected …' : 'Waiting for the consent …'}
        </Text>
      </Group>
    </Stack>
  );
}
