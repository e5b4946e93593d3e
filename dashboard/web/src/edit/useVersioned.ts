import { useCallback, useEffect, useRef, useState } from 'react';
import { asApiError } from '@/api/problem';
import { isSame, merge, withTheirs, type Difference } from './merge';

/** A document with the `ETag` of its version. */
export interface Version<T> {
  data: T;
  tag: string | null;
}

/**
 * A form on a document that others may change too. When another version is read while something is typed, what they
 * changed is taken over, what was typed stays, and the differences are told.
 */
export function useVersioned<T extends object>(read: Version<T>) {
  const [base, setBase] = useState(read);
  const [form, setForm] = useState(read.data);
  const [differences, setDifferences] = useState<Difference[]>([]);
  const latest = useRef({ base, form });
  latest.current = { base, form };

  const adopt = useCallback((next: Version<T>) => {
    const present = latest.current;
    if (next.tag === present.base.tag && isSame(next.data, present.base.data)) return;
    const merged = merge(present.base.data, present.form, next.data);
    setBase(next);
    setForm(merged.form);
    if (!isSame(present.form, present.base.data)) {
      setDifferences((before) => [
        ...before.filter((old) => !merged.differences.some((it) => it.path === old.path)),
        ...merged.differences,
      ]);
    }
  }, []);

  useEffect(() => adopt(read), [adopt, read]);

  return {
    form,
    base,
    isChanged: !isSame(form, base.data),
    differences,
    change: (part: Partial<T>) => setForm((before) => ({ ...before, ...part })),
    undo: () => {
      setForm(base.data);
      setDifferences([]);
    },
    /** What was just saved is what the form is on now. */
    saved: (next: Version<T>) => {
      setBase(next);
      setForm(next.data);
      setDifferences([]);
    },
    takeTheirs: (difference: Difference) => {
      setForm((before) => withTheirs(before, difference));
      setDifferences((before) => before.filter((it) => it !== difference));
    },
    keepAll: () => setDifferences([]),
  };
}

/**
 * Saves a change on the version it was made on. When that was replaced it is read again; if the new version says the
 * same, because something beside it changed, the change is saved on it.
 */
export async function saveVersion<T extends object, R>(
  { base }: { base: Version<T> },
  save: (tag: string | null) => Promise<R>,
  readAgain: (() => Promise<Version<T> | undefined>) | undefined,
): Promise<R> {
  try {
    return await save(base.tag);
  } catch (error) {
    if (!asApiError(error).isStale) throw error;
    const present = await readAgain?.();
    if (present === undefined || !isSame(present.data, base.data)) throw error;
    return save(present.tag);
  }
}
