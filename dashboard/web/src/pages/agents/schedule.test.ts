import { describe, expect, it } from 'vitest';
import { tellSchedule } from './schedule';

describe('when work is due', () => {
  it('is told in words', () => {
    const told = (cron: string) => tellSchedule(cron, 'Europe/Lisbon');
    expect(told('0 8 * * *')).toBe('every day at 08:00');
    expect(told('30 22 * * 1')).toBe('every Monday at 22:30');
    expect(told('0 10 * * 7')).toBe('every Sunday at 10:00');
    expect(told('0 * * * *')).toBe('every hour');
    expect(told('30 * * * *')).toBe('every hour, 30 minutes past');
    expect(told('0 */4 * * *')).toBe('every 4 hours');
    expect(told('*/5 * * * *')).toBe('every 5 minutes');
  });

  it('names the clock where it is not that of the tenant', () => {
    expect(tellSchedule('0 2 * * *', 'UTC')).toBe('every day at 02:00 UTC');
  });

  it('stays as it was written where words would be wrong', () => {
    expect(tellSchedule('0 8 1 * *', 'UTC')).toBe('0 8 1 * *');
    expect(tellSchedule('0 8,20 * * *', 'UTC')).toBe('0 8,20 * * *');
    expect(tellSchedule('0 8 * * 1-5', 'UTC')).toBe('0 8 * * 1-5');
  });
});
