import { Kbd, Modal, Switch, Table, Text } from '@mantine/core';
import { switchShortcuts, useShortcutsAreOn } from './shortcuts';
import type { PlaceGroup } from './places';

const everywhere: [string, string][] = [
  ['Ctrl K', 'Search pages and tenants'],
  ['?', 'Show this help'],
];

const approvals: [string, string][] = [
  ['j', 'Next draft'],
  ['k', 'Previous draft'],
  ['a', 'Approve'],
  ['e', 'Edit, then approve'],
  ['r', 'Reject'],
  ['x', 'Select for bulk actions'],
  ['t', 'Open the trace of the decision'],
  ['n', 'Show the drafts that arrived meanwhile'],
];

function Keys({ title, rows }: { title: string; rows: [string, string][] }) {
  return (
    <Table verticalSpacing={4} withRowBorders={false} mb="sm" captionSide="top">
      <Table.Caption ta="left" mt={0} mb={4} fw={600} c="var(--mantine-color-text)">
        {title}
      </Table.Caption>
      <Table.Tbody>
        {rows.map(([keys, meaning]) => (
          <Table.Tr key={keys}>
            <Table.Td w={110} pl={0}>
              {keys.split(' ').map((it) => (
                <Kbd key={it} mr={4}>
                  {it}
                </Kbd>
              ))}
            </Table.Td>
            <Table.Td>{meaning}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

export function ShortcutHelp(props: { opened: boolean; onClose: () => void; groups: PlaceGroup[] }) {
  const isOn = useShortcutsAreOn();
  const places = props.groups
    .flatMap((group) => group.places)
    .filter((place) => place.key !== undefined)
    .map((place): [string, string] => [`g ${place.key}`, place.label]);
  return (
    <Modal opened={props.opened} onClose={props.onClose} title="Keyboard shortcuts">
      <Keys title="Everywhere" rows={everywhere} />
      <Keys title="In approvals" rows={approvals} />
      {places.length > 0 && <Keys title="Go to" rows={places} />}
      <Switch
        label="Single-key shortcuts"
        checked={isOn}
        onChange={(event) => switchShortcuts(event.currentTarget.checked)}
      />
      <Text size="xs" c="dimmed" mt={4}>
        Switch them off when you dictate text or use keys for something else. Ctrl K stays.
      </Text>
    </Modal>
  );
}
