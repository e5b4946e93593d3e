import { authorisedFetch } from '@/api/client';
import { asApiError, problemFrom } from '@/api/problem';
import { readStream, type StreamEvent } from '@/live/sse';

/** A record that carries a sentence of an answer. */
export interface Source {
  id: string;
  kind?: string;
  title?: string;
}

/** What an answer's stream says, piece by piece. */
export type Piece =
  | { is: 'token'; text: string }
  | {
      is: 'done';
      latencyMs: number;
      confidence: number | null;
      sources: Source[];
      steps: string[];
      tools: string[];
      session: string | null;
    }
  | { is: 'error'; text: string };

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function sourceOf(value: unknown): Source[] {
  if (typeof value !== 'object' || value === null) return [];
  const source = value as Record<string, unknown>;
  const id = text(source.id);
  if (id === null) return [];
  return [{ id, kind: text(source.kind) ?? undefined, title: text(source.title) ?? undefined }];
}

const said = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((it) => typeof it === 'string') : [];

/** One message of the stream; what it does not know, it leaves out. */
export function pieceOf(event: Pick<StreamEvent, 'data'>): Piece | null {
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(event.data) as Record<string, unknown>;
  } catch {
    return null;
  }
  if (typeof body !== 'object' || body === null) return null;
  if (body.type === 'error') return { is: 'error', text: text(body.content) ?? 'The answer broke off.' };
  if (typeof body.token === 'string') return { is: 'token', text: body.token };
  if (body.done === true) {
    return {
      is: 'done',
      latencyMs: typeof body.latency_ms === 'number' ? body.latency_ms : 0,
      confidence: typeof body.confidence === 'number' ? body.confidence : null,
      sources: Array.isArray(body.sources) ? body.sources.flatMap(sourceOf) : [],
      steps: said(body.thinking_steps),
      tools: said(body.tools_used),
      session: text(body.session_id),
    };
  }
  return null;
}

export const longestQuestion = 2000;

/** Asks a question and tells the answer as it is written. */
export async function* ask(
  tenant: string,
  question: string,
  session: string | null,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  const url = new URL(`/api/v1/tenants/${tenant}/oversight/chat`, window.location.origin);
  const request = new Request(url, {
    method: 'POST',
    signal,
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
    body: JSON.stringify({ question, session_id: session ?? undefined, stream: true }),
  });
  let response: Response;
  try {
    response = await authorisedFetch(request);
  } catch (error) {
    if (signal.aborted) return;
    throw asApiError(error);
  }
  if (!response.ok || response.body === null) {
    throw problemFrom(response.status, await response.json().catch(() => null));
  }
  let isOver = false;
  try {
    for await (const event of readStream(response.body)) {
      const piece = pieceOf(event);
      if (piece === null) continue;
      isOver = piece.is !== 'token';
      yield piece;
      if (isOver) return;
    }
  } catch (error) {
    if (signal.aborted) return;
    throw asApiError(error);
  }
  if (!isOver && !signal.aborted) yield { is: 'error', text: 'The answer broke off before it was complete.' };
}
