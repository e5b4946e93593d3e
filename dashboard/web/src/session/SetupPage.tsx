import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { fieldErrors } from '@/api/problem';
import { setUp, type Session } from '@/api/session';
import { useAct } from '@/ui/act';
import { FormProblem } from '@/ui/states';
import { EntryLayout } from './EntryLayout';

/** The first run: makes the agency and its owner. */
export function SetupPage({ onDone }: { onDone: (session: Session) => void }) {
  const [form, setForm] = useState({ code: '', agency: '', name: '', email: '', password: '' });
  const begin = useAct({ once: true, act: () => setUp(form), changes: [], onDone, isQuiet: true });
  const errors = fieldErrors(begin.error);
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
          begin.start();
        }}
      >
        <Stack>
          <FormProblem error={begin.error} shown={Object.keys(form)} />
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
          <Button type="submit" loading={begin.isPending}>
            Set up
          </Button>
        </Stack>
      </form>
    </EntryLayout>
  );
}
