import { describe as story, expect, it } from 'vitest';
import type { AuditEntry } from '@/api/types';
import { describe } from './describe';
import { subjectsOf } from './subjects';

const entry = (part: Partial<AuditEntry>): AuditEntry => ({
  id: 'aud_1',
  seq: 1,
  event_type: 'decision.made',
  action: 'draft',
  resource_type: 'decision',
  resource_id: 'dec_1',
  actor: 'engagement',
  success: true,
  at: '2026-11-27T10:00:00Z',
  hash: '',
  details: {},
  ...part,
});

story('an entry of the log', () => {
  it('says who wrote what, and leads to the decision', () => {
    const details = { outcome: 'draft', event_kind: 'comment', author: 'ana', incoming_text: 'Do you ship?' };
    const told = describe(entry({ details }));
    expect(told.text).toBe('Drafted an answer to a comment from @ana');
    expect(told.quote).toBe('Do you ship?');
    expect(told.to).toBe('decisions/dec_1');
  });

  it('stands out when there is a crisis', () => {
    const details = { outcome: 'escalate', event_kind: 'comment', classification: { crisis: true } };
    expect(describe(entry({ action: 'escalate', details })).tone).toBe('bad');
  });

  it('says what was sent, and what became of what was not', () => {
    const sent = entry({ event_type: 'effect.sent', action: 'hide_comment', details: { decision: 'dec_2' } });
    expect(describe(sent)).toMatchObject({ text: 'Comment hidden', to: 'decisions/dec_2' });
    const dead = entry({ event_type: 'effect.dead_lettered', action: 'reply_comment' });
    expect(describe(dead)).toMatchObject({ text: 'Reply comment was given up', tone: 'bad', to: 'queue' });
  });

  it('is told even when its type is new', () => {
    const told = describe(entry({ event_type: 'weather.changed', actor: 'key:key_1' }));
    expect(told.text).toBe('Weather changed by an API key');
    expect(subjectsOf('weather.changed')).toEqual([]);
  });

  it('names people, and never by their ids', () => {
    const invited = entry({ event_type: 'user.invited', actor: 'user:usr_1' });
    expect(describe(invited).text).toBe('User invited by a user');
    expect(describe(invited, () => 'Olga').text).toBe('User invited by Olga');
    const details = { outcome: 'act', event_kind: 'message', author: '1797501423687' };
    expect(describe(entry({ details })).text).toBe('Acted on a message from Person 423687');
  });

  it('has the lists read again that it changes', () => {
    expect(subjectsOf('decision.made')).toContain('approvals');
    expect(subjectsOf('effect.sent')).toContain('queue');
  });
});
