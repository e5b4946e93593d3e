import { Stack, Title } from '@mantine/core';
import { useState } from 'react';
import type { Approval } from '@/api/types';
import { useTenant } from '@/shell/where';
import { useSteady } from '@/ui/useSteady';
import { ApprovalCard } from '../approvals/ApprovalCard';
import type { Verdict } from '../approvals/data';
import { useVerdicts } from '../approvals/useVerdicts';
import { EditDialog, RejectDialog } from '../approvals/VerdictDialogs';
import { useDraftsOf } from './data';

/** What waits for a person in one conversation. */
export function DraftsHere({ conversation }: { conversation: string }) {
  const tenant = useTenant();
  const drafts = useDraftsOf(tenant.id, conversation);
  const { decide } = useVerdicts(tenant.id);
  const [dialog, setDialog] = useState<{ is: 'edit' | 'reject'; approval: Approval } | null>(null);
  const { isSteady } = useSteady(drafts.data?.map((it) => it.id).join() ?? '');
  if (drafts.data === undefined || drafts.data.length === 0) return null;
  const judge = (approval: Approval, verdict: Verdict) => {
    setDialog(null);
    void decide(approval, verdict);
  };
  return (
    <Stack gap="sm">
      <Title order={3}>Waits for you</Title>
      {drafts.data.map((approval) => (
        <ApprovalCard
          key={approval.id}
          approval={approval}
          isActive={false}
          isSelected={false}
          showKeys={false}
          isInConversation
          onActivate={() => undefined}
          onSelect={null}
          onApprove={() => isSteady() && judge(approval, { is: 'approve' })}
          onEdit={() => isSteady() && setDialog({ is: 'edit', approval })}
          onReject={() => isSteady() && setDialog({ is: 'reject', approval })}
        />
      ))}
      {dialog?.is === 'edit' && (
        <EditDialog
          approval={dialog.approval}
          onClose={() => setDialog(null)}
          onDecide={(it) => judge(dialog.approval, it)}
        />
      )}
      {dialog?.is === 'reject' && (
        <RejectDialog
          approval={dialog.approval}
          onClose={() => setDialog(null)}
          onDecide={(it) => judge(dialog.approval, it)}
        />
      )}
    </Stack>
  );
}
