import { Modal, type ModalProps } from '@mantine/core';
import { useFocusBack } from './useFocusBack';

/** A dialog that is only there while it is open; afterwards the focus is where it was before. */
export function Dialog(props: Omit<ModalProps, 'opened'>) {
  useFocusBack();
  return <Modal {...props} opened />;
}
