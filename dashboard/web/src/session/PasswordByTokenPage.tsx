import { Anchor, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { fieldErrors } from '@/api/problem';
import { acceptInvitation, resetPassword, type Session } from '@/api/session';
import { useAct } from '@/ui/act';
import { FormProblem, Notice } from '@/ui/states';
import { EntryLayout } from './EntryLayout';
import { tokenOf } from './token';

const texts = {
  reset: {
    title: 'Choose a new password',
    lead: 'It replaces the old one, and you are signed in with it at once.',
    submit: 'Save the password',
    missing: 'This address is not complete. Open the link of the e-mail again, or ask for a new one.',
  },
  invitation: {
    title: 'Join your team',
    lead: 'Choose the name others see and a password.',
    submit: 'Accept the invitation',
    missing:
      'This address is not complete. Open the link of the invitation again, or ask for a new invitation.',
  },
};

/** Pages that are opened by a link from an e-mail. */
export function PasswordByTokenPage({ kind }: { kind: keyof typeof texts }) {
  const text = texts[kind];
  const [token] = useState(() => tokenOf(window.location.hash));
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const save = useAct({
    once: true,
    act: (): Promise<Session> =>
      kind === 'reset'
        ? resetPassword(token ?? '', password)
        : acceptInvitation(token ?? '', name.trim(), password),
    changes: [],
    // The token is used up: it must not stay in the history.
    onDone: () => window.location.replace('/'),
    isQuiet: true,
  });
  const errors = fieldErrors(save.error);
  return (
    <EntryLayout title={text.title} lead={text.lead}>
      {token === null ? (
        <Notice tone="warn" title="The link does not work">
          {text.missing}
        </Notice>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            save.start();
          }}
        >
          <Stack>
            <FormProblem error={save.error} shown={['name', 'password']} />
            {kind === 'invitation' && (
              <TextInput
                label="Your name"
                autoComplete="name"
                required
                autoFocus
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
                error={errors.name}
              />
            )}
            <PasswordInput
              label="New password"
              description="At least 12 characters. A few words in a row are easy to remember."
              autoComplete="new-password"
              minLength={12}
              required
              autoFocus={kind === 'reset'}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
              error={errors.password}
            />
            <Button type="submit" loading={save.isPending}>
              {text.submit}
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
