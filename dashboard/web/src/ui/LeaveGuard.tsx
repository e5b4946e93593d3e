import { Button, Group, Modal, Text } from '@mantine/core';
import type { Blocker } from 'react-router-dom';
import { useEffect } from 'react';

/** Asks before a page is left with something unsaved on it; also before the tab is closed. */
export function LeaveGuard({ blocker, isChanged }: { blocker: Blocker; isChanged?: boolean }) {
  useEffect(() => {
    if (isChanged !== true) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [isChanged]);
  const isBlocked = blocker.state === 'blocked';
  return (
    <Modal opened={isBlocked} onClose={() => blocker.reset?.()} title="Leave without saving?" centered>
      <Text size="sm">What you changed on this page is lost.</Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={() => blocker.reset?.()}>
          Stay
        </Button>
        <Button color="red.8" onClick={() => blocker.proceed?.()}>
          Leave
        </Button>
      </Group>
    </Modal>
  );
}
