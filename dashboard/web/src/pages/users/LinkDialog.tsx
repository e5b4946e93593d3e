import { Button, CopyButton, Group, Stack, Text, TextInput } from '@mantine/core';
import { useAgency } from '@/shell/AgencyLayout';
import { Dialog } from '@/ui/Dialog';
import { useAct } from '@/ui/act';
import { dateTime } from '@/ui/format';
import { FormProblem, Notice } from '@/ui/states';
import { linkFor, type User } from './data';

/** A link that is shown once. */
export function SecretLink({ url, until }: { url: string; until: string | null }) {
  return (
    <div>
      <Group align="flex-end" wrap="nowrap" gap="xs">
        <TextInput label="Link" readOnly flex={1} value={url} />
        <CopyButton value={url}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
      {until !== null && (
        <Text size="xs" c="dimmed" mt={4}>
          It is shown only now, and works until {dateTime(until)}.
        </Text>
      )}
    </div>
  );
}

/** For somebody who cannot get mail: a link to choose a password, or to accept the invitation. */
export function LinkDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const agency = useAgency();
  const make = useAct({
    once: true,
    act: () => linkFor(agency.id, user.id),
    changes: [],
    isQuiet: true,
  });
  return (
    <Dialog
      onClose={onClose}
      title={`A link for ${user.name || user.email}`}
      closeOnClickOutside={make.data === undefined}
    >
      <Stack>
        <FormProblem error={make.error} />
        {make.data === undefined ? (
          <>
            <Notice tone="warn">
              With this link somebody chooses a new password. Whoever has it acts as that user.
            </Notice>
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button loading={make.isPending} onClick={() => make.start()}>
                Make the link
              </Button>
            </Group>
          </>
        ) : (
          <SecretLink url={make.data.url} until={make.data.expires_at} />
        )}
      </Stack>
    </Dialog>
  );
}
