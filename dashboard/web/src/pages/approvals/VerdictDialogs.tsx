import { Select, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import type { Approval, Intent } from '@/api/types';
import { FormDialog } from '@/ui/FormDialog';
import { words } from '@/ui/format';
import { Quote } from '@/ui/pieces';
import { draftText, type Verdict } from './data';

const intents: Intent[] = ['praise', 'question', 'complaint', 'spam', 'lead', 'other'];
const options = intents.map((value) => ({ value, label: words(value) }));

/** Instagram counts bytes, and an emoji has several. */
const limit = 1000;
export const sizeInBytes = (text: string) => new TextEncoder().encode(text).length;

interface DialogProps {
  approval: Approval;
  onClose: () => void;
  onDecide: (verdict: Verdict) => void;
}

export function EditDialog({ approval, onClose, onDecide }: DialogProps) {
  const [text, setText] = useState(() => draftText(approval));
  const [intent, setIntent] = useState<Intent | null>(null);
  const size = sizeInBytes(text);
  const isTooLong = size > limit;
  const isEmpty = text.trim() === '';
  const isEscalation = approval.kind === 'escalation';
  const submit = () => {
    if (isTooLong || isEmpty) return;
    onDecide({ is: 'edit', text: text.trim(), intent: intent ?? undefined });
  };
  return (
    <FormDialog
      title={isEscalation ? 'Answer in your own words' : 'Edit the draft'}
      size="lg"
      isChanged={text !== draftText(approval)}
      isSaving={false}
      isReady={!isTooLong && !isEmpty}
      submit={isEscalation ? 'Send the answer' : 'Approve with these words'}
      onSubmit={submit}
      onClose={onClose}
    >
      <Quote>“{approval.incoming_text}”</Quote>
      <Textarea
        label="Your answer"
        autosize
        minRows={3}
        maxRows={12}
        data-autofocus
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit();
        }}
        error={isTooLong ? `Instagram takes at most ${limit} bytes; this has ${size}.` : undefined}
        description={`${size} of ${limit} bytes. Ctrl Enter sends.`}
      />
      <Select
        label="What it really was"
        description="Only if Troupe misread it; the classifier learns from this."
        data={options}
        clearable
        placeholder="As Troupe read it"
        value={intent}
        onChange={(value) => setIntent(value as Intent | null)}
      />
    </FormDialog>
  );
}

export function RejectDialog({ approval, onClose, onDecide }: DialogProps) {
  const [comment, setComment] = useState('');
  const [intent, setIntent] = useState<Intent | null>(null);
  return (
    <FormDialog
      title={approval.kind === 'escalation' ? 'Leave without an answer' : 'Reject the draft'}
      isChanged={comment.trim() !== ''}
      isSaving={false}
      submit={approval.kind === 'escalation' ? 'Leave it' : 'Reject'}
      submitColor="red.8"
      onSubmit={() =>
        onDecide({ is: 'reject', comment: comment.trim() || undefined, intent: intent ?? undefined })
      }
      onClose={onClose}
    >
      <Text size="sm" c="dimmed">
        Nothing is sent. What you say here helps Troupe to do better next time.
      </Text>
      <Textarea
        label="Why"
        description="Optional"
        autosize
        minRows={2}
        maxLength={1000}
        data-autofocus
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <Select
        label="What it really was"
        description="Only if Troupe misread it."
        data={options}
        clearable
        placeholder="As Troupe read it"
        value={intent}
        onChange={(value) => setIntent(value as Intent | null)}
      />
    </FormDialog>
  );
}
