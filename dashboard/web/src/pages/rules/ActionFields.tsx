import { ActionIcon, Box, Button, Group, Stack, TagsInput, Text, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconTrash, IconX } from '@tabler/icons-react';
import type { RuleAction } from '@/api/types';
import { actionKinds } from './model';

interface FieldsProps {
  action: RuleAction;
  isDisabled: boolean;
  /** Whether the trigger has no such action. */
  isMisplaced: boolean;
  onChange: (action: RuleAction) => void;
  onRemove: () => void;
}

export function ActionFields({ action, isDisabled, isMisplaced, onChange, onRemove }: FieldsProps) {
  const label = actionKinds.find((it) => it.value === action.do)?.label ?? action.do;
  return (
    <Box p="sm" style={{ background: 'var(--surface)', borderRadius: 8 }}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" fw={550}>
          {label}
        </Text>
        {!isDisabled && (
          <ActionIcon variant="subtle" color="gray" aria-label={`Remove: ${label}`} onClick={onRemove}>
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        )}
      </Group>
      {isMisplaced && (
        <Text size="xs" c="var(--tone-warn-fg)">
          This is possible with comments only.
        </Text>
      )}
      {'variations' in action && (
        <Stack gap="xs" mt="xs">
          {action.variations.map((text, index) => (
            <Group key={index} gap="xs" wrap="nowrap" align="flex-start">
              <Textarea
                aria-label={`Text ${index + 1}`}
                placeholder="Hi {name}, thank you for asking! …"
                autosize
                minRows={1}
                flex={1}
                disabled={isDisabled}
                value={text}
                onChange={(event) => {
                  const { value } = event.currentTarget;
                  onChange({
                    ...action,
                    variations: action.variations.map((it, at) => (at === index ? value : it)),
                  });
                }}
              />
              {!isDisabled && action.variations.length > 1 && (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="lg"
                  aria-label={`Remove text ${index + 1}`}
                  onClick={() =>
                    onChange({ ...action, variations: action.variations.filter((_, at) => at !== index) })
                  }
                >
                  <IconX size={15} aria-hidden />
                </ActionIcon>
              )}
            </Group>
          ))}
          {!isDisabled && (
            <Button
              variant="subtle"
              size="compact-xs"
              leftSection={<IconPlus size={13} aria-hidden />}
              style={{ alignSelf: 'flex-start' }}
              onClick={() => onChange({ ...action, variations: [...action.variations, ''] })}
            >
              Another way to say it
            </Button>
          )}
        </Stack>
      )}
      {action.do === 'ask' && (
        <TagsInput
          label="Answers to tap"
          description="Up to 13, each of at most 20 characters."
          maxTags={13}
          mt="xs"
          disabled={isDisabled}
          value={action.quick_replies}
          onChange={(list) => onChange({ ...action, quick_replies: list.map((it) => it.slice(0, 20)) })}
        />
      )}
      {action.do === 'tag' && (
        <TextInput
          aria-label="Tag"
          placeholder="price"
          mt="xs"
          disabled={isDisabled}
          value={action.tag}
          onChange={(event) => onChange({ ...action, tag: event.currentTarget.value })}
        />
      )}
      {action.do === 'assign' && (
        <TextInput
          aria-label="To whom"
          placeholder="Name"
          mt="xs"
          disabled={isDisabled}
          value={action.to}
          onChange={(event) => onChange({ ...action, to: event.currentTarget.value })}
        />
      )}
    </Box>
  );
}
