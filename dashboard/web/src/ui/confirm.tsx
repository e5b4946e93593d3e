import { Text } from '@mantine/core';
import { modals } from '@mantine/modals';

/** Asks before something that cannot be taken back. */
export function confirm(options: {
  title: string;
  text: string;
  yes: string;
  isDangerous?: boolean;
  act: () => void;
}) {
  modals.openConfirmModal({
    title: options.title,
    children: <Text size="sm">{options.text}</Text>,
    labels: { confirm: options.yes, cancel: 'Cancel' },
    confirmProps: { color: options.isDangerous === true ? 'red.8' : undefined },
    onConfirm: options.act,
    centered: true,
  });
}
