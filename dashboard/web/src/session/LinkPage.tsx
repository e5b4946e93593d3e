import { Anchor, Loader, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { signInByLink } from '@/api/session';
import { useAct } from '@/ui/act';
import { FormProblem, Notice } from '@/ui/states';
import { EntryLayout } from './EntryLayout';
import { tokenOf } from './token';

/** `/sign-in#token=…`: a link of the command line that signs in once. */
export function Component() {
  const [token] = useState(() => tokenOf(window.location.hash));
  const isSent = useRef(false);
  const enter = useAct({
    once: true,
    act: signInByLink,
    changes: [],
    // The token is used up: it must not stay in the history.
    onDone: () => window.location.replace('/'),
    isQuiet: true,
  });
  const { start } = enter;
  useEffect(() => {
    if (token === null || isSent.current) return;
    isSent.current = true;
    start(token);
  }, [token, start]);
  return (
    <EntryLayout title="Sign in" lead="With a link that works once.">
      {token === null && (
        <Notice tone="warn" title="The link does not work">
          This address is not complete. Ask for a new link.
        </Notice>
      )}
      <FormProblem error={enter.error} />
      {token !== null && enter.error === null && <Loader aria-label="Signing in" mx="auto" />}
      <Text ta="center" size="sm">
        <Anchor href="/">Sign in with a password</Anchor>
      </Text>
    </EntryLayout>
  );
}
