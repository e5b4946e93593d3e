import { describe, expect, it } from 'vitest';
import { changesOf, differenceOf, orderOf, resultOf, tenantsOf, type Rehearsal } from './rehearsal';

describe('a rehearsal', () => {
  it('says what would change, and how', () => {
    const rehearsal = {
      status: 'done',
      report: {
        total: {
          events: 834,
          differing: 47,
          outcomes: { 'draft to act': 47 },
          escalations: { new: 0, gone: 2 },
        },
      },
    } as unknown as Rehearsal;
    expect(resultOf(rehearsal)).toEqual({
      events: 834,
      differing: 47,
      outcomes: [['Draft for a person', 'Done by itself', 47]],
      newEscalations: 0,
      goneEscalations: 2,
    });
    expect(resultOf({ ...rehearsal, status: 'running' })).toBeNull();
  });

  it('sets the old answer beside the new one', () => {
    const told = differenceOf({
      id: 'dif_1',
      tenant: 'ten_1',
      event: 'evt_1',
      difference: {
        incoming_text: 'Do you ship?',
        recorded: { outcome: 'draft', actions: [], proposed: [{ text: 'We do!' }] },
        rehearsed: { outcome: 'ignore', actions: [], proposed: [] },
      } as never,
    });
    expect(told).toEqual({
      id: 'dif_1',
      said: 'Do you ship?',
      before: 'Draft for a person: “We do!”',
      after: 'Left alone',
      beside: null,
    });
  });

  it('names what else differs where the answer stays', () => {
    const side = { outcome: 'escalate', actions: [], proposed: [] };
    const told = differenceOf({
      id: 'dif_1',
      tenant: 'ten_1',
      event: 'evt_1',
      difference: {
        incoming_text: 'Hm.',
        kinds: ['intent', 'rules'],
        recorded: side,
        rehearsed: side,
      } as never,
    });
    expect([told.before, told.beside]).toEqual([
      'Handed to a person',
      'what it is taken for, the rules that apply',
    ]);
  });

  it('says in words what is changed, in lists and by itself', () => {
    const none = { put_rules: [], prompts: {}, daily_budget_micro_usd: null };
    expect(changesOf({ changed: none })).toEqual([]);
    expect(changesOf({ changed: { base: 'present', daily_budget_micro_usd: 0 } })).toEqual([
      'the present rules and settings',
      'a daily budget of $0.00',
    ]);
    expect(changesOf({ changed: { prompts: { reply: 'Be kind.' } } })).toEqual([
      'another prompt: Writing answers',
    ]);
    expect(changesOf({ changed: { prompts: 2, put_rules: 1, settings: 1 } })).toEqual([
      '1 changed rule',
      'other settings',
      '2 other prompts',
    ]);
    expect(changesOf({ changed: { settings: { min_confidence: 0.95 } } })).toEqual(['acting from 95 % sure']);
    expect(changesOf(null)).toEqual([]);
  });

  it('shows where most changes, tenant by tenant', () => {
    const report = (events: number, differing: number) => ({ events, differing });
    const rehearsal = {
      status: 'done',
      report: {
        total: report(30, 9),
        tenants: [
          { tenant: 'ten_1', slug: 'calm', report: report(20, 1) },
          { tenant: 'ten_2', slug: 'busy', report: report(10, 8) },
        ],
      },
    } as unknown as Rehearsal;
    expect(tenantsOf(rehearsal).map((it) => [it.slug, it.result.differing])).toEqual([
      ['busy', 8],
      ['calm', 1],
    ]);
  });

  it('is ordered for the days before now', () => {
    const now = new Date('2026-11-27T12:00:00Z');
    expect(orderOf(7, { settings: { min_confidence: 0.9 } }, now)).toEqual({
      from: '2026-11-20T12:00:00.000Z',
      until: '2026-11-27T12:00:00.000Z',
      changed: { settings: { min_confidence: 0.9 } },
    });
  });
});
