import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { TriggerKind } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { outcomeName } from '../decisions/outcomes';
import { IntentTag, Section, Tag } from '@/ui/pieces';
import { FormProblem } from '@/ui/states';
import { Trace } from '../decisions/Trace';

/** What would be decided about a text at present; nothing is done. */
export function TryRule({ on }: { on: TriggerKind }) {
  const tenant = useTenant();
  const [text, setText] = useState('');
  const path = { tenant: tenant.id };
  const accounts = useApi(keys.tenant(tenant.id, 'accounts'), () =>
    answer(api.GET('/api/v1/tenants/{tenant}/accounts', { params: { path } })),
  );
  const account = accounts.data?.items[0]?.id;
  const ask = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/decisions/preview', {
          params: { path },
          body: { account: account ?? '', on, text: text.trim() },
        }),
      ),
    changes: [],
    isQuiet: true,
  });
  if (account === undefined) return null;
  return (
    <Section title="Try a text" lead="With the rules as they are saved. Nothing is done.">
      <Stack gap="xs">
        <Textarea
          aria-label="Text to try"
          placeholder="How much is the large one?"
          autosize
          minRows={2}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button
            variant="default"
            size="xs"
            loading={ask.isPending}
            disabled={text.trim() === ''}
            onClick={() => ask.start()}
          >
            Try it
          </Button>
        </Group>
        <FormProblem error={ask.error} />
        {ask.data !== undefined && (
          <>
            <Group gap="xs">
              <Tag tone="info">{outcomeName(ask.data.outcome)}</Tag>
              {ask.data.classification && (
                <IntentTag
                  intent={ask.data.classification.intent}
                  confidence={ask.data.classification.confidence}
                />
              )}
            </Group>
            <Text size="sm">{ask.data.reason}</Text>
            <Trace trace={ask.data.trace} />
          </>
        )}
      </Stack>
    </Section>
  );
}
