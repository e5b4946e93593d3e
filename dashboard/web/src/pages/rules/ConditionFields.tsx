import {
  ActionIcon,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import type { Condition } from '@/api/types';
import { words } from '@/ui/format';
import { conditionKinds, newCondition } from './model';

const intents = ['praise', 'question', 'complaint', 'spam', 'lead', 'other'] as const;
const sentiments = ['positive', 'neutral', 'negative'] as const;
export const languages = [
  { value: 'en', label: 'English' },
  { value: 'es', label: 'Spanish' },
  { value: 'pt', label: 'Portuguese' },
  { value: 'de', label: 'German' },
  { value: 'fr', label: 'French' },
  { value: 'it', label: 'Italian' },
];

const options = (values: readonly string[]) => values.map((value) => ({ value, label: words(value) }));

interface FieldsProps {
  condition: Condition;
  isFirst: boolean;
  isDisabled: boolean;
  onChange: (condition: Condition) => void;
  onRemove: () => void;
}

export function ConditionFields({ condition, isFirst, isDisabled, onChange, onRemove }: FieldsProps) {
  return (
    <Group
      align="flex-start"
      gap="xs"
      wrap="wrap"
      p="sm"
      style={{ background: 'var(--surface)', borderRadius: 8 }}
    >
      <Text size="sm" c="dimmed" w={34} pt={7}>
        {isFirst ? 'that' : 'and'}
      </Text>
      <Select
        aria-label="Kind of condition"
        data={conditionKinds}
        allowDeselect={false}
        disabled={isDisabled}
        w={190}
        value={condition.if}
        onChange={(kind) => onChange(newCondition(kind as Condition['if']))}
      />
      <div style={{ flex: 1, minWidth: 180 }}>
        <Value condition={condition} isDisabled={isDisabled} onChange={onChange} />
      </div>
      {!isDisabled && (
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label="Remove the condition"
          onClick={onRemove}
        >
          <IconTrash size={16} aria-hidden />
        </ActionIcon>
      )}
    </Group>
  );
}

function Value({
  condition,
  isDisabled,
  onChange,
}: Pick<FieldsProps, 'condition' | 'isDisabled' | 'onChange'>) {
  const shared = { disabled: isDisabled };
  switch (condition.if) {
    case 'keywords_any':
    case 'keywords_all':
    case 'keywords_none':
      return (
        <TagsInput
          {...shared}
          aria-label="Words"
          placeholder="Type a word, then Enter"
          value={condition.words}
          onChange={(list) => onChange({ ...condition, words: list })}
        />
      );
    case 'author':
      return (
        <TagsInput
          {...shared}
          aria-label="Authors"
          placeholder="Handles, then Enter"
          value={condition.any}
          onChange={(list) => onChange({ ...condition, any: list.map((it) => it.replace(/^@/, '')) })}
        />
      );
    case 'regex':
      return (
        <TextInput
          {...shared}
          aria-label="Pattern"
          placeholder="price|cost"
          value={condition.pattern}
          onChange={(event) => onChange({ ...condition, pattern: event.currentTarget.value })}
        />
      );
    case 'time':
      return (
        <Group gap="xs" wrap="nowrap">
          <TextInput
            {...shared}
            type="time"
            aria-label="From"
            value={condition.from}
            onChange={(event) => onChange({ ...condition, from: event.currentTarget.value })}
          />
          <TextInput
            {...shared}
            type="time"
            aria-label="Until"
            value={condition.until}
            onChange={(event) => onChange({ ...condition, until: event.currentTarget.value })}
          />
        </Group>
      );
    case 'language':
      return (
        <MultiSelect
          {...shared}
          aria-label="Languages"
          data={languages}
          value={condition.any}
          onChange={(list) => onChange({ ...condition, any: list as typeof condition.any })}
        />
      );
    case 'sentiment':
      return (
        <MultiSelect
          {...shared}
          aria-label="Feelings"
          data={options(sentiments)}
          value={condition.any}
          onChange={(list) => onChange({ ...condition, any: list as typeof condition.any })}
        />
      );
    case 'intent':
      return (
        <Group gap="xs" wrap="nowrap" align="flex-start">
          <MultiSelect
            {...shared}
            aria-label="Intents"
            flex={1}
            data={options(intents)}
            value={condition.any}
            onChange={(list) => onChange({ ...condition, any: list as typeof condition.any })}
          />
          <NumberInput
            {...shared}
            aria-label="At least this sure, in percent"
            suffix=" % sure"
            w={110}
            min={0}
            max={100}
            value={Math.round((condition.min_confidence ?? 0) * 100)}
            onChange={(value) => onChange({ ...condition, min_confidence: Number(value) / 100 })}
          />
        </Group>
      );
  }
}
