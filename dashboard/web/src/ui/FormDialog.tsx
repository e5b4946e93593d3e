import { Button, Group, Modal, Stack, type ModalProps } from '@mantine/core';
import type { ReactNode } from 'react';
import { useLeaving } from './useLeaving';

/** A form in a dialog. What was typed is thrown away only after a question. */
export function FormDialog(props: {
  title: ReactNode;
  size?: ModalProps['size'];
  /** Whether something is typed that closing would lose. */
  isChanged: boolean;
  isSaving: boolean;
  /** Whether it can be sent as it stands. */
  isReady?: boolean;
  submit: string;
  /** The colour of a button that does what cannot be taken back. */
  submitColor?: string;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const { isChanged, isSaving, isReady = true, onClose } = props;
  const leaving = useLeaving<HTMLFormElement>({ isChanged, isSaving, onClose });
  return (
    <>
      <Modal opened onClose={leaving.close} closeOnEscape={false} size={props.size} title={props.title}>
        <form
          ref={leaving.inside}
          onSubmit={(event) => {
            event.preventDefault();
            // A key sends it too, where the button could not be pressed.
            if (isReady && !isSaving) props.onSubmit();
          }}
        >
          <Stack>
            {props.children}
            <Group justify="flex-end">
              <Button variant="default" onClick={leaving.close}>
                Cancel
              </Button>
              <Button type="submit" color={props.submitColor} loading={isSaving} disabled={!isReady}>
                {props.submit}
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
      {leaving.question}
    </>
  );
}
