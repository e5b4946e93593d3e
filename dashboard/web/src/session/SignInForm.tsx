import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { fieldErrors } from '@/api/problem';
import { signIn, type Session } from '@/api/session';
import { useAct } from '@/ui/act';
import { FormProblem } from '@/ui/states';

export function SignInForm(props: { email?: string; onDone: (session: Session) => void }) {
  const [email, setEmail] = useState(props.email ?? '');
  const [password, setPassword] = useState('');
  const enter = useAct({
    once: true,
    act: () => signIn(email.trim(), password),
    changes: [],
    onDone: props.onDone,
    isQuiet: true,
  });
  const errors = fieldErrors(enter.error);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        enter.start();
      }}
    >
      <Stack>
        <FormProblem error={enter.error} shown={['email', 'password']} />
        <TextInput
          label="E-mail"
          type="email"
          autoComplete="username"
          required
          autoFocus={props.email === undefined}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={errors.email}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          autoFocus={props.email !== undefined}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={errors.password}
        />
        <Button type="submit" loading={enter.isPending} fullWidth>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}
