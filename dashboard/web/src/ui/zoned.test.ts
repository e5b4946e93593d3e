import { describe, expect, it } from 'vitest';
import { dayOf, toInstant, toWall } from './zoned';

describe('times by the clock of a tenant', () => {
  it('come back as they were entered', () => {
    for (const zone of ['Europe/Lisbon', 'America/Sao_Paulo', 'Asia/Kolkata', 'Pacific/Apia', 'UTC']) {
      for (const wall of ['2026-01-15 09:30:00', '2026-07-01 00:00:00', '2026-12-31 23:59:00']) {
        expect(toWall(toInstant(wall, zone), zone)).toBe(wall);
      }
    }
  });

  it('mean the right instant', () => {
    expect(toInstant('2026-11-27 10:00:00', 'Europe/Berlin')).toBe('2026-11-27T09:00:00.000Z');
    expect(toInstant('2026-07-27 10:00', 'Europe/Berlin')).toBe('2026-07-27T08:00:00.000Z');
  });

  it('move on when they fall into the hour that clocks leave out', () => {
    expect(toWall(toInstant('2026-03-29 02:30:00', 'Europe/Berlin'), 'Europe/Berlin')).toBe(
      '2026-03-29 03:30:00',
    );
  });

  it('mean the first of two when clocks go back', () => {
    expect(toInstant('2026-10-25 02:30:00', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
  });

  it('belong to the day of the tenant, not of the reader', () => {
    expect(dayOf('2026-11-27T23:30:00Z', 'Asia/Tokyo')).toBe('2026-11-28');
  });
});
