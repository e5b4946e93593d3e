/** A field that somebody else changed while a form was open, by its path such as `voice.facts`. */
export interface Difference {
  path: string;
  theirs: unknown;
  /** What stands in the form, when both changed it. */
  mine?: unknown;
  isBoth: boolean;
}

export interface Merged<T> {
  form: T;
  differences: Difference[];
}

type Plain = Record<string, unknown>;

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether two documents say the same, whatever the order of their fields. */
export function isSame(one: unknown, other: unknown): boolean {
  if (isPlain(one) && isPlain(other)) {
    const names = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...names].every((name) => isSame(one[name], other[name]));
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((it, index) => isSame(it, other[index]));
  }
  return one === other;
}

/**
 * Brings together what was typed and what somebody else saved, on the version that both began with. What only they
 * changed is taken over; where both changed the same, what was typed stays.
 */
export function merge<T extends object>(start: T, mine: T, theirs: T): Merged<T> {
  const differences: Difference[] = [];
  const form = mergeFields(start as Plain, mine as Plain, theirs as Plain, '', differences);
  return { form: form as T, differences };
}

function mergeFields(start: Plain, mine: Plain, theirs: Plain, above: string, found: Difference[]): Plain {
  const merged: Plain = { ...mine };
  for (const name of new Set([...Object.keys(start), ...Object.keys(mine), ...Object.keys(theirs)])) {
    const [before, typed, saved] = [start[name], mine[name], theirs[name]];
    const path = above === '' ? name : `${above}.${name}`;
    if (isSame(before, saved) || isSame(typed, saved)) continue;
    if (isPlain(before) && isPlain(typed) && isPlain(saved)) {
      merged[name] = mergeFields(before, typed, saved, path, found);
    } else if (isSame(before, typed)) {
      merged[name] = saved;
      found.push({ path, theirs: saved, isBoth: false });
    } else {
      found.push({ path, theirs: saved, mine: typed, isBoth: true });
    }
  }
  return merged;
}

/** The form with one field set to what they saved. */
export function withTheirs<T extends object>(form: T, { path, theirs }: Difference): T {
  const set = (value: unknown, [name = '', ...rest]: string[]): unknown => ({
    ...(isPlain(value) ? value : {}),
    [name]: rest.length === 0 ? theirs : set(isPlain(value) ? value[name] : undefined, rest),
  });
  return set(form, path.split('.')) as T;
}
