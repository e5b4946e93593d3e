import { Center, Loader } from '@mantine/core';
import { modals } from '@mantine/modals';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from 'react';
import { onSessionEnded } from '@/api/client';
import { asApiError, type ApiError } from '@/api/problem';
import { readSession, rememberSession, signOut, waysIn, type Session } from '@/api/session';
import { Failure } from '@/ui/states';
import { tellSignedOut, watchSignedOut } from './leaving';
import { SetupPage } from './SetupPage';
import { SignInAgain } from './SignInAgain';
import { SignInPage } from './SignInPage';

interface SessionControl {
  session: Session;
  leave: () => Promise<void>;
}

const Context = createContext<SessionControl | null>(null);

export function useSession() {
  const control = useContext(Context);
  if (control === null) throw new Error('useSession needs a SessionProvider');
  return control;
}

type State =
  | { is: 'looking' }
  | { is: 'failed'; error: ApiError }
  | { is: 'setup' }
  | { is: 'out' }
  | { is: 'in'; session: Session };

/** Shows the pages behind it only to somebody who is signed in, at the address where they are. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState<State>({ is: 'looking' });
  const [isEnded, setEnded] = useState(false);
  const waiting = useRef<(() => void)[]>([]);
  const queries = useQueryClient();

  const look = useCallback(async () => {
    setState({ is: 'looking' });
    try {
      const session = await readSession();
      if (session !== null) setState({ is: 'in', session });
      else setState((await waysIn().catch(() => null))?.needed ? { is: 'setup' } : { is: 'out' });
    } catch (error) {
      setState({ is: 'failed', error: asApiError(error) });
    }
  }, []);

  useEffect(() => void look(), [look]);

  // Nothing that belongs to somebody who has left stays: neither in memory, nor in dialogs and messages above the page.
  const forget = useCallback(() => {
    rememberSession(null);
    queries.clear();
    modals.closeAll();
    notifications.clean();
    waiting.current = [];
    setEnded(false);
    setState({ is: 'out' });
  }, [queries]);

  const isIn = state.is === 'in';
  useEffect(() => {
    if (!isIn) return;
    const { hasLeft, end } = watchSignedOut(forget);
    onSessionEnded(
      () =>
        new Promise((resolve) => {
          // One that merely expired: what was being written is kept.
          if (hasLeft()) return forget();
          waiting.current.push(resolve);
          setEnded(true);
        }),
    );
    return () => {
      end();
      onSessionEnded(null);
    };
  }, [isIn, forget]);

  const enter = useCallback((session: Session) => setState({ is: 'in', session }), []);

  const leave = useCallback(async () => {
    await signOut().catch(() => undefined);
    forget();
    tellSignedOut();
  }, [forget]);

  const session = state.is === 'in' ? state.session : null;
  const control = useMemo(() => (session === null ? null : { session, leave }), [session, leave]);

  if (state.is === 'looking') {
    return (
      <Center h="100vh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  if (state.is === 'failed') {
    return (
      <Center h="100vh" p="md">
        <Failure error={state.error} retry={() => void look()} />
      </Center>
    );
  }
  if (state.is === 'setup') return <SetupPage onDone={enter} />;
  if (state.is === 'out' || control === null) return <SignInPage onDone={enter} />;

  const back = (fresh: Session) => {
    // Somebody else must not go on with what the first person has on the screen.
    if (fresh.user.id !== control.session.user.id) return window.location.assign('/');
    setState({ is: 'in', session: fresh });
    setEnded(false);
    for (const resume of waiting.current.splice(0)) resume();
  };

  return (
    <Context.Provider value={control}>
      {children}
      {isEnded && <SignInAgain email={control.session.user.email} onDone={back} />}
    </Context.Provider>
  );
}
