import { Anchor } from '@mantine/core';
import type { Session } from '@/api/session';
import { EntryLayout } from './EntryLayout';
import { SignInForm } from './SignInForm';
import { SingleSignOnButton } from './SingleSignOnButton';

export function SignInPage({ onDone }: { onDone: (session: Session) => void }) {
  return (
    <EntryLayout title="Sign in" lead="Enter the e-mail and password of your Troupe user.">
      <SignInForm onDone={onDone} />
      <SingleSignOnButton />
      <Anchor href="/forgot" size="sm" ta="center">
        Forgot your password?
      </Anchor>
    </EntryLayout>
  );
}
