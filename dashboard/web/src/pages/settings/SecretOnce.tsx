import { Button, Code, CopyButton, Group, Stack } from '@mantine/core';
import { Notice } from '@/ui/states';
import { SteadyButton } from '@/ui/SteadyButton';

/** A secret that is shown this once. */
export function SecretOnce({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Stack>
      <Notice tone="warn" title="The secret is shown only now">
        With it your program checks that events come from Troupe. Keep it where secrets are kept.
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
  );
}
