import { ApiError, problemFrom } from './problem';
import type { components } from './schema';

type Schemas = components['schemas'];

export type Role = Schemas['UserRole'];
/** What somebody may do: for one tenant, or for all of an agency. */
export type Grant = Schemas['SessionGrant'];
export type Session = Schemas['Session'];
export type FirstSetup = Schemas['SetUp'];

let csrf = '';

/** The token that proves to the server that a change comes from this page. */
export const csrfToken = () => csrf;

export function rememberSession(session: Session | null) {
  csrf = session?.csrf_token ?? '';
}

async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`/api/v1${path}`, {
    method,
    headers: {
      Accept: 'application/json',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(method === 'GET' ? {} : { 'X-CSRF-Token': csrf }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.status === 204) return undefined as T;
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw problemFrom(response.status, answer);
  return answer as T;
}

const started = async (asked: Promise<Session>) => {
  const session = await asked;
  rememberSession(session);
  return session;
};

async function presentSession(): Promise<Session | null> {
  try {
    return await started(send<Session>('GET', '/session'));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** The present session, or nothing when nobody is signed in. One that was left alone for a while is refreshed first. */
export async function readSession(): Promise<Session | null> {
  return (await presentSession()) ?? ((await refreshSession()) ? presentSession() : null);
}

export const signIn = (email: string, password: string) =>
  started(send<Session>('POST', '/session', { email, password }));

export const signOut = () => send<void>('DELETE', '/session').then(() => rememberSession(null));

/** The other way to sign in, where the installation has one. */
export interface SingleSignOn {
  label: string;
  path: string;
}

export interface WaysIn {
  needed: boolean;
  single_sign_on?: SingleSignOn | null;
}

/** Whether the installation waits to be set up, and how people sign in besides with a password. */
export const waysIn = () => send<WaysIn>('GET', '/setup');

export const setUp = (form: FirstSetup) => started(send<Session>('POST', '/setup', form));

export const forgotPassword = (email: string) => send<void>('POST', '/password/forgot', { email });

export const resetPassword = (token: string, password: string) =>
  started(send<Session>('POST', '/password/reset', { token, password }));

export const signInByLink = (token: string) => started(send<Session>('POST', '/session/link', { token }));

export const acceptInvitation = (token: string, name: string, password: string) =>
  started(send<Session>('POST', '/invitations/accept', { token, name, password }));

let refreshing: Promise<boolean> | null = null;

/** Asks for a fresh session once, however many requests found the old one expired. */
export function refreshSession(): Promise<boolean> {
  refreshing ??= started(send<Session>('POST', '/session/refresh'))
    .then(() => true)
    .catch(() => false)
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}
