import { request } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import type { Role } from '@/api/session';
import type { Page } from '@/api/types';

export interface User {
  id: string;
  name: string;
  email: string;
  status: string;
  role: Role;
  /** Ids of tenants; nothing means all of the agency. */
  tenants: string[] | null;
  last_sign_in_at: string | null;
}

export interface Invitation {
  /** Shown this once; nothing when they have a password already and simply sign in. */
  url: string | null;
  expires_at: string | null;
  mailed: boolean;
}

export const roles: { value: Role; label: string; may: string }[] = [
  { value: 'owner', label: 'Owner', may: 'Everything, including owners, managers, keys and apps' },
  {
    value: 'manager',
    label: 'Manager',
    may: 'Also rules, settings, accounts, budgets, and people below a manager',
  },
  { value: 'operator', label: 'Operator', may: 'Approves, answers, plans posts, works on the queue' },
  { value: 'viewer', label: 'Viewer', may: 'Reads everything, changes nothing' },
  { value: 'client', label: 'Client', may: 'Approves posts and reads reports of their own brand' },
];

export const useUsers = (agency: string) =>
  usePages<User>(keys.agency(agency, 'users'), (cursor) =>
    request<Page<User>>(
      'GET',
      `/agencies/${agency}/users${cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`}`,
    ),
  );

export const invite = (agency: string, body: { email: string; role: Role; tenants: string[] | null }) =>
  request<Invitation>('POST', `/agencies/${agency}/invitations`, body);

export const changeUser = (agency: string, user: string, body: Pick<User, 'role' | 'tenants'>) =>
  request<User>('PATCH', `/agencies/${agency}/users/${user}`, body);

export const removeUser = (agency: string, user: string) =>
  request<void>('DELETE', `/agencies/${agency}/users/${user}`);

/** A link with which somebody chooses another password, or accepts an invitation that was lost. */
export const linkFor = (agency: string, user: string) =>
  request<{ url: string; expires_at: string }>('POST', `/agencies/${agency}/users/${user}/link`);
