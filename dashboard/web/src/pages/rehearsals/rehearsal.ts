import type { components } from '@/api/schema';
import type { PromptKey } from '@/api/types';
import { dollars, percent, plural } from '@/ui/format';
import { outcomeName } from '../decisions/outcomes';
import { keyName } from '../settings/prompts';

export type Rehearsal = components['schemas']['Rehearsal'];
export type RehearsalOrder = components['schemas']['RehearsalOrder'];

/** The description knows a merge patch as an object without fields. */
type DescribedChanges = components['schemas']['RehearsalChanges'];
export type RehearsalChanges = Omit<DescribedChanges, 'settings'> & { settings?: Record<string, unknown> };

type Open = Record<string, unknown>;
const open = (value: unknown): Open => (typeof value === 'object' && value !== null ? (value as Open) : {});
const whole = (value: unknown) => (typeof value === 'number' ? value : 0);
const textOr = (value: unknown) => (typeof value === 'string' ? value : null);

export interface RehearsalResult {
  events: number;
  differing: number;
  /** From what to what, and how often; most frequent first. */
  outcomes: [string, string, number][];
  newEscalations: number;
  goneEscalations: number;
}

/** The parts of a report that say whether a change is a good idea. */
export const resultOf = (rehearsal: Rehearsal): RehearsalResult | null =>
  rehearsal.status === 'done' ? resultIn(open(open(rehearsal.report).total)) : null;

function resultIn(report: Open): RehearsalResult {
  const escalations = open(report.escalations);
  return {
    events: whole(report.events),
    differing: whole(report.differing),
    outcomes: Object.entries(open(report.outcomes))
      .map(([way, times]): [string, string, number] => {
        const [before = '', after = ''] = way.split(' to ');
        return [outcomeName(before), outcomeName(after), whole(times)];
      })
      .sort((a, b) => b[2] - a[2]),
    newEscalations: whole(escalations.new),
    goneEscalations: whole(escalations.gone),
  };
}

export interface TenantResult {
  tenant: string;
  slug: string;
  result: RehearsalResult;
}

/** Each tenant for itself, where most would change first. */
export function tenantsOf(rehearsal: Rehearsal): TenantResult[] {
  const tenants = open(rehearsal.report).tenants;
  if (!Array.isArray(tenants)) return [];
  return tenants
    .map(open)
    .map((it) => ({
      tenant: textOr(it.tenant) ?? '',
      slug: textOr(it.slug) ?? '',
      result: resultIn(open(it.report)),
    }))
    .sort((a, b) => b.result.differing - a.result.differing || a.slug.localeCompare(b.slug));
}

/** How many a part of an order names: lists of rehearsals say only that. */
const named = (part: unknown): number => {
  if (typeof part === 'number') return part;
  if (Array.isArray(part)) return part.length;
  return Object.keys(open(part)).length;
};

/** Lists say only how many settings are changed. */
function settingsIn(settings: unknown) {
  const least = open(settings).min_confidence;
  if (typeof least === 'number') return `acting from ${percent(least)} sure`;
  return named(settings) > 0 && 'other settings';
}

/** What an order changes, in words. */
export function changesOf(asked: unknown): string[] {
  const changed = open(open(asked).changed);
  const { base, daily_budget_micro_usd: budget, prompts } = changed;
  const rules = named(changed.put_rules) + named(changed.rules);
  const left = named(changed.without_rules);
  const keys = Object.keys(open(prompts))
    .map((it) => keyName(it as PromptKey))
    .join(', ');
  const found = [
    base === 'present' && 'the present rules and settings',
    rules > 0 && plural(rules, 'changed rule'),
    left > 0 && plural(left, 'rule left out', 'rules left out'),
    settingsIn(changed.settings),
    named(prompts) > 0 && (keys === '' ? plural(named(prompts), 'other prompt') : `another prompt: ${keys}`),
    named(changed.models) > 0 && 'other models',
    named(changed.local_from) > 0 && 'another trust in the local model',
    typeof budget === 'number' && `a daily budget of ${dollars(budget)}`,
  ];
  return found.filter((it): it is string => typeof it === 'string');
}

/** An order for the days before now. */
export const orderOf = (days: number, changed: RehearsalChanges, now = new Date()): RehearsalOrder => ({
  from: new Date(now.getTime() - days * 86_400_000).toISOString(),
  until: now.toISOString(),
  changed: changed as DescribedChanges,
});

export interface Difference {
  id: string;
  said: string;
  before: string;
  after: string;
  /** What differs, when the answer does not. */
  beside: string | null;
}

const kindNames: Record<string, string> = {
  mode: 'what it may do by itself',
  intent: 'what it is taken for',
  effects: 'what is done',
  rules: 'the rules that apply',
  cost: 'the cost',
  steps: 'the way to it',
};

const besideOf = (kinds: unknown): string => {
  const named = (Array.isArray(kinds) ? kinds : []).map((it) => kindNames[String(it)]);
  return named.filter((it) => it !== undefined).join(', ') || 'the way to it';
};

const answerOf = (side: Open) => {
  const actions = [...((side.actions as unknown[]) ?? []), ...((side.proposed as unknown[]) ?? [])].map(open);
  const text = actions.map((it) => textOr(it.text)).find((it) => it !== null);
  const outcome = outcomeName(textOr(side.outcome) ?? 'Nothing');
  return text === undefined ? outcome : `${outcome}: “${text}”`;
};

export function differenceOf(item: components['schemas']['RehearsalDifference']): Difference {
  const difference = open(item.difference);
  const [before, after] = [answerOf(open(difference.recorded)), answerOf(open(difference.rehearsed))];
  return {
    id: item.id,
    said: textOr(difference.incoming_text) ?? '',
    before,
    after,
    beside: before === after ? besideOf(difference.kinds) : null,
  };
}
