import { Button, Group, Modal, Text } from '@mantine/core';
import type { Blocker } from 'react-router-dom';
import { useEffect } from 'react';

/** Asks before the tab is closed with something unsaved on it. */
export function useTabGuard(isChanged: boolean) {
  useEffect(() => {
    if (!isChanged) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [isChanged]);
}

/** The question before something typed is thrown away. */
export function LeaveQuestion(props: {
  opened: boolean;
  text: string;
  onStay: () => void;
  onLeave: () => void;
}) {
  return (
    <Modal opened={props.opened} onClose={props.onStay} title="Leave without saving?" centered>
      <Text size="sm">{props.text}</Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" data-autofocus onClick={props.onStay}>
          Stay
        </Button>
        <Button color="red.8" onClick={props.onLeave}>
          Leave
        </Button>
      </Group>
    </Modal>
  );
}

/** Asks before a page is left with something unsaved on it; also before the tab is closed. */
export function LeaveGuard({ blocker, isChanged }: { blocker: Blocker; isChanged?: boolean }) {
  useTabGuard(isChanged === true);
  return (
    <LeaveQuestion
      opened={blocker.state === 'blocked'}
      text="What you changed on this page is lost."
      onStay={() => blocker.reset?.()}
      onLeave={() => blocker.proceed?.()}
    />
  );
}
