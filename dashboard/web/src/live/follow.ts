import { authorisedFetch } from '@/api/client';
import type { AuditEntry } from '@/api/types';
import { readStream } from './sse';

/** `off`: this person may not follow, so nothing is live and nothing is broken. */
export type LiveState = 'connecting' | 'live' | 'broken' | 'off';

interface Listener {
  entry: (entry: AuditEntry) => void;
  state: (state: LiveState) => void;
}

const firstPause = 1000;
const longestPause = 30_000;
/** Keep-alives come every 15 seconds; a line without any for this long is dead. */
const silence = 45_000;

/**
 * Follows a tenant's log. After a break it goes on where it stopped, so nothing is left out or told twice. Answers
 * with the function that ends it.
 */
export function follow(tenant: string, listener: Listener, fetching = authorisedFetch): () => void {
  const end = new AbortController();
  void run(tenant, listener, fetching, end.signal);
  return () => end.abort();
}

async function run(tenant: string, listener: Listener, fetching: typeof authorisedFetch, end: AbortSignal) {
  let position: number | null = null;
  let pause = firstPause;
  while (!end.aborted) {
    const line = new AbortController();
    const hangUp = () => line.abort();
    end.addEventListener('abort', hangUp);
    let watch = setTimeout(hangUp, silence);
    const isAlive = () => {
      clearTimeout(watch);
      watch = setTimeout(hangUp, silence);
    };
    listener.state('connecting');
    try {
      const since = position === null ? '' : `?since=${position}`;
      const url = new URL(`/api/v1/tenants/${tenant}/feed${since}`, window.location.origin);
      const asked = new Request(url, { headers: { Accept: 'text/event-stream' }, signal: line.signal });
      const response = await fetching(asked);
      // Somebody who may not follow is not asked to try again.
      if (response.status === 403 || response.status === 404) return listener.state('off');
      if (!response.ok || response.body === null) throw new Error(`the feed answered ${response.status}`);
      pause = firstPause;
      listener.state('live');
      for await (const event of readStream(response.body, isAlive)) {
        const entry = JSON.parse(event.data) as AuditEntry;
        if (position !== null && entry.seq <= position) continue;
        position = entry.seq;
        listener.entry(entry);
      }
    } catch {
      // Whatever broke it, the answer is the same: wait and go on.
    } finally {
      clearTimeout(watch);
      end.removeEventListener('abort', hangUp);
    }
    if (end.aborted) return;
    listener.state('broken');
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pause);
      end.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });
    pause = Math.min(pause * 2, longestPause);
  }
}
