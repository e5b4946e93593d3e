import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AuditEntry } from '@/api/types';
import { follow, type LiveState } from './follow';

const line = (seq: number) =>
  `id: ${seq}\nevent: effect.sent\ndata: ${JSON.stringify({ seq, id: `aud_${seq}` })}\n\n`;

/** A feed that answers one list of entries per connection and then breaks off. */
function feedOf(...connections: number[][]) {
  const asked: string[] = [];
  const fetching = async (request: Request) => {
    asked.push(new URL(request.url).search);
    const entries = connections[asked.length - 1];
    if (entries === undefined)
      return new Response(new ReadableStream<Uint8Array>({ start: () => undefined }));
    return new Response(entries.map(line).join(''));
  };
  return { asked, fetching };
}

describe('following a tenant', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('goes on where it broke off, and tells nothing twice', async () => {
    const { asked, fetching } = feedOf([4, 5], [5, 6]);
    const entries: number[] = [];
    const states: LiveState[] = [];
    const end = follow(
      'ten_1',
      { entry: (it: AuditEntry) => entries.push(it.seq), state: (it) => states.push(it) },
      fetching,
    );
    await vi.advanceTimersByTimeAsync(5000);
    end();
    expect(entries).toEqual([4, 5, 6]);
    expect(asked.slice(0, 3)).toEqual(['', '?since=5', '?since=6']);
    expect(states.slice(0, 4)).toEqual(['connecting', 'live', 'broken', 'connecting']);
  });

  it('waits longer after every failure in a row', async () => {
    let asked = 0;
    const fetching = async () => {
      asked += 1;
      return new Response('', { status: 503 });
    };
    const end = follow('ten_1', { entry: () => undefined, state: () => undefined }, fetching);
    await vi.advanceTimersByTimeAsync(7500);
    expect(asked).toBe(4);
    end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(4);
  });

  it('stops asking when the person may not follow', async () => {
    let asked = 0;
    const states: LiveState[] = [];
    const fetching = async () => {
      asked += 1;
      return new Response('{}', { status: 403 });
    };
    follow('ten_1', { entry: () => undefined, state: (it) => states.push(it) }, fetching);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(asked).toBe(1);
    expect(states).toEqual(['connecting', 'off']);
  });

  it('hangs up on a line without any sign of life', async () => {
    const states: LiveState[] = [];
    const fetching = (request: Request) =>
      Promise.resolve(
        new Response(
          new ReadableStream<Uint8Array>({
            start: (stream) =>
              request.signal.addEventListener('abort', () => stream.error(new Error('hung up'))),
          }),
        ),
      );
    const end = follow('ten_1', { entry: () => undefined, state: (it) => states.push(it) }, fetching);
    await vi.advanceTimersByTimeAsync(44_000);
    expect(states).toEqual(['connecting', 'live']);
    await vi.advanceTimersByTimeAsync(2000);
    expect(states).toContain('broken');
    end();
  });
});
