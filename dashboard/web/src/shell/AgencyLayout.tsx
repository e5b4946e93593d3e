import { createContext, useContext } from 'react';
import { useParams } from 'react-router-dom';
import { agenciesOf, roleMay, type Ability, type AgencyAccess } from '@/session/permissions';
import { useSession } from '@/session/SessionProvider';
import { Empty } from '@/ui/states';
import { Frame } from './Frame';
import { agencyPlaces } from './places';
import { TenantSwitcher } from './TenantSwitcher';

const Context = createContext<AgencyAccess | null>(null);

/** The agency whose pages are open, and what may be done there. */
export function useAgency() {
  const agency = useContext(Context);
  if (agency === null) throw new Error('useAgency needs the pages of an agency around it');
  return {
    ...agency,
    may: (ability: Ability) => roleMay(agency.role, ability),
    path: (rest: string) => `/agencies/${agency.id}${rest === '' ? '' : `/${rest}`}`,
  };
}

export function Component() {
  const { agency: id = '' } = useParams();
  const { session } = useSession();
  const agency = agenciesOf(session).find((it) => it.id === id);
  if (agency === undefined || agency.role === null) {
    return (
      <Empty title="There is nothing here">
        No agency with this address is open to you. Ask its owner for an invitation, or switch to one of your
        tenants.
      </Empty>
    );
  }
  const groups = agencyPlaces
    .map((group) => ({
      ...group,
      places: group.places.filter((place) => place.needs === 'client' || roleMay(agency.role, place.needs)),
    }))
    .filter((group) => group.places.length > 0);
  return (
    <Context.Provider value={agency}>
      <Frame
        base={`/agencies/${id}`}
        groups={groups}
        switcher={<TenantSwitcher current={null} label={agency.name} />}
      />
    </Context.Provider>
  );
}
