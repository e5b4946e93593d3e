import type { AuditEntry, DecisionRecord } from '@/api/types';
import { person, words } from '@/ui/format';
import type { Tone } from '@/ui/tone';

export interface Told {
  text: string;
  /** What somebody outside wrote. */
  quote?: string;
  tone: Tone;
  /** A page of the tenant that shows more. */
  to?: string;
}

const outcomes: Record<DecisionRecord['outcome'], [string, Tone]> = {
  act: ['Acted on', 'good'],
  draft: ['Drafted an answer to', 'info'],
  escalate: ['Handed over', 'warn'],
  ignore: ['Left alone', 'neutral'],
  record: ['Recorded', 'neutral'],
};

const kinds: Record<string, string> = {
  comment: 'a comment',
  live_comment: 'a live comment',
  mention: 'a mention',
  message: 'a message',
  story_reply: 'a story reply',
  postback: 'a tapped answer',
};

const effects: Record<string, [string, Tone]> = {
  reply_comment: ['Comment answered', 'good'],
  hide_comment: ['Comment hidden', 'good'],
  delete_comment: ['Comment deleted', 'good'],
  private_reply: ['Private reply sent', 'good'],
  send_dm: ['Message sent', 'good'],
  reply_dm: ['Message answered', 'good'],
  ask_dm: ['Question sent', 'good'],
  like: ['Liked', 'good'],
  create_container: ['File handed to Instagram', 'good'],
  publish_post: ['Post published', 'good'],
  first_comment: ['First comment written', 'good'],
};

const effectStates: Record<string, [string, Tone]> = {
  failed: ['failed and will be tried again', 'warn'],
  dead_lettered: ['was given up', 'bad'],
  unknown: ['has an unknown outcome and is being checked', 'warn'],
  reconciled: ['was checked against Instagram', 'info'],
  settled: ['was settled', 'info'],
  skipped: ['was skipped', 'neutral'],
  cancelled: ['was cancelled', 'neutral'],
  retried: ['is tried again', 'info'],
  queued: ['is in the queue', 'info'],
};

/** What an entry of the log says, for people. */
export function describe(entry: AuditEntry, nameOf?: NameOf): Told {
  const by = actor(entry, nameOf);
  const details = (entry.details ?? {}) as Record<string, unknown>;
  const [subject, what = ''] = entry.event_type.split('.');
  if (entry.event_type === 'decision.made') return decision(entry);
  if (subject === 'effect') return effect(entry, what);
  if (subject === 'approval') {
    const verdict = String(details.status ?? details.verdict ?? entry.action);
    return {
      text: `Draft ${verdict} by ${by}`,
      tone: verdict === 'rejected' ? 'neutral' : 'good',
      to: 'approvals',
    };
  }
  if (subject === 'alert') {
    const message = typeof details.message === 'string' ? details.message : words(entry.action);
    return what === 'raised'
      ? { text: `Alert: ${message}`, tone: 'bad', to: 'alerts' }
      : { text: `Alert resolved by ${by}`, tone: 'good', to: 'alerts' };
  }
  const told = `${words(entry.event_type)}${by === '' ? '' : ` by ${by}`}`;
  return { text: told, tone: entry.success ? 'neutral' : 'bad', to: pages[subject ?? ''] };
}

const pages: Record<string, string> = {
  account: 'settings/accounts',
  conversation: 'inbox',
  lead: 'leads',
  media: 'content/media',
  memory: 'memory',
  post: 'content/board',
  report: 'reports',
  rule: 'rules',
  settings: 'settings',
  tick: 'agents',
};

function decision(entry: AuditEntry): Told {
  const record = entry.details as DecisionRecord;
  const [verb, tone] = outcomes[record.outcome] ?? ['Decided on', 'neutral'];
  const kind = kinds[record.event_kind] ?? words(record.event_kind).toLowerCase();
  const from = record.author === null || record.author === undefined ? '' : ` from ${person(record.author)}`;
  return {
    text: `${verb} ${kind}${from}`,
    quote: record.incoming_text ?? undefined,
    tone: record.classification?.crisis === true ? 'bad' : tone,
    to: `decisions/${entry.resource_id}`,
  };
}

function effect(entry: AuditEntry, what: string): Told {
  const details = (entry.details ?? {}) as { decision?: string };
  const to = typeof details.decision === 'string' ? `decisions/${details.decision}` : 'queue';
  const [done, tone] = effects[entry.action] ?? [words(entry.action), 'good'];
  if (what === 'sent') return { text: done, tone, to };
  const [state, stateTone] = effectStates[what] ?? [words(what).toLowerCase(), 'neutral'];
  return { text: `${words(entry.action)} ${state}`, tone: stateTone, to };
}

/** What a user is called. */
export type NameOf = (user: string) => string;

const known: Record<string, string> = { cli: 'the command line' };

/** Who did it, from `key:key_…`, `user:usr_…` or the name of an actor. */
export function actor(entry: Pick<AuditEntry, 'actor'>, nameOf: NameOf = () => 'a user'): string {
  const id = entry.actor.replace(/^(user|key):/, '');
  if (id.startsWith('key_')) return 'an API key';
  if (id.startsWith('usr_')) return nameOf(id);
  return known[id] ?? id;
}
