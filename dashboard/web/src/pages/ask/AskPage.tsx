import {
  Anchor,
  Box,
  Button,
  Card,
  Collapse,
  Group,
  Loader,
  Stack,
  Text,
  Textarea,
  UnstyledButton,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconMessageQuestion, IconPlayerStop, IconSend } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { Link, useSearchParams } from 'react-router-dom';
import { useTenant } from '@/shell/where';
import { percent, refusal, shortened } from '@/ui/format';
import { PageHeader, Tag } from '@/ui/pieces';
import { Empty, Notice } from '@/ui/states';
import { Conversations } from './Conversations';
import { partsOf, placeOf } from './sources';
import { useChat, type Turn } from './useChat';
import { longestQuestion, type Source } from './wire';

const examples = [
  'Why was the last comment hidden?',
  'What waits for a person, and since when?',
  'What did we spend on captions last week?',
  'What did you not do today, and why?',
];

export function Component() {
  const tenant = useTenant();
  const [params, setParams] = useSearchParams();
  const [question, setQuestion] = useState(params.get('q') ?? '');
  const { turns, start, stop, begin, open, isWriting } = useChat(tenant.id);
  const end = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (turns.length > 0) end.current?.scrollIntoView({ block: 'nearest' });
  }, [turns]);

  const ask = (words: string) => {
    const text = words.trim();
    if (text === '' || isWriting || text.length > longestQuestion) return;
    setQuestion('');
    if (params.has('q')) setParams({}, { replace: true });
    void start(text);
  };

  return (
    <>
      <PageHeader
        title="Ask why"
        lead="Questions about what was decided and done. Every answer names its records; no record, no claim."
        actions={
          <Group gap="xs">
            <Conversations tenant={tenant.id} onOpen={(id) => void open(id)} />
            {turns.length > 0 && (
              <Button variant="default" onClick={begin}>
                New conversation
              </Button>
            )}
          </Group>
        }
      />
      <Stack maw={820}>
        {turns.length === 0 ? (
          <Card>
            <Empty icon={IconMessageQuestion} title="What do you want to know?">
              <Group justify="center" gap="xs" mt="sm">
                {examples.map((it) => (
                  <Button key={it} size="compact-sm" variant="default" onClick={() => ask(it)}>
                    {it}
                  </Button>
                ))}
              </Group>
            </Empty>
          </Card>
        ) : (
          <Stack component="section" aria-label="Conversation">
            {turns.map((turn, index) => (
              <Answer key={index} turn={turn} />
            ))}
          </Stack>
        )}
        <div ref={end} />
        <Card>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              ask(question);
            }}
          >
            <Textarea
              aria-label="Question"
              placeholder="Why was …?"
              autosize
              minRows={2}
              maxRows={8}
              autoFocus
              value={question}
              onChange={(event) => setQuestion(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
                event.preventDefault();
                ask(question);
              }}
              error={
                question.length > longestQuestion
                  ? `At most ${longestQuestion} characters; this has ${question.length}.`
                  : undefined
              }
            />
            <Group justify="space-between" mt="xs">
              <Text size="xs" c="dimmed">
                Enter asks, Shift Enter begins a new line.
              </Text>
              {isWriting ? (
                <Button
                  variant="default"
                  leftSection={<IconPlayerStop size={15} aria-hidden />}
                  onClick={stop}
                >
                  Stop
                </Button>
              ) : (
                <Button
                  type="submit"
                  leftSection={<IconSend size={15} aria-hidden />}
                  disabled={question.trim() === '' || question.length > longestQuestion}
                >
                  Ask
                </Button>
              )}
            </Group>
          </form>
        </Card>
      </Stack>
    </>
  );
}

function Answer({ turn }: { turn: Turn }) {
  const [isOpen, { toggle }] = useDisclosure(false);
  const { end } = turn;
  return (
    <Card>
      <Text fw={600} size="sm" className="break">
        {turn.question}
      </Text>
      <Box mt="sm" aria-live="polite" aria-busy={turn.is === 'writing'}>
        {turn.answer !== '' && (
          <Text size="sm" className="break" style={{ whiteSpace: 'pre-wrap' }}>
            <Words answer={turn.answer} sources={end?.sources ?? []} />
          </Text>
        )}
        {turn.is === 'writing' && turn.answer === '' && (
          <Loader size="xs" type="dots" aria-label="Looking into the records" />
        )}
      </Box>
      {turn.is === 'incomplete' && (
        <Box mt="sm">
          <Notice tone="warn" title="This answer is incomplete">
            {turn.problem}
          </Notice>
        </Box>
      )}
      {turn.error !== undefined && (
        <Notice tone="bad" title={turn.error.title}>
          {turn.error.message}
        </Notice>
      )}
      {end !== undefined && (
        <Stack gap="xs" mt="sm">
          {end.sources.length > 0 && (
            <Group gap={6}>
              <Text size="xs" c="dimmed">
                Records
              </Text>
              {end.sources.map((it, index) => (
                <SourceLink key={`${it.id}${index}`} source={it} number={index + 1} />
              ))}
            </Group>
          )}
          <Group gap="xs">
            {end.confidence !== null && (
              <Tag tone={end.confidence >= 0.7 ? 'good' : 'warn'}>{percent(end.confidence)} sure</Tag>
            )}
            <Text size="xs" c="dimmed">
              {(end.latencyMs / 1000).toFixed(1)} s
            </Text>
            {end.steps.length + end.tools.length > 0 && (
              <UnstyledButton onClick={toggle} aria-expanded={isOpen}>
                <Text size="xs" c="dimmed" td="underline" component="span">
                  How it was found
                </Text>
              </UnstyledButton>
            )}
          </Group>
          <Collapse in={isOpen}>
            <ol style={{ margin: 0, paddingInlineStart: 20 }}>
              {[...end.steps, ...end.tools.map((it) => `Looked into ${it}`)].map((it, index) => (
                <li key={index}>
                  <Text size="sm">{it}</Text>
                </li>
              ))}
            </ol>
          </Collapse>
        </Stack>
      )}
    </Card>
  );
}

/** An answer whose marks lead to their records. */
function Words({ answer, sources }: { answer: string; sources: Source[] }) {
  const tenant = useTenant();
  return partsOf(answer).map((part, index) => {
    const source = part.is === 'mark' ? sources[part.number - 1] : undefined;
    if (part.is === 'words') return <span key={index}>{refusal(part.text)}</span>;
    if (source === undefined) return <span key={index}>[{part.number}]</span>;
    return (
      <Anchor
        key={index}
        component={Link}
        to={tenant.path(placeOf(source))}
        size="xs"
        aria-label={`Record ${part.number}: ${source.title ?? source.id}`}
      >
        [{part.number}]
      </Anchor>
    );
  });
}

function SourceLink({ source, number }: { source: Source; number: number }) {
  const tenant = useTenant();
  return (
    <Anchor component={Link} to={tenant.path(placeOf(source))} size="xs" title={source.title ?? source.id}>
      [{number}] {shortened(source.title ?? source.id, 60)}
    </Anchor>
  );
}
