import { describe, expect, it } from 'vitest';
import { partsOf, placeOf } from './sources';
import { turnsOf } from './useChat';
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
        sources: [{ id: 'dec_1', kind: 'decision', title: 'A comment was hidden' }, { nothing: true }],
        thinking_steps: ['looked into audit search: 12 records', 7],
        tools_used: ['audit_search'],
        session_id: 'ovs_1',
      }),
    ).toEqual({
      is: 'done',
      latencyMs: 420,
      confidence: 0.91,
      sources: [{ id: 'dec_1', kind: 'decision', title: 'A comment was hidden' }],
      steps: ['looked into audit search: 12 records'],
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
    expect(placeOf({ id: 'dec_1', kind: 'decision' })).toBe('decisions/dec_1');
    expect(placeOf({ id: 'cost:caption:2026-11-26..2026-11-26', kind: 'cost' })).toBe('costs');
    expect(placeOf({ id: 'eff_1', kind: 'effect' })).toBe('audit?resource_id=eff_1');
  });

  it('is linked where the answer names it', () => {
    expect(partsOf('It was hidden [1][2].')).toEqual([
      { is: 'words', text: 'It was hidden ' },
      { is: 'mark', number: 1 },
      { is: 'mark', number: 2 },
      { is: 'words', text: '.' },
    ]);
  });
});

describe('a conversation that is opened again', () => {
  it('shows what was said, and what broke off', () => {
    const said = { sources: [], tools_used: [], incomplete: false };
    const turns = turnsOf([
      { ...said, role: 'user', content: 'Why?' },
      { ...said, role: 'assistant', content: 'Because [1].', confidence: 0.9, latency_ms: 12 },
      { ...said, role: 'user', content: 'And when?' },
      { ...said, role: 'assistant', content: 'On', incomplete: true, problem: 'the node was stopped' },
    ]);
    expect(turns.map((it) => [it.question, it.answer, it.is])).toEqual([
      ['Why?', 'Because [1].', 'done'],
      ['And when?', 'On', 'incomplete'],
    ]);
    expect(turns[1]?.problem).toBe('the node was stopped');
  });
});
