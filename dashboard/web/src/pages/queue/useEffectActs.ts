import { answer, api } from '@/api/client';
import { keys } from '@/api/queries';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';

export function useEffectActs(effect: string) {
  const tenant = useTenant();
  const params = { path: { tenant: tenant.id, effect } };
  const changes = [keys.tenant(tenant.id, 'queue'), keys.tenant(tenant.id, 'approvals', 'needs')];
  return {
    retry: useAct({
      act: () => answer(api.POST('/api/v1/tenants/{tenant}/queue/{effect}/retry', { params })),
      changes,
      done: 'It is in the queue again.',
    }),
    cancel: useAct({
      act: () => answer(api.POST('/api/v1/tenants/{tenant}/queue/{effect}/cancel', { params })),
      changes,
      done: 'Cancelled. It is not sent.',
    }),
  };
}
