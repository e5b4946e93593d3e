import { Modal, Text } from '@mantine/core';
import type { Session } from '@/api/session';
import { SignInForm } from './SignInForm';
import { SingleSignOnButton } from './SingleSignOnButton';

/** Over the page, so that what was being written is still there afterwards. */
export function SignInAgain(props: { email: string; onDone: (session: Session) => void }) {
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title="Sign in again"
      centered
      zIndex={400}
    >
      <Text size="sm" c="dimmed" mb="md">
        Your session has ended. What you were doing is kept and goes on after signing in.
      </Text>
      <SignInForm email={props.email} onDone={props.onDone} />
      <SingleSignOnButton onReturn={props.onDone} />
    </Modal>
  );
}
