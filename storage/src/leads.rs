//! Leads, as they are read.

use async_trait::async_trait;
use tenants::ids::{LeadId, TenantId};
use tenants::lead::{Lead, LeadStage};
use tenants::ports::{Leads, PageRequest, StoreError};
use uuid::Uuid;

use crate::Database;
use crate::apply::leads::LeadRow;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{before, text};

macro_rules! lead_columns {
    () => {
        " id, account_id, conversation_id, person_id, person_username, stage, staged_by, facts, confidence, \
         source_event_id, note, assigned_to, created_at, updated_at "
    };
}
pub(crate) use lead_columns;

statements! {
    LIST_LEADS {
        "select" (columns lead_columns) "from leads where tenant_id = $1 and id < $2 and (stage = $3 or $3 is null) \
         order by id desc limit $4"
    }
    FIND_LEAD { "select" (columns lead_columns) "from leads where tenant_id = $1 and id = $2" }
    TRACES_OF_PERSON {
        "select id from conversations where tenant_id = $1 and person_id = $2 \
         union all select id from leads where tenant_id = $1 and person_id = $2 \
         union all select id from memory_items where tenant_id = $1 and person = $2 \
         union all select id from notices where tenant_id = $1 and person = $2 \
         union all select id from notifications where tenant_id = $1 and person = $2 limit 1"
    }
}

#[async_trait]
impl Leads for Database {
    async fn list_leads(
        &self,
        tenant: &TenantId,
        stage: Option<LeadStage>,
        page: PageRequest,
    ) -> Result<Vec<Lead>, StoreError> {
        let (start, stage, limit) = (before(page), stage.map(LeadStage::as_str), i64::from(page.limit));
        rows!(self.reader(), LeadRow, LIST_LEADS, tenant.0, start, stage, limit).map(all)
    }

    async fn find_lead(&self, tenant: &TenantId, lead: &LeadId) -> Result<Option<Lead>, StoreError> {
        Ok(row!(self.reader(), LeadRow, FIND_LEAD, tenant.0, lead.0)?.map(Lead::from))
    }

    async fn knows_person(&self, tenant: &TenantId, person: &str) -> Result<bool, StoreError> {
        Ok(row!(self.reader(), (Uuid,), TRACES_OF_PERSON, tenant.0, text(person))?.is_some())
    }
}
