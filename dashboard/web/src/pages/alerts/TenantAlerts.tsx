import { answer, api } from '@/api/client';
import { useTenant } from '@/shell/where';
import { AlertsList } from './AlertsList';

export function Component() {
  const tenant = useTenant();
  return (
    <AlertsList
      scope={{ tenant: tenant.id }}
      lead="What is not as it should be, and what to do about it."
      mayResolve={tenant.may('operate')}
      read={(resolved, cursor) =>
        answer(
          api.GET('/api/v1/tenants/{tenant}/alerts', {
            params: { path: { tenant: tenant.id }, query: { resolved, cursor } },
          }),
        )
      }
    />
  );
}
