import type { Source } from './wire';

/** Kinds of records that have a page of their own. */
const places: Record<string, (source: Source) => string> = {
  decision: (it) => `decisions/${it.id}`,
  approval: () => 'approvals',
  alert: () => 'alerts',
  conversation: (it) => `inbox/${it.id}`,
  lead: () => 'leads',
  post: (it) => `content/posts/${it.id}`,
  rule: (it) => `rules/${it.id}`,
  report: (it) => `reports?report=${it.id}`,
  memory: () => 'memory',
  account: () => 'settings/accounts',
  cost: () => 'costs',
  budget: () => 'costs',
  insight: () => 'analytics',
  count: () => 'audit',
};

/** Where a record can be read: its own page, or its entries in the audit log. */
export function placeOf(source: Source): string {
  const place = source.kind === undefined ? undefined : places[source.kind];
  return place === undefined ? `audit?resource_id=${encodeURIComponent(source.id)}` : place(source);
}

/** A piece of an answer: words, or the number of a source. */
export type Part = { is: 'words'; text: string } | { is: 'mark'; number: number };

/** Parts an answer at its marks `[n]`. */
export function partsOf(answer: string): Part[] {
  return answer.split(/(\[\d+\])/).flatMap((text): Part[] => {
    const mark = /^\[(\d+)\]$/.exec(text);
    if (mark !== null) return [{ is: 'mark', number: Number(mark[1]) }];
    return text === '' ? [] : [{ is: 'words', text }];
  });
}
