import type { Estimate, PromptKey, PromptUse } from '@/api/types';
import { percent } from '@/ui/format';

export const promptKeys: { value: PromptKey; label: string }[] = [
  { value: 'classify', label: 'Telling what somebody wants' },
  { value: 'reply', label: 'Writing answers' },
  { value: 'crisis', label: 'Noticing a crisis' },
];

export const keyName = (key: PromptKey) => promptKeys.find((it) => it.value === key)?.label ?? key;

/** The longest text, in bytes. */
export const longest = 16 * 1024;
export const sizeOf = (text: string) => new TextEncoder().encode(text).length;

/** The version that tenants without a choice of their own are given. */
export const inUse = (uses: PromptUse[], key: PromptKey) =>
  uses.find((it) => it.key === key && (it.tenant ?? null) === null);

export const chosenAlone = (uses: PromptUse[], key: PromptKey, version: number) =>
  uses.filter((it) => it.key === key && it.version === version && (it.tenant ?? null) !== null).length;

/** What a tenant has chosen for itself, if anything. */
export const ownChoice = (uses: PromptUse[], key: PromptKey, tenant: string) =>
  uses.find((it) => it.key === key && it.tenant === tenant);

export interface DiffLine {
  kind: 'added' | 'removed' | 'same' | 'place';
  text: string;
}

/** The lines of a unified diff, without its head. */
export function diffLines(unified: string): DiffLine[] {
  const lines = unified.replace(/\n$/, '').split('\n');
  const first = lines.findIndex((it) => it.startsWith('@@'));
  if (first < 0) return [];
  return lines.slice(first).map((line) => {
    if (line.startsWith('@@')) return { kind: 'place', text: placeOf(line) };
    if (line.startsWith('\\')) return { kind: 'place', text: line.slice(2) };
    const kind = line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'same';
    return { kind, text: line.slice(1) };
  });
}

/** “62 % (51 % to 72 %)”: a rate is worth as much as its interval is narrow. */
export const rate = (it: Estimate | null | undefined) =>
  it ? `${percent(it.value)} (${percent(it.low)} to ${percent(it.high)})` : '–';

/** `@@ -67,3 +67,5 @@` as people say it. */
function placeOf(line: string): string {
  const from = /\+(\d+)/.exec(line)?.[1];
  return from === undefined ? line : `From line ${from}`;
}
