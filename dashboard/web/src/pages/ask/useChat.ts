import { useCallback, useEffect, useRef, useState } from 'react';
import { asApiError, type ApiError } from '@/api/problem';
import { answer, api } from '@/api/client';
import { ask, type Piece } from './wire';

export interface Turn {
  question: string;
  answer: string;
  is: 'writing' | 'done' | 'incomplete' | 'failed';
  end?: Extract<Piece, { is: 'done' }>;
  problem?: string;
  error?: ApiError;
}

/** A conversation with the record keeper of one tenant. */
export function useChat(tenant: string) {
  const [turns, setTurns] = useState<Turn[]>([]);
  const session = useRef<string | null>(null);
  const control = useRef<AbortController | null>(null);

  const changeLast = useCallback((change: (turn: Turn) => Turn) => {
    setTurns((before) => before.map((it, index) => (index === before.length - 1 ? change(it) : it)));
  }, []);

  const start = useCallback(
    async (question: string) => {
      if (control.current !== null) return;
      const mine = new AbortController();
      control.current = mine;
      setTurns((before) => [...before, { question, answer: '', is: 'writing' }]);
      try {
        for await (const piece of ask(tenant, question, session.current, mine.signal)) {
          if (piece.is === 'token') changeLast((it) => ({ ...it, answer: it.answer + piece.text }));
          else if (piece.is === 'done') {
            session.current = piece.session ?? session.current;
            changeLast((it) => ({ ...it, is: 'done', end: piece }));
          } else changeLast((it) => ({ ...it, is: 'incomplete', problem: piece.text }));
        }
        if (mine.signal.aborted)
          changeLast((it) => ({ ...it, is: 'incomplete', problem: 'You stopped the answer.' }));
      } catch (error) {
        changeLast((it) => ({ ...it, is: 'failed', error: asApiError(error) }));
      } finally {
        control.current = null;
      }
    },
    [tenant, changeLast],
  );

  const stop = useCallback(() => control.current?.abort(), []);

  const begin = useCallback(() => {
    control.current?.abort();
    session.current = null;
    setTurns([]);
  }, []);

  /** Goes on with an earlier conversation. */
  const open = useCallback(
    async (id: string) => {
      control.current?.abort();
      const kept = await answer(
        api.GET('/api/v1/tenants/{tenant}/oversight/sessions/{oversight}', {
          params: { path: { tenant, oversight: id } },
        }),
      );
      session.current = kept.active ? kept.id : null;
      setTurns(turnsOf(kept.messages));
    },
    [tenant],
  );

  useEffect(() => () => control.current?.abort(), []);

  return { turns, start, stop, begin, open, isWriting: turns.at(-1)?.is === 'writing' };
}

interface Message {
  role: string;
  content: string;
  sources: { id: string; kind: string; title: string }[];
  tools_used: string[];
  confidence?: number | null;
  latency_ms?: number | null;
  incomplete: boolean;
  problem?: string | null;
}

/** What was said before, as it is shown. */
export function turnsOf(messages: Message[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (message.role === 'user') {
      turns.push({ question: message.content, answer: '', is: 'incomplete' });
    } else if (last !== undefined) {
      last.answer = message.content;
      last.is = message.incomplete ? 'incomplete' : 'done';
      last.problem = message.problem ?? undefined;
      if (!message.incomplete) {
        last.end = {
          is: 'done',
          latencyMs: message.latency_ms ?? 0,
          confidence: message.confidence ?? null,
          sources: message.sources,
          steps: [],
          tools: message.tools_used,
          session: null,
        };
      }
    }
  }
  return turns;
}
