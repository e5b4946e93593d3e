import { describe, expect, it } from 'vitest';
import { shortened, bytes, dollars, duration, refusal, relative, sentence, words } from './format';

describe('numbers for people', () => {
  it('small sums of money keep the digits that matter', () => {
    expect(dollars(0)).toBe('$0.00');
    expect(dollars(7_500_000)).toBe('$7.50');
    expect(dollars(2_340)).toBe('$0.0023');
    expect(dollars(15)).toBe('$0.000015');
  });

  it('times are told by how long ago they are', () => {
    const now = Date.parse('2026-11-27T12:00:00Z');
    expect(relative('2026-11-27T11:59:40Z', now)).toBe('just now');
    expect(relative('2026-11-27T11:55:00Z', now)).toBe('5 minutes ago');
    expect(relative('2026-11-29T12:00:00Z', now)).toBe('in 2 days');
    expect(relative('2026-11-26T12:00:00Z', now)).toBe('yesterday');
  });

  it('spans and sizes have fitting units', () => {
    expect(duration(480)).toBe('480 µs');
    expect(duration(5_800)).toBe('5.8 ms');
    expect(duration(2_500_000)).toBe('2.5 s');
    expect(bytes(0)).toBe('0 B');
    expect(bytes(3_145_728)).toBe('3.0 MB');
  });

  it('what Instagram refused is told once', () => {
    const raw = 'instagram refused with code 100/2018001: (#100) The request was refused. (100/2018001)';
    const told = 'Instagram refused it: The request was refused (code 100/2018001)';
    expect(refusal(raw)).toBe(told);
    expect(sentence(`It waits in the dead letters (${raw})`)).toBe(`It waits in the dead letters (${told}).`);
    expect(refusal('instagram refused with code 190: The token is no longer valid')).toBe(
      'Instagram refused it: The token is no longer valid (code 190)',
    );
    expect(refusal('the network is down')).toBe('the network is down');
  });

  it('names of the API become words', () => {
    expect(words('awaiting_approval')).toBe('Awaiting approval');
    expect(sentence('leads are drafted')).toBe('Leads are drafted.');
    const quiet = sentence('quiet hours: answers wait until 2026-11-28T07:00:00.123456Z');
    expect(quiet).toMatch(/until 28 Nov 2026, \d\d:\d\d\.$/);
  });
});

describe('shortened', () => {
  it('cuts between words and says so', () => {
    expect(shortened('Cost of caption from 16 Nov 2026 to 22 Nov 2026', 40)).toBe(
      'Cost of caption from 16 Nov 2026 to 22…',
    );
    expect(shortened('Decision by @ben_301', 40)).toBe('Decision by @ben_301');
    expect(shortened('a'.repeat(50), 40)).toBe(`${'a'.repeat(40)}…`);
  });
});
