import { Anchor, Center, Loader, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { asApiError, type ApiError } from '@/api/problem';
import { signInByLink } from '@/api/session';
import { Notice } from '@/ui/states';
import { EntryLayout } from './EntryLayout';
import { tokenOf } from './token';

/** Signs in with a link that the command line has made. It works once. */
export function Component() {
  const [token] = useState(() => tokenOf(window.location.hash));
  const [error, setError] = useState<ApiError | null>(null);
  const isSent = useRef(false);
  useEffect(() => {
    // A link works once: asking twice would refuse the second.
    if (token === null || isSent.current) return;
    isSent.current = true;
    signInByLink(token)
      // The token is used up: it must not stay in the history.
      .then(() => window.location.replace('/'))
      .catch((problem: unknown) => setError(asApiError(problem)));
  }, [token]);
  const problem = token === null ? 'This address is not complete.' : error?.message;
  return (
    <EntryLayout title="Sign in" lead="You are signed in by a link.">
      {problem === undefined ? (
        <Center>
          <Loader aria-label="Signing in" />
        </Center>
      ) : (
        <Notice tone="warn" title="The link does not work">
          {problem}
        </Notice>
      )}
      <Text ta="center" size="sm">
        <Anchor href="/">To the sign-in page</Anchor>
      </Text>
    </EntryLayout>
  );
}
