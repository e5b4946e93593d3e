import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { asApiError } from '@/api/problem';
import { keys } from '@/api/queries';
import { upload } from './upload';

export interface UploadState {
  id: number;
  name: string;
  size: number;
  sent: number;
  is: 'sending' | 'done' | 'refused';
  problem?: string;
}

let nextId = 0;
const together = 2;

/** Uploads, two at a time; closing the tab meanwhile asks first. */
export function useUploads(tenant: string) {
  const queries = useQueryClient();
  const [uploads, setUploads] = useState<UploadState[]>([]);
  const controls = useRef(new Map<number, AbortController>());
  const waiting = useRef<{ id: number; file: File }[]>([]);
  const running = useRef(0);

  const change = useCallback((id: number, part: Partial<UploadState>) => {
    setUploads((before) => before.map((it) => (it.id === id ? { ...it, ...part } : it)));
  }, []);

  const next = useCallback(() => {
    if (running.current >= together) return;
    const item = waiting.current.shift();
    if (item === undefined) return;
    const control = controls.current.get(item.id) ?? new AbortController();
    running.current += 1;
    upload(tenant, item.file, { signal: control.signal, onProgress: (sent) => change(item.id, { sent }) })
      .then(() => {
        change(item.id, { is: 'done', sent: item.file.size });
        void queries.invalidateQueries({ queryKey: keys.tenant(tenant, 'media') });
      })
      .catch((error: unknown) => {
        if (control.signal.aborted) setUploads((before) => before.filter((it) => it.id !== item.id));
        else change(item.id, { is: 'refused', problem: asApiError(error).message });
      })
      .finally(() => {
        controls.current.delete(item.id);
        running.current -= 1;
        next();
      });
    next();
  }, [tenant, change, queries]);

  const add = useCallback(
    (files: File[]) => {
      const added = files.map((file) => ({ id: (nextId += 1), file }));
      for (const { id } of added) controls.current.set(id, new AbortController());
      waiting.current.push(...added);
      setUploads((before) => [
        ...before,
        ...added.map(({ id, file }): UploadState => ({
          id,
          name: file.name,
          size: file.size,
          sent: 0,
          is: 'sending',
        })),
      ]);
      next();
    },
    [next],
  );

  const cancel = useCallback((id: number) => {
    controls.current.get(id)?.abort();
    const before = waiting.current.length;
    waiting.current = waiting.current.filter((it) => it.id !== id);
    if (waiting.current.length < before) setUploads((all) => all.filter((it) => it.id !== id));
  }, []);

  const isSending = uploads.some((it) => it.is === 'sending');
  useEffect(() => {
    if (!isSending) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [isSending]);

  return { uploads, add, cancel, clear: () => setUploads([]) };
}
