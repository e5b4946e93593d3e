import { answer, api } from '@/api/client';
import { useAgency } from '@/shell/AgencyLayout';
import { useTenants } from '@/shell/useTenants';
import { AlertsList } from './AlertsList';

export function Component() {
  const agency = useAgency();
  const { tenants } = useTenants();
  return (
    <AlertsList
      scope={{ agency: agency.id }}
      lead="Over all tenants."
      mayResolve={agency.may('operate')}
      nameOf={(id) => tenants.find((it) => it.id === id)?.name}
      read={(resolved, cursor) =>
        answer(
          api.GET('/api/v1/agencies/{agency}/alerts', {
            params: { path: { agency: agency.id }, query: { resolved, cursor } },
          }),
        )
      }
    />
  );
}
