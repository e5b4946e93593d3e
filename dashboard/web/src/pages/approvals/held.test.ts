import { describe, expect, it } from 'vitest';
import type { Approval } from '@/api/types';
import { arrange, goneOf } from './held';

/** Drafts by the minute at which they came; the newest comes first. */
const drafts = (...minutes: number[]) =>
  minutes.map(
    (it) => ({ id: `apr_${it}`, created_at: `2026-05-04T10:${String(it).padStart(2, '0')}:00Z` }) as Approval,
  );
const names = (list: Approval[]) => list.map((it) => it.id);

describe('the drafts on the screen', () => {
  it('are all there are when the page is opened', () => {
    expect(arrange(null, drafts(3, 2, 1))).toEqual({ shown: drafts(3, 2, 1), fresh: [] });
  });

  it('stay where they are while others arrive, which wait', () => {
    const shown = drafts(2, 1);
    const after = arrange(shown, drafts(4, 3, 2, 1));
    expect(after.shown).toBe(shown);
    expect(names(after.fresh)).toEqual(['apr_4', 'apr_3']);
  });

  it('stay where they are when one of them is decided elsewhere', () => {
    const shown = drafts(3, 2, 1);
    const read = drafts(3, 1);
    expect(arrange(shown, read).shown).toBe(shown);
    expect([...goneOf(shown, read, false)]).toEqual(['apr_2']);
  });

  it('do not let one in that arrives on an empty page', () => {
    const after = arrange([], drafts(1));
    expect([names(after.shown), names(after.fresh)]).toEqual([[], ['apr_1']]);
  });

  it('do not let one in when all of them are gone', () => {
    const shown = drafts(2, 1);
    const after = arrange(shown, drafts(3));
    expect(after.shown).toBe(shown);
    expect(names(after.fresh)).toEqual(['apr_3']);
  });

  it('are followed by those of a further page', () => {
    const after = arrange(drafts(4, 3), drafts(5, 4, 3, 2, 1));
    expect([names(after.shown), names(after.fresh)]).toEqual([
      ['apr_4', 'apr_3', 'apr_2', 'apr_1'],
      ['apr_5'],
    ]);
  });

  it('are not taken for gone when newer ones push them off the last page that was read', () => {
    const shown = drafts(3, 2, 1);
    const read = drafts(5, 4, 3);
    expect([...goneOf(shown, read, true)]).toEqual([]);
    expect([...goneOf(shown, read, false)]).toEqual(['apr_2', 'apr_1']);
  });
});
