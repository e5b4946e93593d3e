import { describe, expect, it } from 'vitest';
import { placeOf } from './sources';
import { pieceOf } from './wire';

const piece = (body: unknown) => pieceOf({ data: JSON.stringify(body) });

describe('the stream of an answer', () => {
  it('is made of tokens and ends with its sources', () => {
    expect(piece({ token: 'It was ' })).toEqual({ is: 'token', text: 'It was ' });
    expect(
      piece({
        done: true,
        latency_ms: 420,
        confidence: 0.91,
        sources: [
          { id: 'dec_1', kind: 'decision', title: 'A comment was hidden' },
          'aud_2',
          { nothing: true },
        ],
        thinking_steps: ['looked at the last 12 entries', { summary: 'found the decision' }],
        tools_used: [{ name: 'audit_search' }],
        session_id: 'ovs_1',
      }),
    ).toEqual({
      is: 'done',
      latencyMs: 420,
      confidence: 0.91,
      sources: [{ id: 'dec_1', kind: 'decision', title: 'A comment was hidden' }, { id: 'aud_2' }],
      steps: ['looked at the last 12 entries', 'found the decision'],
      tools: ['audit_search'],
      session: 'ovs_1',
    });
  });

  it('says when it broke', () => {
    expect(piece({ type: 'error', content: 'The model did not answer.' })).toEqual({
      is: 'error',
      text: 'The model did not answer.',
    });
  });

  it('is not upset by what it does not know', () => {
    expect(pieceOf({ data: 'not json' })).toBeNull();
    expect(piece({ progress: 3 })).toBeNull();
    expect(piece(null)).toBeNull();
  });
});

describe('a source', () => {
  it('opens where its record is', () => {
    expect(placeOf({ id: 'dec_1' })).toBe('decisions/dec_1');
    expect(placeOf({ id: 'eff_1' })).toBe('audit?resource_id=eff_1');
  });
});
