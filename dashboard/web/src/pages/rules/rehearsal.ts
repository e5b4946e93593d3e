import type { components } from '@/api/schema';

export type Rehearsal = components['schemas']['Rehearsal'];

type Open = Record<string, unknown>;
const open = (value: unknown): Open => (typeof value === 'object' && value !== null ? (value as Open) : {});
const whole = (value: unknown) => (typeof value === 'number' ? value : 0);
const textOr = (value: unknown) => (typeof value === 'string' ? value : null);

export interface RehearsalResult {
  events: number;
  differing: number;
  /** Such as “draft to act”, most frequent first. */
  outcomes: [string, number][];
  newEscalations: number;
  goneEscalations: number;
}

/** The parts of a report that say whether a change is a good idea. */
export function resultOf(rehearsal: Rehearsal): RehearsalResult | null {
  if (rehearsal.status !== 'done') return null;
  const total = open(open(rehearsal.report).total);
  const escalations = open(total.escalations);
  return {
    events: whole(total.events),
    differing: whole(total.differing),
    outcomes: Object.entries(open(total.outcomes))
      .map(([name, times]): [string, number] => [name, whole(times)])
      .sort((a, b) => b[1] - a[1]),
    newEscalations: whole(escalations.new),
    goneEscalations: whole(escalations.gone),
  };
}

export interface Difference {
  id: string;
  said: string;
  before: string;
  after: string;
}

const answerOf = (side: Open) => {
  const actions = [...((side.actions as unknown[]) ?? []), ...((side.proposed as unknown[]) ?? [])].map(open);
  const text = actions.map((it) => textOr(it.text)).find((it) => it !== null);
  const outcome = textOr(side.outcome) ?? 'nothing';
  return text === undefined ? outcome : `${outcome}: “${text}”`;
};

export function differenceOf(item: components['schemas']['RehearsalDifference']): Difference {
  const difference = open(item.difference);
  return {
    id: item.id,
    said: textOr(difference.incoming_text) ?? '',
    before: answerOf(open(difference.recorded)),
    after: answerOf(open(difference.rehearsed)),
  };
}
