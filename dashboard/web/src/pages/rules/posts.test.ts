import { describe, expect, it } from 'vitest';
import { postOptions } from './posts';

describe('the posts of a rule', () => {
  const cake = { id: '17001', caption: 'Our new\ncake', at: '2026-11-02T10:00:00Z' };
  const oil = { id: '17002', caption: '', at: '2026-11-20T10:00:00Z' };

  it('are called by their captions, newest first, each once', () => {
    expect(postOptions([cake, oil, { ...cake }], [], '')).toEqual([
      { value: '17002', label: 'Without a caption · 20 Nov' },
      { value: '17001', label: 'Our new cake · 2 Nov' },
    ]);
  });

  it('keep ids that are chosen or typed, and are not known', () => {
    const labels = (typed: string) => postOptions([cake], ['17001', 'story'], typed).map((it) => it.label);
    expect(labels('cake')).toEqual(['Post story', 'Our new cake · 2 Nov']);
    expect(labels(' 18010 ')).toEqual(['Post story', 'Post 18010', 'Our new cake · 2 Nov']);
    expect(labels('17001')).toEqual(labels(''));
  });

  it('leave out what has no id yet', () => {
    expect(postOptions([{ ...cake, id: null }], [], '')).toEqual([]);
  });
});
