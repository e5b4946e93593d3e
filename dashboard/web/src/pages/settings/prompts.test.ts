import { describe, expect, it } from 'vitest';
import type { PromptUse } from '@/api/types';
import { chosenAlone, diffLines, inUse, rate } from './prompts';

describe('the versions of a prompt', () => {
  const uses: PromptUse[] = [
    { key: 'reply', tenant: null, version: 2, is_default: false },
    { key: 'reply', tenant: 'ten_1', version: 3, is_default: false },
    { key: 'classify', version: 1, is_default: true },
  ];

  it('one is in use, beside those that tenants chose for themselves', () => {
    expect(inUse(uses, 'reply')?.version).toBe(2);
    expect(inUse(uses, 'classify')?.is_default).toBe(true);
    expect(inUse(uses, 'crisis')).toBeUndefined();
    expect(chosenAlone(uses, 'reply', 3)).toBe(1);
    expect(chosenAlone(uses, 'reply', 2)).toBe(0);
  });

  it('are compared line by line, also where a line begins with signs of its own', () => {
    const unified = '--- reply@1\n+++ reply@2\n@@ -1,2 +1,2 @@\n Be kind.\n--- short\n+++ long\n';
    expect(diffLines(unified)).toEqual([
      { kind: 'place', text: 'From line 1' },
      { kind: 'same', text: 'Be kind.' },
      { kind: 'removed', text: '-- short' },
      { kind: 'added', text: '++ long' },
    ]);
    expect(diffLines('')).toEqual([]);
  });

  it('are approved at a rate that says how sure it is', () => {
    expect(rate({ value: 0.62, low: 0.51, high: 0.72 })).toBe('62 % (51 % to 72 %)');
    expect(rate(null)).toBe('–');
  });
});
