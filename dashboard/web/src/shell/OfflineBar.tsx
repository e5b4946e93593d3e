import { useNetwork } from '@mantine/hooks';
import { Box } from '@mantine/core';
import { Notice } from '@/ui/states';

/** Says that what is shown may be old; nothing is thrown away while there is no connection. */
export function OfflineBar() {
  const { online } = useNetwork();
  return (
    <div role="status">
      {!online && (
        <Box mb="md">
          <Notice tone="warn" title="You are offline">
            What you see is the last state that was read. It is read again when the connection is back.
          </Notice>
        </Box>
      )}
    </div>
  );
}
