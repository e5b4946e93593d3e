import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { fieldErrors } from '@/api/problem';
import { setUp, type Session } from '@/api/session';
import { FormProblem } from '@/ui/states';
import { EntryLayout } from './EntryLayout';

/** The first run: makes the agency and its owner. */
export function SetupPage({ onDone }: { onDone: (session: Session) => void }) {
  const [form, setForm] = useState({ code: '', agency: '', name: '', email: '', password: '' });
  const start = useMutation({ mutationFn: () => setUp(form), onSuccess: onDone });
  const errors = fieldErrors(start.error);
  const bind = (field: keyof typeof form) => ({
    value: form[field],
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget;
      setForm((before) => ({ ...before, [field]: value }));
    },
    error: errors[field],
    required: true,
  });
  return (
    <EntryLayout
      title="Set up Troupe"
      lead="This installation has no users yet. Make your agency and the user who owns it."
      width={480}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!start.isPending) start.mutate();
        }}
      >
        <Stack>
          <FormProblem error={start.error} shown={Object.keys(form)} />
          <TextInput
            label="Set-up code"
            description="The server wrote it into a file in its data folder and names that file in its log."
            autoComplete="off"
            autoFocus
            {...bind('code')}
          />
          <TextInput label="Name of the agency" autoComplete="organization" {...bind('agency')} />
          <TextInput label="Your name" autoComplete="name" {...bind('name')} />
          <TextInput label="E-mail" type="email" autoComplete="username" {...bind('email')} />
          <PasswordInput
            label="Password"
            description="At least 12 characters. A few words in a row are easy to remember."
            autoComplete="new-password"
            minLength={12}
            {...bind('password')}
          />
          <Button type="submit" loading={start.isPending}>
            Set up
          </Button>
        </Stack>
      </form>
    </EntryLayout>
  );
}
