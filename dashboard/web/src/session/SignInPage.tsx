import { Anchor } from '@mantine/core';
import type { Session } from '@/api/session';
import { EntryLayout } from './EntryLayout';
import { SignInForm } from './SignInForm';

export function SignInPage({ onDone }: { onDone: (session: Session) => void }) {
  return (
    <EntryLayout title="Sign in" lead="Enter the e-mail and password of your Troupe user.">
      <SignInForm onDone={onDone} />
      <Anchor href="/forgot" size="sm" ta="center">
        Forgot your password?
      </Anchor>
    </EntryLayout>
  );
}
