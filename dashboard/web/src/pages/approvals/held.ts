import { useCallback, useState } from 'react';
import type { Pages } from '@/api/queries';
import type { Approval } from '@/api/types';

/**
 * What is on the screen after the list was read again: nothing of it moves. What was shown keeps its place, also when it
 * no longer waits; older ones that a further page brought come last. The others arrived, and wait until they are asked for.
 */
export function arrange(
  shown: Approval[] | null,
  read: Approval[],
): { shown: Approval[]; fresh: Approval[] } {
  if (shown === null) return { shown: read, fresh: [] };
  const isShown = new Set(shown.map((it) => it.id));
  const lastKnown = read.map((it) => isShown.has(it.id)).lastIndexOf(true);
  const fresh = read.filter((it, at) => !isShown.has(it.id) && at < lastKnown);
  const unknown = read.slice(lastKnown + 1);
  // Without any that is known, nothing tells what came before them.
  if (lastKnown === -1) return { shown, fresh: unknown };
  return { shown: unknown.length === 0 ? shown : [...shown, ...unknown], fresh };
}

/** Those that were shown and no longer wait. What lies beyond the last page that was read is not known to be gone. */
export function goneOf(shown: Approval[], read: Approval[], hasMore: boolean): ReadonlySet<string> {
  const waits = new Set(read.map((it) => it.id));
  const oldest = read.at(-1);
  const isBeyond = (it: Approval) =>
    hasMore && oldest !== undefined && Date.parse(it.created_at) <= Date.parse(oldest.created_at);
  return new Set(shown.filter((it) => !waits.has(it.id) && !isBeyond(it)).map((it) => it.id));
}

/** A list that is read again and again, held still while somebody decides on it; `name` tells which list it is. */
export function useHeld(list: Pages<Approval>, name: string) {
  const [held, setHeld] = useState<{ name: string; shown: Approval[] } | null>(null);
  const before = held?.name === name ? held.shown : null;
  const { items } = list;
  // What was kept from an earlier visit is old: the first reading must be over.
  const isRead = list.data !== undefined && (before !== null || !list.isFetching);
  const { shown, fresh } = isRead ? arrange(before, items) : { shown: [], fresh: [] };
  if (isRead && shown !== before) setHeld({ name, shown });
  const showAll = useCallback(() => setHeld({ name, shown: items }), [name, items]);
  return { isRead, shown, fresh, gone: goneOf(shown, items, list.hasNextPage), showAll };
}
