import { Button, Group, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { IconSparkles } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { dollars } from '@/ui/format';
import { Tag } from '@/ui/pieces';
import { FormProblem } from '@/ui/states';

/** Captions and hashtags in the brand's voice. */
export function CaptionIdeas({ caption, onUse }: { caption: string; onUse: (caption: string) => void }) {
  const tenant = useTenant();
  const [topic, setTopic] = useState('');
  const ask = useAct({
    act: () =>
      answer(
        api.POST('/api/v1/tenants/{tenant}/posts/captions', {
          params: { path: { tenant: tenant.id } },
          body: { topic: topic.trim() },
        }),
      ),
    changes: [],
    isQuiet: true,
  });
  const found = ask.data;
  return (
    <Stack gap="xs" p="sm" style={{ background: 'var(--surface)', borderRadius: 8 }}>
      <Group align="flex-end" gap="xs" wrap="nowrap">
        <TextInput
          label="Suggest captions about"
          size="xs"
          flex={1}
          maxLength={500}
          value={topic}
          onChange={(event) => setTopic(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault();
            if (topic.trim() !== '') ask.start();
          }}
        />
        <Button
          size="xs"
          variant="default"
          leftSection={<IconSparkles size={14} aria-hidden />}
          loading={ask.isPending}
          disabled={topic.trim() === ''}
          onClick={() => ask.start()}
        >
          Suggest
        </Button>
      </Group>
      <FormProblem error={ask.error} />
      {found !== undefined && (
        <>
          {found.captions.map((text, index) => (
            <UnstyledButton
              key={index}
              onClick={() => onUse(text)}
              p="xs"
              style={{
                border: '1px solid var(--line)',
                borderRadius: 8,
                background: 'var(--surface-raised)',
              }}
            >
              <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
                {text}
              </Text>
            </UnstyledButton>
          ))}
          {found.hashtags.length > 0 && (
            <Group gap={6}>
              {found.hashtags.map((tag) => (
                <Button
                  key={tag}
                  size="compact-xs"
                  variant="default"
                  onClick={() => onUse(`${caption.trimEnd()} #${tag}`.trim())}
                >
                  #{tag}
                </Button>
              ))}
            </Group>
          )}
          <Group gap={6}>
            <Tag>{found.provider === 'offline' ? 'Offline' : found.model}</Tag>
            <Text size="xs" c="dimmed">
              {found.degraded ?? (found.cost_micro_usd > 0 ? dollars(found.cost_micro_usd) : 'No cost')}
            </Text>
          </Group>
        </>
      )}
    </Stack>
  );
}
