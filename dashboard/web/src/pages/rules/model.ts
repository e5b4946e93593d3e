import type { Condition, Rule, RuleAction, RuleDocument, TriggerKind } from '@/api/types';
import { plural, words } from '@/ui/format';

export const triggers: { value: TriggerKind; label: string }[] = [
  { value: 'comment', label: 'A comment' },
  { value: 'dm', label: 'A direct message' },
  { value: 'mention', label: 'A mention' },
  { value: 'story_reply', label: 'A story reply' },
];

export const conditionKinds: { value: Condition['if']; label: string }[] = [
  { value: 'keywords_any', label: 'has any of the words' },
  { value: 'keywords_all', label: 'has all of the words' },
  { value: 'keywords_none', label: 'has none of the words' },
  { value: 'intent', label: 'is meant as' },
  { value: 'sentiment', label: 'feels' },
  { value: 'language', label: 'is written in' },
  { value: 'author', label: 'comes from' },
  { value: 'time', label: 'comes between' },
  { value: 'regex', label: 'matches the pattern' },
];

export const actionKinds: { value: RuleAction['do']; label: string; only?: TriggerKind[] }[] = [
  { value: 'reply', label: 'Answer' },
  { value: 'private_reply', label: 'Answer privately', only: ['comment'] },
  { value: 'dm', label: 'Send a direct message' },
  { value: 'ask', label: 'Ask with answers to tap' },
  { value: 'like', label: 'Like it' },
  { value: 'hide', label: 'Hide it', only: ['comment'] },
  { value: 'delete', label: 'Delete it', only: ['comment'] },
  { value: 'tag', label: 'Tag it' },
  { value: 'escalate', label: 'Hand it to a person' },
  { value: 'assign', label: 'Hand it to a named person' },
  { value: 'stop', label: 'Do nothing further' },
];

export function newCondition(kind: Condition['if']): Condition {
  switch (kind) {
    case 'keywords_any':
    case 'keywords_all':
    case 'keywords_none':
      return { if: kind, words: [] };
    case 'regex':
      return { if: kind, pattern: '' };
    case 'time':
      return { if: kind, from: '09:00', until: '18:00' };
    case 'language':
      return { if: kind, any: [] };
    case 'author':
      return { if: kind, any: [] };
    case 'sentiment':
      return { if: kind, any: [] };
    case 'intent':
      return { if: kind, any: [], min_confidence: 0 };
  }
}

export function newAction(kind: RuleAction['do']): RuleAction {
  switch (kind) {
    case 'reply':
    case 'private_reply':
    case 'dm':
      return { do: kind, variations: [''] };
    case 'ask':
      return { do: kind, variations: [''], quick_replies: [] };
    case 'tag':
      return { do: kind, tag: '' };
    case 'assign':
      return { do: kind, to: '' };
    default:
      return { do: kind };
  }
}

export const emptyRule: RuleDocument = {
  name: '',
  trigger: { on: 'comment', media: [] },
  conditions: [],
  actions: [newAction('reply')],
  priority: 0,
  daily_cap: null,
  enabled: true,
  dry_run: true,
};

export function documentOf(rule: Rule): RuleDocument {
  const { name, trigger, conditions, actions, priority, daily_cap, enabled, dry_run } = rule;
  return { name, trigger, conditions, actions, priority, daily_cap, enabled, dry_run };
}

const listed = (items: string[]) => items.map((it) => `“${it}”`).join(', ') || '…';

export function tellCondition(condition: Condition): string {
  switch (condition.if) {
    case 'keywords_any':
      return `has any of ${listed(condition.words)}`;
    case 'keywords_all':
      return `has all of ${listed(condition.words)}`;
    case 'keywords_none':
      return `has none of ${listed(condition.words)}`;
    case 'regex':
      return `matches ${condition.pattern || '…'}`;
    case 'time':
      return `comes between ${condition.from} and ${condition.until}`;
    case 'language':
      return `is written in ${condition.any.join(' or ') || '…'}`;
    case 'author':
      return `comes from ${condition.any.map((it) => `@${it}`).join(' or ') || '…'}`;
    case 'sentiment':
      return `feels ${condition.any.join(' or ') || '…'}`;
    case 'intent': {
      const sure = condition.min_confidence
        ? ` (at least ${Math.round(condition.min_confidence * 100)} % sure)`
        : '';
      return `is meant as ${condition.any.join(' or ') || '…'}${sure}`;
    }
  }
}

export function tellAction(action: RuleAction): string {
  switch (action.do) {
    case 'reply':
      return `answer with one of ${plural(action.variations.length, 'text')}`;
    case 'private_reply':
      return `answer privately with one of ${plural(action.variations.length, 'text')}`;
    case 'dm':
      return `send a message with one of ${plural(action.variations.length, 'text')}`;
    case 'ask':
      return `ask, with ${plural(action.quick_replies.length, 'answer')} to tap`;
    case 'tag':
      return `tag it “${action.tag}”`;
    case 'assign':
      return `hand it to ${action.to || '…'}`;
    case 'escalate':
      return 'hand it to a person';
    case 'stop':
      return 'do nothing further';
    default:
      return `${words(action.do).toLowerCase()} it`;
  }
}

/** A rule as a sentence. */
export function tellRule(rule: Pick<RuleDocument, 'trigger' | 'conditions' | 'actions'>): string {
  const on = triggers.find((it) => it.value === rule.trigger.on)?.label ?? words(rule.trigger.on);
  const where =
    (rule.trigger.media ?? []).length > 0
      ? ` on ${plural(rule.trigger.media?.length ?? 0, 'chosen post')}`
      : '';
  const when = (rule.conditions ?? []).map(tellCondition).join(' and ');
  const then = rule.actions.map(tellAction).join(', then ');
  return `${on}${where}${when === '' ? '' : ` that ${when}`}: ${then}.`;
}
