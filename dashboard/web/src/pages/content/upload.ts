import { answer, api, request } from '@/api/client';
import { ApiError } from '@/api/problem';
import type { Media, Upload } from '@/api/types';

export const partBytes = 2 * 1024 * 1024;
const tries = 4;

interface Options {
  onProgress: (sent: number) => void;
  signal: AbortSignal;
  /** Waits between two tries; replaced in tests. */
  pause?: (ms: number) => Promise<void>;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Sends a file in parts. When the connection breaks it goes on behind what the server has. */
export async function upload(tenant: string, file: File, options: Options): Promise<Media> {
  const begun = await answer(
    api.POST('/api/v1/tenants/{tenant}/media/uploads', {
      params: { path: { tenant } },
      body: { file_name: file.name, bytes: file.size },
      signal: options.signal,
    }),
  );
  const path = `/tenants/${tenant}/media/uploads/${begun.id}`;
  try {
    let sent = 0;
    while (sent < file.size) {
      sent = await sendPart(path, file, sent, options);
      options.onProgress(sent);
    }
    return await request<Media>('POST', `${path}/complete`, undefined, options.signal);
  } catch (error) {
    // What was given up or refused must not take one of the tenant's places.
    if (options.signal.aborted || error instanceof ApiError)
      await request('DELETE', path).catch(() => undefined);
    throw error;
  }
}

async function sendPart(path: string, file: File, from: number, options: Options): Promise<number> {
  let offset = from;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const part = file.slice(offset, offset + partBytes);
      const state = await request<Upload>('PUT', `${path}?offset=${offset}`, part, options.signal);
      return state.received;
    } catch (error) {
      if (!(error instanceof ApiError) || attempt >= tries) throw error;
      const mayPass = error.isOffline || error.status === 409 || error.status >= 500;
      if (!mayPass) throw error;
      await (options.pause ?? sleep)(500 * 2 ** attempt);
      const state = await request<Upload>('GET', path, undefined, options.signal).catch(() => null);
      if (state !== null && state.received > from) return state.received;
      offset = state?.received ?? offset;
    }
  }
}
