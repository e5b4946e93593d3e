import { Anchor, Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconMessageQuestion } from '@tabler/icons-react';
import { Link } from 'react-router-dom';
import { useTenant } from '@/shell/where';
import { dollars, duration, number, percent, person, refusal, words } from '@/ui/format';
import { Fact, IntentTag, Moment, Quote, Section, Status, Tag } from '@/ui/pieces';
import { Answered } from '@/ui/states';
import { ActionLine } from '../queue/ActionLine';
import { useDecision, useEffectsOf, type DecisionEntry } from './data';
import { FeedbackButtons } from './FeedbackButtons';
import { outcomeName } from './outcomes';
import { modelName, modes, promptName } from './steps';
import { Trace } from './Trace';

/** A decision with everything that led to it and what became of it. */
export function DecisionView({ id }: { id: string }) {
  const tenant = useTenant();
  return <Answered of={useDecision(tenant.id, id)}>{(found) => <Found {...found} />}</Answered>;
}

function Found({ record, entry }: DecisionEntry) {
  const tenant = useTenant();
  const found = record.classification;
  const question = `Why was this decided? (${record.id})`;
  return (
    <Stack>
      <Section title="What came in">
        {record.incoming_text !== null && record.incoming_text !== undefined && (
          <Quote>“{record.incoming_text}”</Quote>
        )}
        <Group gap="xs" mt="xs">
          {found !== null && <IntentTag intent={found.intent} confidence={found.confidence} />}
          {found !== null && <Tag>{words(found.sentiment)}</Tag>}
          {found?.crisis === true && <Tag tone="bad">Crisis</Tag>}
          <Text size="sm" c="dimmed">
            {words(record.event_kind)}
            {record.author && ` from ${person(record.author)}`}, <Moment at={record.decided_at} />
          </Text>
          {record.conversation && (
            <Anchor component={Link} to={tenant.path(`inbox/${record.conversation}`)} size="sm">
              Open the conversation
            </Anchor>
          )}
        </Group>
      </Section>
      <Section
        title={`${outcomeName(record.outcome)}: ${record.reason}`}
        actions={
          <Button
            component={Link}
            to={`${tenant.path('ask')}?${new URLSearchParams({ q: question })}`}
            variant="light"
            size="xs"
            leftSection={<IconMessageQuestion size={15} aria-hidden />}
          >
            Ask why
          </Button>
        }
      >
        <SimpleGrid cols={{ base: 2, xs: 3, md: 4 }} spacing="md" verticalSpacing="sm">
          <Fact label="Mode">{modes[record.mode ?? ''] ?? 'None'}</Fact>
          <Fact label="Confidence">{found === null ? 'Not classified' : percent(found.confidence)}</Fact>
          <Fact label="Model">{modelName(record.model)}</Fact>
          <Fact label="Prompt version">{promptName(record.prompt_version)}</Fact>
          <Fact label="Cost">{dollars(record.cost_micro_usd)}</Fact>
          <Fact label="Tokens">
            {number(record.tokens_in)} in, {number(record.tokens_out)} out
          </Fact>
          <Fact label="Time taken">{duration(record.latency_us)}</Fact>
          <Fact label="Decided by">{words(entry.actor)} agent</Fact>
        </SimpleGrid>
        {tenant.may('operate') && <FeedbackButtons decision={record.id} intent={found?.intent} />}
      </Section>
      <Effects record={record} />
      <Section title="Step by step">
        <Trace trace={record.trace} record={record} />
      </Section>
    </Stack>
  );
}

function Effects({ record }: Pick<DecisionEntry, 'record'>) {
  const tenant = useTenant();
  const effects = useEffectsOf(tenant.id, record);
  if (effects.data === undefined || effects.data.length === 0) return null;
  return (
    <Section title="What it set in motion">
      <Stack gap="sm">
        {effects.data.map((effect) => (
          <Group key={effect.id} justify="space-between" align="flex-start" wrap="nowrap">
            <ActionLine action={effect.payload} />
            <Stack gap={2} align="flex-end">
              <Status of={effect.status} />
              {effect.error && (
                <Text size="xs" c="dimmed" ta="right">
                  {refusal(effect.error)}
                </Text>
              )}
              {effect.sent_at && (
                <Text size="xs" c="dimmed">
                  <Moment at={effect.sent_at} />
                </Text>
              )}
            </Stack>
          </Group>
        ))}
      </Stack>
    </Section>
  );
}
