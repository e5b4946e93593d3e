import { useWindowEvent } from '@mantine/hooks';
import { useRef, useState, type ReactNode, type RefObject } from 'react';
import { useBlocker } from 'react-router-dom';
import { LeaveQuestion, useTabGuard } from './LeaveGuard';
import { useFocusBack } from './useFocusBack';

const dialogs = '[aria-modal="true"]';

/** Whether a key was pressed in this dialog, and not in one that is open above it. */
export function isPressedIn(target: EventTarget | null, inside: Element | null): boolean {
  const dialog = inside?.closest(dialogs) ?? null;
  if (dialog === null || !(target instanceof Element)) return false;
  if (target.getAttribute('data-mantine-stop-propagation') === 'true') return false;
  // Such as a picker of a day, which opens beside the dialog.
  const around = target.closest('[role="dialog"]');
  if (around !== null) return around === dialog;
  // The focus is nowhere when the button that had it waits for an answer.
  return [...document.querySelectorAll(dialogs)].at(-1) === dialog;
}

interface Leaving<E extends Element> {
  /** Closes the dialog; asks first when something is typed. */
  close: () => void;
  /** Goes to an element within the dialog. */
  inside: RefObject<E>;
  /** To be rendered beside the dialog. */
  question: ReactNode;
}

/**
 * Closing a dialog, leaving its page or closing the tab asks before what was typed is thrown away. Escape is heard here:
 * the dialog itself has `closeOnEscape={false}`, because it would also hear it for those above.
 */
export function useLeaving<E extends Element>(options: {
  isChanged: boolean;
  /** While it is saved, what follows may go to another page. */
  isSaving?: boolean;
  onClose: () => void;
}): Leaving<E> {
  const { isChanged, isSaving = false, onClose } = options;
  const inside = useRef<E>(null);
  const [isAsking, setAsking] = useState(false);
  const blocker = useBlocker(isChanged && !isSaving);
  useTabGuard(isChanged);
  useFocusBack();
  const close = () => (isChanged ? setAsking(true) : onClose());
  useWindowEvent(
    'keydown',
    (event) => {
      if (event.key !== 'Escape' || event.isComposing || !isPressedIn(event.target, inside.current)) return;
      close();
    },
    { capture: true },
  );
  const isBlocked = blocker.state === 'blocked';
  const question = (
    <LeaveQuestion
      opened={isAsking || isBlocked}
      text="What you typed is lost."
      onStay={() => {
        setAsking(false);
        if (isBlocked) blocker.reset();
      }}
      onLeave={() => {
        setAsking(false);
        if (isBlocked) blocker.proceed();
        else onClose();
      }}
    />
  );
  return { close, inside, question };
}
