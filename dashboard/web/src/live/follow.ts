import type { AuditEntry } from '@/api/types';
import { refreshSession } from '@/api/session';
import { feedTypes } from './subjects';

export type LiveState = 'connecting' | 'live' | 'broken';

interface Listener {
  entry: (entry: AuditEntry) => void;
  state: (state: LiveState) => void;
}

type Source = Pick<EventSource, 'addEventListener' | 'close' | 'readyState'> & {
  onopen: EventSource['onopen'];
  onerror: EventSource['onerror'];
  onmessage: EventSource['onmessage'];
};

const firstPause = 1000;
const longestPause = 30_000;

/**
 * Follows a tenant's log. After a break it goes on where it stopped; an expired session is renewed. Answers with the
 * function that ends it.
 */
export function follow(
  tenant: string,
  listener: Listener,
  open: (url: string) => Source = (url) => new EventSource(url),
): () => void {
  let position: number | null = null;
  let pause = firstPause;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let source: Source | null = null;
  let isOver = false;

  const take = (event: MessageEvent<string>) => {
    const entry = JSON.parse(event.data) as AuditEntry;
    // A reconnect may tell the last one again.
    if (position !== null && entry.seq <= position) return;
    position = entry.seq;
    listener.entry(entry);
  };

  const connect = () => {
    if (isOver) return;
    listener.state('connecting');
    const since = position === null ? '' : `?since=${position}`;
    source = open(`/api/v1/tenants/${tenant}/feed${since}`);
    source.onopen = () => {
      pause = firstPause;
      listener.state('live');
    };
    source.onmessage = take;
    for (const type of feedTypes) source.addEventListener(type, take as EventListener);
    source.onerror = () => {
      source?.close();
      if (isOver) return;
      listener.state('broken');
      timer = setTimeout(() => void refreshSession().finally(connect), pause);
      pause = Math.min(pause * 2, longestPause);
    };
  };

  connect();
  return () => {
    isOver = true;
    clearTimeout(timer);
    source?.close();
  };
}
