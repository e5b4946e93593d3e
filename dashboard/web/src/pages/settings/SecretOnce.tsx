import { Button, Code, CopyButton, Group, Stack } from '@mantine/core';
import { Dialog } from '@/ui/Dialog';
import { Notice } from '@/ui/states';
import { SteadyButton } from '@/ui/SteadyButton';

/** A secret that is shown this once: neither a slip nor the second click of a double click closes it. */
export function SecretOnce(props: {
  /** Of the dialog. */
  title: string;
  /** What it is, as in “The key”. */
  what: string;
  /** What it is for. */
  purpose: string;
  secret: string;
  onClose: () => void;
}) {
  const { secret, onClose } = props;
  return (
    <Dialog onClose={onClose} title={props.title} closeOnClickOutside={false} closeOnEscape={false}>
      <Stack>
        <Notice tone="warn" title={`${props.what} is shown only now`}>
          {props.purpose}
        </Notice>
        <Code block className="break">
          {secret}
        </Code>
        <Group justify="flex-end">
          <CopyButton value={secret}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
          <SteadyButton onClick={onClose}>I have kept it</SteadyButton>
        </Group>
      </Stack>
    </Dialog>
  );
}
