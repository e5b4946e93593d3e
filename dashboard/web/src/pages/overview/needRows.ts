import type { Alert } from '@/api/types';
import { refusal, sentence } from '@/ui/format';
import { actionName } from '../queue/ActionLine';
import type { Needs } from './needs';

type RaisedAlert = Pick<Alert, 'id' | 'severity' | 'message' | 'last_seen_at'>;

export interface NeedRow {
  id: string;
  kind: string;
  tone: 'bad' | 'warn' | 'info';
  text: string;
  at: string;
  to: string;
}

/** What needs a person, the most pressing first; what is said several times is said once. */
export function rowsOf(needs: Needs, alerts: RaisedAlert[]): NeedRow[] {
  const pressing = new Map<string, { alert: RaisedAlert; times: number }>();
  for (const alert of alerts) {
    if (alert.severity !== 'critical' && alert.severity !== 'error') continue;
    const known = pressing.get(alert.message);
    if (known === undefined) pressing.set(alert.message, { alert, times: 1 });
    else known.times += 1;
  }
  return [
    ...[...pressing.values()].map(({ alert, times }): NeedRow => ({
      id: alert.id,
      kind: times === 1 ? 'Alert' : `${times} alerts`,
      tone: 'bad',
      text: sentence(alert.message),
      at: alert.last_seen_at,
      to: 'alerts',
    })),
    ...needs.escalations.map((it): NeedRow => ({
      id: it.id,
      kind: 'Escalation',
      tone: 'warn',
      text: `“${it.incoming_text}”`,
      at: it.created_at,
      to: `inbox/${it.conversation}`,
    })),
    ...needs.posts.map((it): NeedRow => ({
      id: it.id,
      kind: 'Post',
      tone: 'warn',
      text: it.error ?? `A missed post: ${it.caption}`,
      at: it.updated_at,
      to: `content/posts/${it.id}`,
    })),
    ...needs.deadLetters.map((it): NeedRow => ({
      id: it.id,
      kind: 'Dead letter',
      tone: 'bad',
      text: `${actionName(it.action_type)}: ${refusal(it.error ?? 'given up')}`,
      at: it.updated_at,
      to: 'queue',
    })),
    ...needs.drafts.map((it): NeedRow => ({
      id: it.id,
      kind: 'Draft',
      tone: 'info',
      text: `“${it.incoming_text}”`,
      at: it.created_at,
      to: 'approvals',
    })),
  ];
}
