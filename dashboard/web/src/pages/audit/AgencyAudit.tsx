import { answer, api } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import { useAgency } from '@/shell/AgencyLayout';
import { PageHeader } from '@/ui/pieces';
import { AuditFilters, AuditTable, useAuditFilter } from './AuditTable';
import { VerifyButton } from './VerifyButton';

export function Component() {
  const agency = useAgency();
  const search = useAuditFilter();
  const path = { agency: agency.id };
  const list = usePages(keys.agency(agency.id, 'audit', search.filter), (cursor) =>
    answer(
      api.GET('/api/v1/agencies/{agency}/audit', { params: { path, query: { ...search.filter, cursor } } }),
    ),
  );
  return (
    <>
      <PageHeader
        title="Audit log"
        lead="What was done to the agency itself: users, keys, budgets. Each tenant has a log of its own."
        actions={
          <VerifyButton
            verify={() => answer(api.GET('/api/v1/agencies/{agency}/audit/verify', { params: { path } }))}
          />
        }
      />
      <AuditFilters {...search} agency={agency.id} />
      <AuditTable list={list} agency={agency.id} />
    </>
  );
}
