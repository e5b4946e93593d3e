import { Box, Button, Card, Group, Progress, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconChecks } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useNavigate } from 'react-router-dom';
import type { Approval, ApprovalStatus } from '@/api/types';
import { useShortcuts, useShortcutsAreOn } from '@/shell/shortcuts';
import { useTenant } from '@/shell/where';
import { confirm } from '@/ui/confirm';
import { plural } from '@/ui/format';
import { PageHeader } from '@/ui/pieces';
import { Empty, Listed, Loading } from '@/ui/states';
import { ApprovalCard } from './ApprovalCard';
import { useApprovals, type Verdict } from './data';
import { useVerdicts } from './useVerdicts';
import { EditDialog, RejectDialog } from './VerdictDialogs';

const statuses: { value: ApprovalStatus; label: string }[] = [
  { value: 'pending', label: 'Waiting' },
  { value: 'approved', label: 'Approved' },
  { value: 'edited', label: 'Edited' },
  { value: 'rejected', label: 'Rejected' },
  { value: 'expired', label: 'Expired' },
];

export function Component() {
  const tenant = useTenant();
  const navigate = useNavigate();
  const [status, setStatus] = useState<ApprovalStatus>('pending');
  const list = useApprovals(tenant.id, status);
  const { decide, decideAll, progress } = useVerdicts(tenant.id);
  const [activeId, setActiveId] = useState<string | null>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [dialog, setDialog] = useState<{ is: 'edit' | 'reject'; approval: Approval } | null>(null);
  const cards = useRef(new Map<string, HTMLDivElement>());
  const lastIndex = useRef(0);
  const items = list.items;
  const showKeys = useShortcutsAreOn();

  // The one after the decided one becomes the active one.
  const found = items.findIndex((it) => it.id === activeId);
  const index = found === -1 ? Math.min(lastIndex.current, Math.max(items.length - 1, 0)) : found;
  const active = items[index];
  useEffect(() => {
    lastIndex.current = index;
  }, [index]);

  const go = (to: number) => {
    const next = items[Math.max(0, Math.min(items.length - 1, to))];
    if (next === undefined) return;
    setActiveId(next.id);
    cards.current.get(next.id)?.focus();
    cards.current.get(next.id)?.scrollIntoView({ block: 'nearest' });
  };

  const toggle = (id: string) =>
    setSelected((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });

  const mayDecide = status === 'pending' && tenant.may('operate');
  const judge = (approval: Approval, verdict: Verdict) => {
    setDialog(null);
    setSelected((before) => new Set([...before].filter((it) => it !== approval.id)));
    void decide(approval, verdict);
  };
  const forActive = (act: (approval: Approval) => void) => () => {
    if (active !== undefined && mayDecide) act(active);
  };

  useShortcuts({
    j: () => go(activeId === null ? 0 : index + 1),
    k: () => go(index - 1),
    a: forActive((it) =>
      it.kind === 'escalation' ? setDialog({ is: 'edit', approval: it }) : judge(it, { is: 'approve' }),
    ),
    e: forActive((it) => setDialog({ is: 'edit', approval: it })),
    r: forActive((it) => setDialog({ is: 'reject', approval: it })),
    x: forActive((it) => toggle(it.id)),
    t: () => active !== undefined && navigate(tenant.path(`decisions/${active.decision}`)),
  });

  const chosen = items.filter((it) => selected.has(it.id));
  const drafts = chosen.filter((it) => it.kind === 'draft');

  return (
    <>
      <PageHeader
        title="Approvals"
        lead="What Troupe would say or do, and waits for your yes."
        actions={
          <Box maw="100%" style={{ overflowX: 'auto' }}>
            <SegmentedControl
              aria-label="Which approvals"
              data={statuses}
              value={status}
              onChange={(value) => {
                setStatus(value as ApprovalStatus);
                setSelected(new Set());
                setActiveId(null);
              }}
            />
          </Box>
        }
      />
      {mayDecide && showKeys && items.length > 0 && (
        <Text size="xs" c="dimmed" mb="sm" visibleFrom="sm">
          Keys: j and k move, a approves, e edits, r rejects, x selects, ? shows all.
        </Text>
      )}
      <Listed
        of={list}
        loading={<Loading rows={3} height={150} />}
        empty={
          <Card>
            <Empty
              icon={IconChecks}
              title={status === 'pending' ? 'Nothing waits for you' : 'Nothing here yet'}
            >
              {status === 'pending'
                ? 'New drafts appear here by themselves, and leave when their conversation has moved on.'
                : 'What is decided is kept here.'}
            </Empty>
          </Card>
        }
      >
        {(approvals) => (
          <Stack gap="sm">
            {approvals.map((approval) => (
              <ApprovalCard
                key={approval.id}
                ref={(card) => {
                  if (card === null) cards.current.delete(approval.id);
                  else cards.current.set(approval.id, card);
                }}
                approval={approval}
                isActive={approval.id === active?.id}
                isSelected={selected.has(approval.id)}
                showKeys={showKeys}
                onActivate={() => setActiveId(approval.id)}
                onSelect={() => toggle(approval.id)}
                onApprove={() => judge(approval, { is: 'approve' })}
                onEdit={() => setDialog({ is: 'edit', approval })}
                onReject={() => setDialog({ is: 'reject', approval })}
              />
            ))}
          </Stack>
        )}
      </Listed>
      {(chosen.length > 0 || progress !== null) && (
        <Card pos="sticky" bottom={12} mt="md" shadow="md" role="region" aria-label="Bulk actions">
          {progress !== null ? (
            <Stack gap={6}>
              <Text size="sm" role="status">
                {progress.done} of {progress.of} decided
              </Text>
              <Progress value={(progress.done / progress.of) * 100} aria-label="Decided" />
            </Stack>
          ) : (
            <Group justify="space-between">
              <Text size="sm" fw={550}>
                {plural(chosen.length, 'selected', 'selected')}
              </Text>
              <Group gap="xs">
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => setSelected(new Set(items.map((it) => it.id)))}
                >
                  All shown
                </Button>
                <Button size="xs" variant="default" onClick={() => setSelected(new Set())}>
                  None
                </Button>
                <Button
                  size="xs"
                  variant="default"
                  onClick={() =>
                    confirm({
                      title: `Reject ${plural(chosen.length, 'draft')}?`,
                      text: 'Nothing of them is sent.',
                      yes: 'Reject',
                      isDangerous: true,
                      act: () => {
                        setSelected(new Set());
                        void decideAll(chosen, { is: 'reject' });
                      },
                    })
                  }
                >
                  Reject
                </Button>
                <Button
                  size="xs"
                  disabled={drafts.length === 0}
                  onClick={() => {
                    setSelected(new Set());
                    void decideAll(drafts, { is: 'approve' });
                  }}
                >
                  Approve {plural(drafts.length, 'draft')}
                </Button>
              </Group>
            </Group>
          )}
        </Card>
      )}
      {dialog?.is === 'edit' && (
        <EditDialog
          approval={dialog.approval}
          onClose={() => setDialog(null)}
          onDecide={(verdict) => judge(dialog.approval, verdict)}
        />
      )}
      {dialog?.is === 'reject' && (
        <RejectDialog
          approval={dialog.approval}
          onClose={() => setDialog(null)}
          onDecide={(verdict) => judge(dialog.approval, verdict)}
        />
      )}
    </>
  );
}
