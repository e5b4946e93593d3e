import { Button, Divider } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { readSession, waysIn, type Session } from '@/api/session';

/** How often it is looked whether the other tab has signed in, in milliseconds. */
const LOOK_EVERY = 3_000;

/**
 * Leads to the agency's own sign-in, where the installation has one. With `onReturn` it does so in another tab, so that what
 * is on this page stays, and tells when somebody has signed in there.
 */
export function SingleSignOnButton({ onReturn }: { onReturn?: (session: Session) => void }) {
  const [isAway, setAway] = useState(false);
  const ways = useQuery({ queryKey: ['ways-in'], queryFn: waysIn, staleTime: Infinity, retry: false });

  useEffect(() => {
    if (!isAway || onReturn === undefined) return undefined;
    const look = () =>
      readSession().then(
        (session) => session !== null && onReturn(session),
        () => undefined,
      );
    const timer = setInterval(() => void look(), LOOK_EVERY);
    return () => clearInterval(timer);
  }, [isAway, onReturn]);

  const other = ways.data?.single_sign_on;
  if (!other) return null;
  return (
    <>
      <Divider label="or" labelPosition="center" my={onReturn === undefined ? undefined : 'md'} />
      <Button
        component="a"
        href={other.path}
        target={onReturn === undefined ? undefined : '_blank'}
        rel="noreferrer"
        onClick={() => setAway(true)}
        variant="default"
        fullWidth
      >
        {other.label}
      </Button>
    </>
  );
}
