import { describe, expect, it } from 'vitest';
import { tellValue } from './Details';

describe('a value of a record', () => {
  it('is told with its unit', () => {
    expect(tellValue('cost_micro_usd', 2340)).toBe('$0.0023');
    expect(tellValue('latency_us', 5800)).toBe('5.8 ms');
    expect(tellValue('took_ms', 120)).toBe('120 ms');
    expect(tellValue('confidence', 0.8300000190734863)).toBe('0.83');
    expect(tellValue('tokens_in', 120345)).toBe('120345');
  });

  it('is told in words where it is none', () => {
    expect(tellValue('rule', null)).toBe('None');
    expect(tellValue('dry_run', false)).toBe('No');
    expect(tellValue('intent', 'lead')).toBe('lead');
    expect(tellValue('at', '2026-05-04T10:00:00Z')).toMatch(/4 May 2026/);
  });
});
