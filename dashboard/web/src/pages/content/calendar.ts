import type { Post } from '@/api/types';
import { dayOf } from '@/ui/zoned';

const step = 86_400_000;
const asDay = (at: number) => new Date(at).toISOString().slice(0, 10);

/** The days a month is shown with: whole weeks, Monday first. `month` is `YYYY-MM`. */
export function weeksOf(month: string): string[][] {
  const first = Date.parse(`${month}-01T00:00:00Z`);
  const next = Date.parse(`${shiftMonth(month, 1)}-01T00:00:00Z`);
  const start = first - ((new Date(first).getUTCDay() + 6) % 7) * step;
  const weeks: string[][] = [];
  for (let monday = start; monday < next; monday += 7 * step) {
    weeks.push(Array.from({ length: 7 }, (_, day) => asDay(monday + day * step)));
  }
  return weeks;
}

export function shiftMonth(month: string, by: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}

export const momentOf = (post: Post) => post.scheduled_at ?? post.published_at ?? null;

/** Posts by the tenant's day, in their order within it. */
export function byDay(posts: Post[], timeZone: string): Map<string, Post[]> {
  const days = new Map<string, Post[]>();
  const timed = posts.filter((it) => momentOf(it) !== null);
  timed.sort((a, b) => (momentOf(a) ?? '').localeCompare(momentOf(b) ?? ''));
  for (const post of timed) {
    const day = dayOf(momentOf(post) ?? '', timeZone);
    days.set(day, [...(days.get(day) ?? []), post]);
  }
  return days;
}
