import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconShieldCheck } from '@tabler/icons-react';
import type { components } from '@/api/schema';
import { useAct } from '@/ui/act';
import { plural } from '@/ui/format';

type Verdict = components['schemas']['AuditVerdict'];

/** Checks the chain of hashes from the first entry to the last. */
export function VerifyButton({ verify }: { verify: () => Promise<Verdict> }) {
  const check = useAct({
    act: verify,
    changes: [],
    onDone: (verdict) =>
      notifications.show(
        verdict.intact
          ? {
              title: 'The log is whole',
              message: `${plural(verdict.entries ?? 0, 'entry', 'entries')} checked.`,
            }
          : {
              color: 'red',
              autoClose: false,
              title: `The log was changed at entry ${verdict.broken_at}`,
              message: verdict.problem ?? 'The chain of hashes does not hold.',
            },
      ),
  });
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconShieldCheck size={15} aria-hidden />}
      loading={check.isPending}
      onClick={() => check.start()}
    >
      Check the chain
    </Button>
  );
}
