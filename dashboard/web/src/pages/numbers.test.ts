import { describe, expect, it } from 'vitest';
import type { components } from '@/api/schema';
import type { Cost } from '@/api/types';
import { byDay, change, daysBetween, explain, last, sum } from './analytics/series';
import { lastDays, microUsd, sumBy } from './costs/sums';
import { readFilter, writeFilter } from './audit/filter';
import { rowsOf } from './overview/needRows';
import type { Needs } from './overview/needs';
import { metricsOf } from './reports/read';

const insight = (day: string, value: number | null, part = '') =>
  ({ day, value, part, metric: 'reach' }) as components['schemas']['AccountInsight'];

describe('numbers by day', () => {
  it('add up accounts, and leave unknown days unknown', () => {
    const values = byDay(
      [
        insight('2026-11-01', 10),
        insight('2026-11-01', 5),
        insight('2026-11-03', 1),
        insight('2026-11-03', 9, 'reels'),
      ],
      'reach',
      '2026-11-01',
      '2026-11-03',
    );
    expect(values.map((it) => it.value)).toEqual([15, null, 1]);
    expect(sum(values)).toBe(16);
    expect(last(values)).toBe(1);
    expect(explain('Reach', values)).toBe(
      'Reach: 16 in 2 days, most on 1 November with 15, 1 of 3 days are not known.',
    );
  });

  it('make no claim where nothing is known', () => {
    const nothing = daysBetween('2026-11-01', '2026-11-02').map((day) => ({ day, value: null }));
    expect(sum(nothing)).toBeNull();
    expect(change(nothing, 1)).toBeNull();
    expect(explain('Reach', nothing)).toContain('has not told');
  });

  it('are compared by their averages, unless there was nothing before', () => {
    const values = [10, 10, 15, 15].map((value, day) => ({ day: String(day), value }));
    expect(change(values, 2)).toBe(50);
    expect(
      change(
        values.map((it, at) => (at < 2 ? { ...it, value: 0 } : it)),
        2,
      ),
    ).toBeNull();
  });
});

describe('money', () => {
  it('is entered in dollars and sent as an integer', () => {
    expect(microUsd('7.50')).toBe(7_500_000);
    expect(microUsd('0,1')).toBe(100_000);
    expect(microUsd('')).toBeNull();
    expect(microUsd('-1')).toBeNull();
    expect(microUsd('a lot')).toBeNull();
  });

  it('is summed by day and, within it, by task', () => {
    const cost = (day: string, task: string, cost_micro_usd: number) =>
      ({ day, task, cost_micro_usd }) as Cost;
    const sums = sumBy(
      [cost('2', 'classify', 1), cost('1', 'report', 5), cost('2', 'classify', 2)],
      (it) => it.day ?? '',
      (it) => it.task ?? '',
    );
    expect(sums).toEqual([
      { key: '1', total: 5, parts: { report: 5 } },
      { key: '2', total: 3, parts: { classify: 3 } },
    ]);
  });

  it('is asked for by whole days', () => {
    expect(lastDays(7, new Date('2026-11-27T12:00:00Z'))).toEqual({ from: '2026-11-21', to: '2026-11-27' });
  });
});

describe('what needs a person', () => {
  const needs = (part: Partial<Needs>): Needs => ({
    drafts: [],
    escalations: [],
    deadLetters: [],
    posts: [],
    isMore: false,
    ...part,
  });

  it('an alert that is raised many times is told once', () => {
    const alert = (id: string, severity: 'critical' | 'info') => ({
      id,
      severity,
      message: 'read it now',
      last_seen_at: '2026-11-27T12:00:00Z',
    });
    const rows = rowsOf(needs({}), [alert('1', 'critical'), alert('2', 'critical'), alert('3', 'info')]);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ kind: '2 alerts', text: 'Read it now.' });
  });
});

describe('a search in the audit log', () => {
  it('stands in the address and comes back from it', () => {
    const filter = { event_type: 'effect.failed', success: false, from: '2026-11-27T00:00:00.000Z' };
    expect(readFilter(writeFilter(filter))).toMatchObject(filter);
    expect(readFilter(new URLSearchParams('from=yesterday')).from).toBeUndefined();
  });
});

describe('a report', () => {
  it('shows what is known, and the reason where nothing is', () => {
    const report = {
      instagram_metrics: { not_available: { followers: 'was not read' } },
      historical_comparison: {
        metrics: {
          reach: { previous: 10, current: 15, change_percent: 50 },
          followers: { previous: null, current: null, change_percent: null },
        },
      },
    } as unknown as Parameters<typeof metricsOf>[0];
    expect(metricsOf(report)).toEqual([
      { name: 'reach', previous: 10, current: 15, change: 50, reason: undefined },
      { name: 'followers', previous: null, current: null, change: null, reason: 'was not read' },
    ]);
  });
});
