import { describe, expect, it } from 'vitest';
import type { TenantLook } from '@/api/types';
import { byUrgency, called, isNearlySpent, needsPerson, totalsOf } from './agency';

const none = { info: 0, warning: 0, error: 0, critical: 0 };

const look = (name: string, part: Partial<TenantLook> = {}): TenantLook => ({
  tenant: `ten_${name}`,
  slug: name.toLowerCase().replace(' ', '-'),
  name,
  status: 'active',
  pending_approvals: 0,
  open_alerts: none,
  conversations_with_people: 0,
  dead_letters: 0,
  accounts_to_reconnect: 0,
  spent_today_micro_usd: 0,
  budget_today_micro_usd: null,
  ...part,
});

const names = (tenants: TenantLook[]) => tenants.map((it) => it.name);

describe('the tenants of an agency', () => {
  it('begin with what stops, then what waits for an answer, then the rest by name', () => {
    const tenants = [
      look('Birch'),
      look('Acorn'),
      look('Waits', { pending_approvals: 900 }),
      look('Given up', { dead_letters: 5 }),
      look('Cut off', { accounts_to_reconnect: 1 }),
      look('Burns', { open_alerts: { ...none, critical: 1 } }),
      look('Talks', { conversations_with_people: 1 }),
    ];
    expect(names(byUrgency(tenants))).toEqual([
      'Burns',
      'Cut off',
      'Waits',
      'Talks',
      'Given up',
      'Acorn',
      'Birch',
    ]);
  });

  it('need nobody for a note, and somebody before the budget is gone', () => {
    expect(needsPerson(look('Noted', { open_alerts: { ...none, info: 3 } }))).toBe(false);
    const nearly = look('Nearly', { spent_today_micro_usd: 80, budget_today_micro_usd: 100 });
    expect(needsPerson(nearly)).toBe(true);
    expect(isNearlySpent(look('Unasked', { spent_today_micro_usd: 80 }))).toBe(false);
    expect(isNearlySpent(look('Closed', { budget_today_micro_usd: 0 }))).toBe(false);
  });

  it('are summed up', () => {
    const totals = totalsOf([
      look('A', { pending_approvals: 2, spent_today_micro_usd: 10 }),
      look('B', {
        open_alerts: { info: 1, warning: 1, error: 0, critical: 1 },
        conversations_with_people: 4,
      }),
      look('C'),
    ]);
    expect(totals).toEqual({ approvals: 2, conversations: 4, alerts: 3, critical: 1, spent: 10, needing: 2 });
  });

  it('are found by words of their name or short name', () => {
    const tenants = [look('Casa Brisa'), look('Lumen Skin')];
    expect(names(called(tenants, 'brisa CASA'))).toEqual(['Casa Brisa']);
    expect(names(called(tenants, 'lumen-skin'))).toEqual(['Lumen Skin']);
    expect(called(tenants, ' ')).toHaveLength(2);
  });

  it('are thousands, and still in order', () => {
    const many = Array.from({ length: 5000 }, (_, at) => look(`T${at}`, { pending_approvals: at }));
    expect(byUrgency(many)[0]?.name).toBe('T4999');
    expect(totalsOf(many).needing).toBe(4999);
  });
});
