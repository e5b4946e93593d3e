import type { Cost } from '@/api/types';

export interface Sum {
  key: string;
  total: number;
  parts: Record<string, number>;
}

/** Costs summed by one thing and, within it, by another; in the order in which the first appears. */
export function sumBy(costs: Cost[], outer: (cost: Cost) => string, inner: (cost: Cost) => string): Sum[] {
  const sums = new Map<string, Sum>();
  for (const cost of costs) {
    const key = outer(cost);
    const sum = sums.get(key) ?? { key, total: 0, parts: {} };
    sum.total += cost.cost_micro_usd;
    sum.parts[inner(cost)] = (sum.parts[inner(cost)] ?? 0) + cost.cost_micro_usd;
    sums.set(key, sum);
  }
  return [...sums.values()].sort((a, b) => a.key.localeCompare(b.key));
}

/** `7.50` dollars as integer micro-dollars, or nothing when it is no amount. */
export function microUsd(text: string | number): number | null {
  const value = typeof text === 'number' ? text : Number(text.replace(',', '.'));
  return Number.isFinite(value) && value >= 0 && String(text).trim() !== ''
    ? Math.round(value * 1_000_000)
    : null;
}

/** The days of the last while, as the API wants them. */
export function lastDays(count: number, now = new Date()): { from: string; to: string } {
  const day = (back: number) => new Date(now.getTime() - back * 86_400_000).toISOString().slice(0, 10);
  return { from: day(count - 1), to: day(0) };
}
