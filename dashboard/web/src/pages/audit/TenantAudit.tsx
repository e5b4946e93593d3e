import { answer, api } from '@/api/client';
import { keys, usePages } from '@/api/queries';
import { useTenant } from '@/shell/where';
import { DownloadButton } from '@/ui/DownloadButton';
import { PageHeader } from '@/ui/pieces';
import { AuditFilters, AuditTable, useAuditFilter } from './AuditTable';
import { writeFilter } from './filter';
import { VerifyButton } from './VerifyButton';

export function Component() {
  const tenant = useTenant();
  const search = useAuditFilter();
  const path = { tenant: tenant.id };
  const list = usePages(keys.tenant(tenant.id, 'audit', search.filter), (cursor) =>
    answer(
      api.GET('/api/v1/tenants/{tenant}/audit', { params: { path, query: { ...search.filter, cursor } } }),
    ),
  );
  return (
    <>
      <PageHeader
        title="Audit log"
        lead="Everything that was decided, done and changed. Nothing is ever taken out of it."
        actions={
          <>
            <VerifyButton
              verify={() => answer(api.GET('/api/v1/tenants/{tenant}/audit/verify', { params: { path } }))}
            />
            <DownloadButton
              label="Download as CSV"
              path={`/tenants/${tenant.id}/audit/export?${writeFilter(search.filter)}`}
              fileName={`${tenant.slug}-audit.csv`}
            />
          </>
        }
      />
      <AuditFilters {...search} agency={tenant.agency} />
      <AuditTable list={list} agency={tenant.agency} path={tenant.path} />
    </>
  );
}
