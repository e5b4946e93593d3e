import type { components } from '@/api/schema';

type Insight = components['schemas']['AccountInsight'];

export interface DayValue {
  day: string;
  value: number | null;
}

/** One value a day, summed over accounts; a day nothing is known of stays unknown. */
export function byDay(items: Insight[], metric: string, from: string, to: string): DayValue[] {
  const known = new Map<string, number>();
  for (const it of items) {
    if (it.metric !== metric || it.part !== '' || typeof it.value !== 'number') continue;
    known.set(it.day, (known.get(it.day) ?? 0) + it.value);
  }
  return daysBetween(from, to).map((day) => ({ day, value: known.get(day) ?? null }));
}

export function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  const end = Date.parse(`${to}T00:00:00Z`);
  for (let at = Date.parse(`${from}T00:00:00Z`); at <= end; at += 86_400_000) {
    days.push(new Date(at).toISOString().slice(0, 10));
  }
  return days;
}

const known = (values: DayValue[]) => values.flatMap((it) => (it.value === null ? [] : [it.value]));

export const sum = (values: DayValue[]): number | null => {
  const numbers = known(values);
  return numbers.length === 0 ? null : numbers.reduce((a, b) => a + b, 0);
};

export const last = (values: DayValue[]): number | null => known(values).at(-1) ?? null;

/** The last `days` against those before them, by their daily averages; nothing when either is unknown. */
export function change(values: DayValue[], days: number): number | null {
  const now = known(values.slice(-days));
  const before = known(values.slice(-2 * days, -days));
  if (now.length === 0 || before.length < Math.ceil(days / 2)) return null;
  const mean = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const base = mean(before);
  return base === 0 ? null : ((mean(now) - base) / base) * 100;
}

/** What a curve says, in a sentence. */
export function explain(label: string, values: DayValue[], unit = ''): string {
  const numbers = known(values);
  if (numbers.length === 0) return `Instagram has not told ${label.toLowerCase()} for these days.`;
  const total = numbers.reduce((a, b) => a + b, 0);
  const best = values.reduce((a, b) => ((b.value ?? -1) > (a.value ?? -1) ? b : a));
  const format = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
  const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', timeZone: 'UTC' });
  const missing = values.length - numbers.length;
  const parts = [
    `${label}: ${format.format(total)}${unit} in ${numbers.length} ${numbers.length === 1 ? 'day' : 'days'}`,
    `most on ${date.format(new Date(`${best.day}T00:00:00Z`))} with ${format.format(best.value ?? 0)}`,
  ];
  if (missing > 0) parts.push(`${missing} of ${values.length} days are not known`);
  return `${parts.join(', ')}.`;
}
