import { answer, api } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import type { components } from '@/api/schema';
import type { Role } from '@/api/session';

type Schemas = components['schemas'];

export type User = Schemas['User'];
export type Invitation = Schemas['Invited'];

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
  usePages(keys.agency(agency, 'users'), () =>
    answer(api.GET('/api/v1/agencies/{agency}/users', { params: { path: { agency } } })),
  );

export const invite = (agency: string, body: Schemas['NewInvitation']) =>
  answer(api.POST('/api/v1/agencies/{agency}/invitations', { params: { path: { agency } }, body }));

export const changeUser = (agency: string, user: string, body: Schemas['MemberChange']) =>
  answer(api.PATCH('/api/v1/agencies/{agency}/users/{user}', { params: { path: { agency, user } }, body }));

export const removeUser = (agency: string, user: string) =>
  answer(api.DELETE('/api/v1/agencies/{agency}/users/{user}', { params: { path: { agency, user } } }));

/** A link with which somebody chooses another password, or accepts an invitation that was lost. */
export const linkFor = (agency: string, user: string) =>
  answer(api.POST('/api/v1/agencies/{agency}/users/{user}/link', { params: { path: { agency, user } } }));
