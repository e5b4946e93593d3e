import createClient from 'openapi-fetch';
import { ApiError, asApiError, problemFrom } from './problem';
import type { paths } from './schema';
import { csrfToken, refreshSession } from './session';

/** Asked when a session has ended: resolves once somebody has signed in again. */
type SignInAgain = () => Promise<void>;

let signInAgain: SignInAgain | null = null;

export function onSessionEnded(ask: SignInAgain | null) {
  signInAgain = ask;
}

/**
 * Sends a request. When the session has expired it is refreshed once; when that fails the request waits until the
 * person has signed in again, so that nothing that was typed is lost.
 */
export async function authorisedFetch(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await attempt(request);
  if (response.status !== 401) return response;
  if (await refreshSession()) {
    const second = again.clone();
    const repeated = await attempt(again);
    if (repeated.status !== 401 || signInAgain === null) return repeated;
    await signInAgain();
    return attempt(second);
  }
  if (signInAgain === null) return response;
  await signInAgain();
  return attempt(again);
}

function attempt(request: Request): Promise<Response> {
  if (request.method === 'GET') return fetch(request);
  const headers = new Headers(request.headers);
  headers.set('X-CSRF-Token', csrfToken());
  return fetch(new Request(request, { headers }));
}

export const api = createClient<paths>({
  baseUrl: typeof window === 'undefined' ? '' : window.location.origin,
  fetch: authorisedFetch,
});

interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer of a request, or the problem thrown as an `ApiError`. */
export async function answer<T>(asked: Promise<Outcome<T>>): Promise<T> {
  return (await answerWithTag(asked)).data;
}

/** The answer together with its `ETag`, which goes into `If-Match` of a change. */
export async function answerWithTag<T>(asked: Promise<Outcome<T>>): Promise<{ data: T; tag: string | null }> {
  let outcome: Outcome<T>;
  try {
    outcome = await asked;
  } catch (error) {
    throw asApiError(error);
  }
  if (!outcome.response.ok) throw problemFrom(outcome.response.status, outcome.error);
  return { data: outcome.data as T, tag: outcome.response.headers.get('etag') };
}

/** For routes that the description does not name yet, and for bodies that are files. */
export async function request<T>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const isFile = body instanceof Blob;
  const type = isFile ? 'application/octet-stream' : 'application/json';
  const made = new Request(new URL(`/api/v1${path}`, window.location.origin), {
    method,
    signal,
    headers: body === undefined ? {} : { 'Content-Type': type },
    body: body === undefined ? undefined : isFile ? body : JSON.stringify(body),
  });
  let response: Response;
  try {
    response = await authorisedFetch(made);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw asApiError(error);
  }
  if (response.status === 204) return undefined as T;
  const answered: unknown = await response.json().catch(() => null);
  if (!response.ok) throw problemFrom(response.status, answered);
  return answered as T;
}

/** Whether asking again could help. */
export function mayRetry(failures: number, error: unknown) {
  const isPassing = !(error instanceof ApiError) || error.status === 0 || error.status === 503;
  return isPassing && failures < 2;
}
