import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { fieldErrors } from '@/api/problem';
import { forgotPassword } from '@/api/session';
import { useAct } from '@/ui/act';
import { FormProblem, Notice } from '@/ui/states';
import { EntryLayout } from './EntryLayout';

export function Component() {
  const [email, setEmail] = useState('');
  const ask = useAct({ once: true, act: () => forgotPassword(email.trim()), changes: [], isQuiet: true });
  return (
    <EntryLayout title="Reset your password" lead="We send you a link with which you choose a new one.">
      {ask.isSuccess ? (
        <Notice tone="good" title="Look into your mailbox">
          If a user with the e-mail {email.trim()} exists, a link is on its way. It works once and for a short
          time.
        </Notice>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            ask.start();
          }}
        >
          <Stack>
            <FormProblem error={ask.error} shown={['email']} />
            <TextInput
              label="E-mail"
              type="email"
              autoComplete="username"
              required
              autoFocus
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
              error={fieldErrors(ask.error).email}
            />
            <Button type="submit" loading={ask.isPending}>
              Send the link
            </Button>
          </Stack>
        </form>
      )}
      <Text ta="center" size="sm">
        <Anchor href="/">Back to sign-in</Anchor>
      </Text>
    </EntryLayout>
  );
}
