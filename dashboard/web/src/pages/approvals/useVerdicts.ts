import { notifications } from '@mantine/notifications';
import { useCallback, useRef, useState } from 'react';
import { asApiError } from '@/api/problem';
import type { Approval } from '@/api/types';
import { tellProblem } from '@/ui/act';
import { plural } from '@/ui/format';
import { send, useOptimisticList, type Verdict } from './data';

const together = 4;

const done: Record<Verdict['is'], string> = {
  approve: 'Approved. It is on its way.',
  edit: 'Approved with your words. It is on its way.',
  reject: 'Rejected. Nothing is sent.',
};

/** Whether it was decided. */
type Decided = Promise<boolean>;

/** Decides on approvals: at once on the screen, once on the server, and back in the list when that refuses. */
export function useVerdicts(tenant: string) {
  const list = useOptimisticList(tenant);
  const underWay = useRef(new Set<string>());
  const [progress, setProgress] = useState<{ done: number; of: number } | null>(null);

  const decide = useCallback(
    async (approval: Approval, verdict: Verdict): Decided => {
      // A second press must not decide twice.
      if (underWay.current.has(approval.id)) return true;
      underWay.current.add(approval.id);
      const putBack = await list.takeOut([approval.id]);
      try {
        await send(tenant, approval.id, verdict);
        notifications.show({ message: done[verdict.is], autoClose: 3000 });
        return true;
      } catch (error) {
        putBack();
        tellProblem(error);
        return false;
      } finally {
        underWay.current.delete(approval.id);
        void list.settle();
      }
    },
    [tenant, list],
  );

  const decideAll = useCallback(
    /** Tells which could not be decided. */
    async (approvals: Approval[], verdict: Verdict): Promise<string[]> => {
      const left = approvals.filter((it) => !underWay.current.has(it.id));
      const all = left.length;
      if (all === 0) return [];
      for (const it of left) underWay.current.add(it.id);
      setProgress({ done: 0, of: all });
      await list.takeOut(left.map((it) => it.id));
      const refused: string[] = [];
      let reason = '';
      const work = async () => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          try {
            await send(tenant, next.id, verdict);
          } catch (error) {
            refused.push(next.id);
            reason = asApiError(error).message;
          }
          underWay.current.delete(next.id);
          setProgress((before) => before && { ...before, done: before.done + 1 });
        }
      };
      await Promise.all(Array.from({ length: together }, work));
      setProgress(null);
      await list.settle();
      const verb = verdict.is === 'reject' ? 'rejected' : 'approved';
      notifications.show({
        color: refused.length > 0 ? 'orange' : undefined,
        title: `${plural(all - refused.length, 'draft')} ${verb}`,
        message:
          refused.length > 0 ? `${refused.length} could not be decided: ${reason}` : 'Nothing was left out.',
        autoClose: refused.length > 0 ? 12_000 : 4000,
      });
      return refused;
    },
    [tenant, list],
  );

  return { decide, decideAll, progress };
}
