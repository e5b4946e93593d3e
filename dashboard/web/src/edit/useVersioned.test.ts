import { act, renderHook } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '@/api/problem';
import { saveVersion, useVersioned, type Version } from './useVersioned';

interface Doc {
  name: string;
  priority: number;
}
const first: Version<Doc> = { data: { name: 'Prices', priority: 0 }, tag: '"1"' };
const theirs: Version<Doc> = { data: { name: 'Prices', priority: 5 }, tag: '"2"' };
const stale = new ApiError(412, 'It was changed in the meantime', 'Read it again.');

describe('a form on something that others change too', () => {
  it('keeps what is typed when a newer version arrives, and tells what they changed', () => {
    const { result, rerender } = renderHook(({ read }) => useVersioned(read), {
      initialProps: { read: first },
    });
    act(() => result.current.change({ name: 'Mine' }));
    rerender({ read: theirs });
    expect(result.current.form).toEqual({ name: 'Mine', priority: 5 });
    expect(result.current.base.tag).toBe('"2"');
    expect(result.current.differences.map((it) => it.path)).toEqual(['priority']);
  });

  it('shows the newer version quietly while nothing is typed', () => {
    const { result, rerender } = renderHook(({ read }) => useVersioned(read), {
      initialProps: { read: first },
    });
    rerender({ read: theirs });
    expect(result.current.form).toEqual(theirs.data);
    expect(result.current.differences).toEqual([]);
    expect(result.current.isChanged).toBe(false);
  });
});

describe('saving on a version that was replaced', () => {
  it('goes on by itself when the new version says the same', async () => {
    const save = vi.fn().mockRejectedValueOnce(stale).mockResolvedValueOnce('saved');
    const readAgain = () => Promise.resolve({ data: { ...first.data }, tag: '"9"' });
    await expect(saveVersion({ base: first }, save, readAgain)).resolves.toBe('saved');
    expect(save.mock.calls).toEqual([['"1"'], ['"9"']]);
  });

  it('asks the person when somebody changed it', async () => {
    const save = vi.fn().mockRejectedValue(stale);
    await expect(saveVersion({ base: first }, save, () => Promise.resolve(theirs))).rejects.toBe(stale);
    expect(save).toHaveBeenCalledTimes(1);
  });

  it('does not repeat what was refused for another reason', async () => {
    const refused = new ApiError(422, 'No', 'No.');
    const save = vi.fn().mockRejectedValue(refused);
    const readAgain = vi.fn();
    await expect(saveVersion({ base: first }, save, readAgain)).rejects.toBe(refused);
    expect(readAgain).not.toHaveBeenCalled();
  });
});
