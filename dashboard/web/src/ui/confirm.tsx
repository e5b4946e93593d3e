import { Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { newPresses } from './press';

/**
 * Asks before something that cannot be taken back. The question is answered once, and neither answered nor closed by the
 * second click of the double click that asked it.
 */
export function confirm(options: {
  title: string;
  text: string;
  yes: string;
  isDangerous?: boolean;
  act: () => void;
}) {
  newPresses().isNew();
  const answers = newPresses();
  let isAnswered = false;
  const id = modals.openConfirmModal({
    title: options.title,
    children: <Text size="sm">{options.text}</Text>,
    labels: { confirm: options.yes, cancel: 'Cancel' },
    confirmProps: { color: options.isDangerous === true ? 'red.8' : undefined },
    closeOnClickOutside: false,
    closeOnConfirm: false,
    onConfirm: () => {
      if (isAnswered || !answers.isNew()) return;
      isAnswered = true;
      modals.close(id);
      options.act();
    },
    centered: true,
  });
}
