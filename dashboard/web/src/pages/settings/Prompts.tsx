import { Box, Button, Group, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import type { PromptKey, PromptSummary, PromptUse } from '@/api/types';
import { useAgency } from '@/shell/AgencyLayout';
import { plural } from '@/ui/format';
import { Moment, Section, Tag } from '@/ui/pieces';
import { Answered, Empty } from '@/ui/states';
import { OwnChoices, UseVersion } from './PromptChoice';
import { Compare, NewVersion } from './PromptDialogs';
import { chosenAlone, inUse, promptKeys } from './prompts';

type Dialog =
  | { kind: 'add'; from?: PromptSummary }
  | { kind: 'compare'; prompt: PromptSummary }
  | { kind: 'use'; prompt: PromptSummary };

export function Prompts() {
  const agency = useAgency();
  const [key, setKey] = useState<PromptKey>('reply');
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const path = { agency: agency.id };
  const list = useApi(keys.agency(agency.id, 'prompts', key), () =>
    answer(api.GET('/api/v1/agencies/{agency}/prompts', { params: { path, query: { key } } })),
  );
  const uses = useApi(keys.agency(agency.id, 'prompts', 'in-use'), () =>
    answer(api.GET('/api/v1/agencies/{agency}/prompts/in-use', { params: { path } })),
  );
  const found = list.data?.items ?? [];
  return (
    <Section
      title="Prompts"
      lead="What models are told. A version stays as it is; a change is a new one, used once it is chosen."
      actions={
        agency.may('manage') && (
          <Button onClick={() => setDialog({ kind: 'add', from: found[0] })}>New version</Button>
        )
      }
    >
      <Select
        aria-label="Prompt"
        allowDeselect={false}
        maw={320}
        mb="sm"
        data={promptKeys}
        value={key}
        onChange={(value) => setKey(value as PromptKey)}
      />
      <Answered of={list}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No versions" />
          ) : (
            <Answered of={uses}>
              {(used) => (
                <>
                  <Stack gap={0}>
                    {items.map((it) => (
                      <Line
                        key={it.id}
                        prompt={it}
                        uses={used.items}
                        onCompare={() => setDialog({ kind: 'compare', prompt: it })}
                        onCopy={() => setDialog({ kind: 'add', from: it })}
                        onUse={() => setDialog({ kind: 'use', prompt: it })}
                      />
                    ))}
                  </Stack>
                  <OwnChoices promptKey={key} uses={used.items} />
                </>
              )}
            </Answered>
          )
        }
      </Answered>
      {dialog?.kind === 'add' && (
        <NewVersion promptKey={key} from={dialog.from} onClose={() => setDialog(null)} />
      )}
      {dialog?.kind === 'compare' && (
        <Compare prompt={dialog.prompt} versions={found} onClose={() => setDialog(null)} />
      )}
      {dialog?.kind === 'use' && (
        <UseVersion prompt={dialog.prompt} uses={uses.data?.items ?? []} onClose={() => setDialog(null)} />
      )}
    </Section>
  );
}

function Line(props: {
  prompt: PromptSummary;
  uses: PromptUse[];
  onCompare: () => void;
  onCopy: () => void;
  onUse: () => void;
}) {
  const agency = useAgency();
  const { prompt, uses } = props;
  const used = inUse(uses, prompt.key);
  const alone = chosenAlone(uses, prompt.key, prompt.version);
  const isUsed = used?.version === prompt.version;
  return (
    <Group align="flex-start" py="sm" className="line">
      <Box flex={1} miw={200}>
        <Group gap="xs">
          <Text size="sm" fw={600}>
            Version {prompt.version}
          </Text>
          {isUsed && <Tag tone="good">{used.is_default ? 'In use, as it came' : 'In use'}</Tag>}
          {alone > 0 && <Tag tone="info">{plural(alone, 'tenant')}</Tag>}
          {prompt.is_built_in && <Tag>Built in</Tag>}
        </Group>
        <Text size="sm" className="break">
          {prompt.note || 'No note.'}
        </Text>
        <Text size="xs" c="dimmed">
          <Moment at={prompt.created_at} />
        </Text>
      </Box>
      <Group gap="xs">
        <Button size="compact-sm" variant="default" onClick={props.onCompare}>
          Read and compare
        </Button>
        {agency.may('manage') && (
          <>
            <Button size="compact-sm" variant="default" onClick={props.onCopy}>
              Change
            </Button>
            <Button size="compact-sm" variant={isUsed ? 'default' : 'filled'} onClick={props.onUse}>
              {isUsed ? 'Use at one tenant' : 'Use it'}
            </Button>
          </>
        )}
      </Group>
    </Group>
  );
}
