import { describe, expect, it } from 'vitest';
import { isSame, merge, withTheirs } from './merge';

const start = { name: 'Prices', priority: 0, voice: { emoji: true, facts: ['a'] }, words: ['price'] };

describe('a form and what somebody else saved meanwhile', () => {
  it('keeps what was typed and takes over what only they changed', () => {
    const mine = { ...start, name: 'Price questions' };
    const theirs = { ...start, priority: 5, words: ['price', 'cost'] };
    expect(merge(start, mine, theirs)).toEqual({
      form: { ...start, name: 'Price questions', priority: 5, words: ['price', 'cost'] },
      differences: [
        { path: 'priority', theirs: 5, isBoth: false },
        { path: 'words', theirs: ['price', 'cost'], isBoth: false },
      ],
    });
  });

  it('keeps what was typed where both changed the same, and tells theirs', () => {
    const mine = { ...start, name: 'Mine' };
    const theirs = { ...start, name: 'Theirs' };
    const merged = merge(start, mine, theirs);
    expect(merged.form.name).toBe('Mine');
    expect(merged.differences).toEqual([{ path: 'name', theirs: 'Theirs', mine: 'Mine', isBoth: true }]);
  });

  it('looks into parts, so that two fields of one part are no quarrel', () => {
    const mine = { ...start, voice: { ...start.voice, emoji: false } };
    const theirs = { ...start, voice: { ...start.voice, facts: ['a', 'b'] } };
    const merged = merge(start, mine, theirs);
    expect(merged.form.voice).toEqual({ emoji: false, facts: ['a', 'b'] });
    expect(merged.differences).toEqual([{ path: 'voice.facts', theirs: ['a', 'b'], isBoth: false }]);
  });

  it('says nothing when both changed it to the same, or only I did', () => {
    const mine = { ...start, name: 'Same', priority: 2 };
    expect(merge(start, mine, { ...start, name: 'Same' }).differences).toEqual([]);
  });

  it('loses nothing that was typed, whatever they did', () => {
    const mine = { ...start, name: 'Mine', priority: 9, words: [] };
    const theirs = { name: 'T', priority: 1, voice: { emoji: false, facts: [] }, words: ['x'] };
    expect(merge(start, mine, theirs).form).toMatchObject({ name: 'Mine', priority: 9, words: [] });
  });

  it('can give way in one field', () => {
    const form = withTheirs(start, { path: 'voice.facts', theirs: ['z'], isBoth: true });
    expect(form).toEqual({ ...start, voice: { emoji: true, facts: ['z'] } });
  });

  it('does not take the order of fields for a change', () => {
    expect(isSame({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toBe(true);
    expect(isSame({ a: undefined }, {})).toBe(true);
    expect(isSame([1, 2], [2, 1])).toBe(false);
  });
});
