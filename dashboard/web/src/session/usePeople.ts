import { answer, api } from '@/api/client';
import { keys, useApi } from '@/api/queries';
import { agencyRole, roleMay } from './permissions';
import { useSession } from './SessionProvider';

export interface Person {
  id: string;
  name: string;
  email: string;
}

/** The users of an agency, as far as whoever is signed in may know. */
export function useEverybody(agency: string): Person[] {
  const { session } = useSession();
  const list = useApi(
    keys.agency(agency, 'users', 'names'),
    () => answer(api.GET('/api/v1/agencies/{agency}/users', { params: { path: { agency } } })),
    { enabled: roleMay(agencyRole(session, agency), 'manage'), staleTime: 5 * 60_000 },
  );
  return list.data?.items ?? [session.user];
}

/** What users are called, as far as whoever is signed in may know. */
export function usePeople(agency: string) {
  const { session } = useSession();
  const everybody = useEverybody(agency);
  return (user: string): string => {
    if (user === session.user.id) return session.user.name;
    const found = everybody.find((it) => it.id === user);
    return found?.name || found?.email || 'a user';
  };
}
