import { describe, expect, it } from 'vitest';
import { actionKinds, conditionKinds, emptyRule, newAction, newCondition, tellRule } from './model';

describe('a rule in words', () => {
  it('reads as a sentence', () => {
    const told = tellRule({
      trigger: { on: 'comment', media: ['1', '2'] },
      conditions: [
        { if: 'keywords_any', words: ['price', 'cost'] },
        { if: 'intent', any: ['question', 'lead'], min_confidence: 0.8 },
      ],
      actions: [
        { do: 'reply', variations: ['Hi!', 'Hello!'] },
        { do: 'tag', tag: 'price' },
      ],
    });
    expect(told).toBe(
      'A comment on 2 chosen posts that has any of “price”, “cost” and is meant as question or lead (at least 80 % sure): answer with one of 2 texts, then tag it “price”.',
    );
  });

  it('can be told with every kind of condition and action, also while it is empty', () => {
    for (const { value } of conditionKinds) {
      for (const { value: action } of actionKinds) {
        const told = tellRule({
          ...emptyRule,
          conditions: [newCondition(value)],
          actions: [newAction(action)],
        });
        expect(told).toMatch(/^A comment that .+: .+\.$/);
        expect(told).not.toContain('undefined');
      }
    }
  });

  it('begins as a dry run', () => {
    expect(emptyRule.dry_run).toBe(true);
  });
});
