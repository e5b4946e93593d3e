import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import { keys } from '@/api/queries';
import type { AuditEntry } from '@/api/types';
import { follow, type LiveState } from './follow';
import { subjectsOf } from './subjects';

interface Live {
  state: LiveState;
  /** Newest first. */
  entries: AuditEntry[];
}

const kept = 200;
const flushEvery = 800;
/** While much happens, a list is read again this often at most. */
const rereadEvery = 4000;
const Context = createContext<Live>({ state: 'connecting', entries: [] });

export const useLive = () => useContext(Context);

/** Follows one tenant and has the lists read again that its entries change. */
export function LiveProvider({ tenant, children }: { tenant: string; children: ReactNode }) {
  const queries = useQueryClient();
  const [live, setLive] = useState<Live>({ state: 'connecting', entries: [] });

  useEffect(() => {
    setLive({ state: 'connecting', entries: [] });
    const fresh: AuditEntry[] = [];
    const subjects = new Set<string>();
    const readAt = new Map<string, number>();
    let wasBroken = false;

    // A flood of entries must not become a flood of requests.
    const flush = setInterval(() => {
      if (fresh.length > 0) {
        const arrived = fresh.splice(0).reverse();
        setLive((before) => ({ ...before, entries: [...arrived, ...before.entries].slice(0, kept) }));
      }
      const now = Date.now();
      for (const subject of subjects) {
        if (now - (readAt.get(subject) ?? 0) < rereadEvery) continue;
        readAt.set(subject, now);
        subjects.delete(subject);
        void queries.invalidateQueries({ queryKey: keys.tenant(tenant, subject) });
      }
    }, flushEvery);

    const listener = {
      entry: (entry: AuditEntry) => {
        fresh.push(entry);
        for (const subject of subjectsOf(entry.event_type)) subjects.add(subject);
      },
      state: (state: LiveState) => {
        setLive((before) => ({ ...before, state }));
        if (state === 'broken') wasBroken = true;
        if (state === 'live' && wasBroken) {
          wasBroken = false;
          void queries.invalidateQueries({ queryKey: keys.tenant(tenant) });
        }
      },
    };

    // Browsers allow few connections to one host: a tab that nobody sees gives its own up.
    let end: (() => void) | null = follow(tenant, listener);
    let hiding: ReturnType<typeof setTimeout> | undefined;
    const onVisibility = () => {
      clearTimeout(hiding);
      if (document.hidden) {
        hiding = setTimeout(() => {
          end?.();
          end = null;
        }, 30_000);
      } else if (end === null) {
        wasBroken = true;
        end = follow(tenant, listener);
      }
    };
    document.addEventListener('visibilitychange', onVisibility);

    return () => {
      clearInterval(flush);
      clearTimeout(hiding);
      document.removeEventListener('visibilitychange', onVisibility);
      end?.();
    };
  }, [tenant, queries]);

  return <Context.Provider value={live}>{children}</Context.Provider>;
}
