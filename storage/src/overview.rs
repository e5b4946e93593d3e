//! What waits at many tenants. Everything is counted from indexes that hold what waits and nothing else.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tenants::account::Tenant;
use tenants::alert::Severity;
use tenants::ids::{AgencyId, TenantId};
use tenants::ports::{Overview, PageRequest, StoreError, WaitingAt};
use uuid::Uuid;

use crate::Database;
use crate::db::rows;
use crate::directory;
use crate::statement::statements;
use crate::types::IdList;

statements! {
    /// The scope of an alert about a tenant is the tenant.
    WAITING {
        "select tenant_id, 'approvals' as what, count(*) as many from approvals \
         where tenant_id " (among 1) " and status = 'pending' group by tenant_id \
         union all select scope_id, severity, count(*) from system_alerts \
         where scope_id " (among 1) " and resolved_at is null group by scope_id, severity \
         union all select tenant_id, 'conversations', count(*) from conversations \
         where tenant_id " (among 1) " and owner = 'human' group by tenant_id \
         union all select tenant_id, 'dead_letters', count(*) from post_queue \
         where tenant_id " (among 1) " and status = 'dlq' group by tenant_id \
         union all select tenant_id, 'reconnects', count(*) from social_accounts \
         where tenant_id " (among 1) " and status <> 'active' group by tenant_id"
    }
}

#[async_trait]
impl Overview for Database {
    async fn search_tenants(
        &self,
        agency: &AgencyId,
        text: &str,
        page: PageRequest,
    ) -> Result<Vec<Tenant>, StoreError> {
        directory::search_tenants(self, agency, text, page).await
    }

    async fn waiting(&self, tenants: &[TenantId]) -> Result<BTreeMap<TenantId, WaitingAt>, StoreError> {
        let ids: IdList = tenants.iter().map(|tenant| tenant.0).collect();
        let found = rows!(self.reader(), (Uuid, String, i64), WAITING, &ids)?;
        let mut waiting: BTreeMap<TenantId, WaitingAt> = BTreeMap::new();
        for (tenant, what, many) in found {
            let of_tenant = waiting.entry(TenantId(tenant)).or_default();
            match what.as_str() {
                "approvals" => of_tenant.approvals = many,
                "conversations" => of_tenant.conversations = many,
                "dead_letters" => of_tenant.dead_letters = many,
                "reconnects" => of_tenant.reconnects = many,
                word => {
                    let unknown = |_| StoreError::Corrupt(format!("`{word}` is no severity of an alert"));
                    of_tenant.alerts.insert(word.parse::<Severity>().map_err(unknown)?, many);
                }
            }
        }
        Ok(waiting)
    }
}
