import { Box, Button, Card, Group, Kbd, Progress, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconChecks } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { useNavigate } from 'react-router-dom';
import type { Approval, ApprovalStatus } from '@/api/types';
import { useShortcuts, useShortcutsAreOn } from '@/shell/shortcuts';
import { useTenant } from '@/shell/where';
import { confirm } from '@/ui/confirm';
import { plural } from '@/ui/format';
import { PageHeader } from '@/ui/pieces';
import { Empty, Listed, Loading } from '@/ui/states';
import { isInSight, useSteady } from '@/ui/useSteady';
import { ApprovalCard, type Outcome } from './ApprovalCard';
import { useApprovals, type Verdict } from './data';
import { useHeld } from './held';
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
  const held = useHeld(list, `${tenant.id} ${status}`);
  const { decide, decideAll, progress } = useVerdicts(tenant.id);
  const [activeId, setActiveId] = useState<string | null>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [verdicts, setVerdicts] = useState<ReadonlyMap<string, Verdict['is']>>(new Map());
  const [dialog, setDialog] = useState<{ is: 'edit' | 'reject'; approval: Approval } | null>(null);
  const cards = useRef(new Map<string, HTMLDivElement>());
  const showKeys = useShortcutsAreOn();

  const isPending = status === 'pending';
  // Among what waits; lists of what was decided show it as it is.
  const outcomeOf = (id: string): Outcome | undefined =>
    isPending ? (verdicts.get(id) ?? (held.gone.has(id) ? 'gone' : undefined)) : undefined;
  const isOpen = (it: Approval) => outcomeOf(it.id) === undefined;
  const onScreen = isPending ? held.shown : list.items;
  const open = onScreen.filter(isOpen);
  // What is decided stays in its place until nothing is left beside it.
  const items = open.length === 0 ? [] : onScreen;
  const clicks = useSteady(`${items.map((it) => it.id).join()} ${progress === null}`);
  const turns = useSteady('');

  // Always a certain one: whatever comes or goes, no other takes its place unseen.
  const index = items.findIndex((it) => it.id === activeId);
  const active = items[index];
  const first = open[0]?.id ?? null;
  if (active === undefined && activeId !== first) setActiveId(first);

  const focus = (id: string, isByKey: boolean) => {
    setActiveId(id);
    cards.current.get(id)?.focus({ preventScroll: true });
    if (isByKey) cards.current.get(id)?.scrollIntoView({ block: 'nearest' });
  };
  const go = (by: 1 | -1) => {
    const card = active && cards.current.get(active.id);
    // The first press leads to the one that is active already, unless somebody is there.
    const isLeft = active === undefined || !isOpen(active) || card?.contains(document.activeElement) === true;
    const rest = by === 1 ? items.slice(index + 1) : items.slice(0, Math.max(index, 0)).reverse();
    const next = isLeft || by === -1 ? (rest.find(isOpen) ?? active) : active;
    if (next !== undefined) focus(next.id, true);
  };

  const toggle = (id: string) =>
    setSelected((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });

  const mayDecide = isPending && tenant.may('operate');
  const mark = (approvals: Approval[], verdict: Verdict['is']) =>
    setVerdicts((before) => new Map([...before, ...approvals.map((it) => [it.id, verdict] as const)]));
  const unmark = (ids: string[]) =>
    setVerdicts((before) => new Map([...before].filter(([id]) => !ids.includes(id))));

  const judge = (approval: Approval, verdict: Verdict, isByKey: boolean) => {
    if (!isOpen(approval)) return;
    const at = items.findIndex((it) => it.id === approval.id);
    const isLeft = (it: Approval) => isOpen(it) && it.id !== approval.id;
    const next = items.slice(at + 1).find(isLeft) ?? items.slice(0, Math.max(at, 0)).filter(isLeft).at(-1);
    setDialog(null);
    setSelected((before) => new Set([...before].filter((it) => it !== approval.id)));
    mark([approval], verdict.is);
    turns.stir();
    if (next !== undefined) focus(next.id, isByKey);
    void decide(approval, verdict).then((isDecided) => isDecided || unmark([approval.id]));
  };
  const judgeAll = (approvals: Approval[], verdict: Verdict) => {
    setSelected(new Set());
    mark(approvals, verdict.is);
    void decideAll(approvals, verdict).then(unmark);
  };
  const byClick = (act: () => void) => () => {
    if (clicks.isSteady()) act();
  };

  /** A key acts on what can be read, and on one draft each time it is pressed. */
  const forActive = (act: (approval: Approval) => void) => (event: KeyboardEvent) => {
    if (active === undefined || !mayDecide || !isOpen(active) || event.repeat) return;
    if (!isInSight(cards.current.get(active.id))) {
      turns.stir();
      return focus(active.id, true);
    }
    if (clicks.isSteady() && turns.isSteady()) act(active);
  };
  const showFresh = () => {
    if (!isPending || held.fresh.length === 0) return;
    held.showAll();
    setActiveId(held.fresh[0]?.id ?? null);
    window.scrollTo({ top: 0 });
  };

  useShortcuts({
    j: () => go(1),
    k: () => go(-1),
    a: forActive((it) =>
      it.kind === 'escalation' ? setDialog({ is: 'edit', approval: it }) : judge(it, { is: 'approve' }, true),
    ),
    e: forActive((it) => setDialog({ is: 'edit', approval: it })),
    r: forActive((it) => setDialog({ is: 'reject', approval: it })),
    x: forActive((it) => toggle(it.id)),
    t: () => active !== undefined && navigate(tenant.path(`decisions/${active.decision}`)),
    n: showFresh,
  });

  const chosen = open.filter((it) => selected.has(it.id));
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
      {isPending && (
        <FreshBar
          count={held.fresh.length}
          showKeys={showKeys}
          onShow={showFresh}
          help={mayDecide && items.length > 0}
        />
      )}
      {list.data !== undefined && isPending && !held.isRead ? (
        <Loading rows={3} height={150} />
      ) : (
        <Listed
          of={{ ...list, items }}
          loading={<Loading rows={3} height={150} />}
          empty={
            <Card>
              <Empty icon={IconChecks} title={isPending ? 'Nothing waits for you' : 'Nothing here yet'}>
                {isPending
                  ? 'New drafts are told here by themselves, and leave when their conversation has moved on.'
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
                  outcome={outcomeOf(approval.id)}
                  onActivate={() => isOpen(approval) && setActiveId(approval.id)}
                  onSelect={() => toggle(approval.id)}
                  onApprove={byClick(() => judge(approval, { is: 'approve' }, false))}
                  onEdit={byClick(() => setDialog({ is: 'edit', approval }))}
                  onReject={byClick(() => setDialog({ is: 'reject', approval }))}
                />
              ))}
            </Stack>
          )}
        </Listed>
      )}
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
                  onClick={() => setSelected(new Set(open.map((it) => it.id)))}
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
                      act: () => judgeAll(chosen, { is: 'reject' }),
                    })
                  }
                >
                  Reject
                </Button>
                <Button
                  size="xs"
                  disabled={drafts.length === 0}
                  onClick={byClick(() => judgeAll(drafts, { is: 'approve' }))}
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
          onDecide={(verdict) => judge(dialog.approval, verdict, false)}
        />
      )}
      {dialog?.is === 'reject' && (
        <RejectDialog
          approval={dialog.approval}
          onClose={() => setDialog(null)}
          onDecide={(verdict) => judge(dialog.approval, verdict, false)}
        />
      )}
    </>
  );
}

/** Says what arrived meanwhile. It has its place from the beginning, so that nothing moves when there is something to say. */
function FreshBar(props: { count: number; showKeys: boolean; onShow: () => void; help: boolean }) {
  const { count, showKeys } = props;
  return (
    <Group mih={40} mb={4} gap="sm" pos="sticky" top={58} style={{ zIndex: 5, pointerEvents: 'none' }}>
      {props.help && showKeys && count === 0 && (
        <Text size="xs" c="dimmed" visibleFrom="sm">
          Keys: j and k move, a approves, e edits, r rejects, x selects, ? shows all.
        </Text>
      )}
      <div role="status">
        {count > 0 && (
          <Button
            size="xs"
            radius="xl"
            style={{ pointerEvents: 'auto', boxShadow: 'var(--mantine-shadow-md)' }}
            rightSection={showKeys ? <Kbd size="xs">n</Kbd> : undefined}
            onClick={props.onShow}
          >
            {plural(count, 'new draft')}: show
          </Button>
        )}
      </div>
    </Group>
  );
}
