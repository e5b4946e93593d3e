//! Questions to people, as they are read.

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::approval::{Approval, ApprovalKind, ApprovalStatus, ApprovalSubject};
use tenants::clock::Timestamp;
use tenants::conversation::ConversationKind;
use tenants::effect::Action;
use tenants::event::Person;
use tenants::ids::{AccountId, ApprovalId, ConversationId, DecisionId, EventId, TenantId};
use tenants::ports::{Approvals, PageRequest, StoreError};
use tenants::verdict::Basis;
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Doc, IdList, Moment, Word, before};

macro_rules! approval_columns {
    () => {
        " id, kind, account_id, conversation_id, event_id, decision_id, proposed, reason, incoming_text, status, \
         decided_by, decided_at, edited_text, comment, expires_at, created_at, basis "
    };
}

statements! {
    FIND_APPROVAL { "select" (columns approval_columns) "from approvals where tenant_id = $1 and id = $2" }
    LIST_APPROVALS {
        "select" (columns approval_columns) "from approvals where tenant_id = $1 and id < $2 \
         and (status = $3 or $3 is null) order by id desc limit $4"
    }
    APPROVAL_SUBJECTS {
        "select a.id, v.kind, coalesce(c.author_id, v.person_id) as author_id, \
         coalesce(c.author_username, v.person_username) as author_username, c.media_external_id \
         from approvals a join conversations v on v.tenant_id = $1 and v.id = a.conversation_id \
         left join comments c on c.tenant_id = $1 and c.conversation_id = v.id and c.event_id = a.event_id \
         where a.tenant_id = $1 and a.id " (among 2)
    }
    TENANTS_WITH_OVERDUE_APPROVALS {
        "select distinct tenant_id from approvals where status = 'pending' and expires_at <= $1"
    }
}

#[derive(FromRow)]
struct ApprovalRow {
    id: Uuid,
    kind: Word<ApprovalKind>,
    account_id: Uuid,
    conversation_id: Uuid,
    event_id: Uuid,
    decision_id: Uuid,
    proposed: Doc<Vec<Action>>,
    reason: String,
    incoming_text: String,
    status: Word<ApprovalStatus>,
    decided_by: Option<String>,
    decided_at: Option<Moment>,
    edited_text: Option<String>,
    comment: Option<String>,
    expires_at: Moment,
    created_at: Moment,
    basis: Option<Doc<Basis>>,
}

impl From<ApprovalRow> for Approval {
    fn from(row: ApprovalRow) -> Self {
        Approval {
            id: ApprovalId(row.id),
            kind: row.kind.0,
            account: AccountId(row.account_id),
            conversation: ConversationId(row.conversation_id),
            event: EventId(row.event_id),
            decision: DecisionId(row.decision_id),
            proposed: row.proposed.0,
            reason: row.reason,
            incoming_text: row.incoming_text,
            basis: row.basis.map(|basis| basis.0),
            status: row.status.0,
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(|moment| moment.0),
            edited_text: row.edited_text,
            comment: row.comment,
            expires_at: row.expires_at.0,
            created_at: row.created_at.0,
        }
    }
}

#[derive(FromRow)]
struct SubjectRow {
    id: Uuid,
    kind: Word<ConversationKind>,
    author_id: String,
    author_username: Option<String>,
    media_external_id: Option<String>,
}

impl From<SubjectRow> for (ApprovalId, ApprovalSubject) {
    fn from(row: SubjectRow) -> Self {
        let subject = ApprovalSubject {
            author: Person { id: row.author_id, username: row.author_username },
            place: row.kind.0,
            media: row.media_external_id,
        };
        (ApprovalId(row.id), subject)
    }
}

#[async_trait]
impl Approvals for Database {
    async fn find_approval(
        &self,
        tenant: &TenantId,
        approval: &ApprovalId,
    ) -> Result<Option<Approval>, StoreError> {
        Ok(row!(self.reader(), ApprovalRow, FIND_APPROVAL, tenant.0, approval.0)?.map(Approval::from))
    }

    async fn list_approvals(
        &self,
        tenant: &TenantId,
        status: Option<ApprovalStatus>,
        page: PageRequest,
    ) -> Result<Vec<Approval>, StoreError> {
        let status = status.map(ApprovalStatus::as_str);
        let limit = i64::from(page.limit);
        rows!(self.reader(), ApprovalRow, LIST_APPROVALS, tenant.0, before(page), status, limit).map(all)
    }

    async fn approval_subjects(
        &self,
        tenant: &TenantId,
        approvals: &[ApprovalId],
    ) -> Result<Vec<(ApprovalId, ApprovalSubject)>, StoreError> {
        if approvals.is_empty() {
            return Ok(Vec::new());
        }
        let ids: IdList = approvals.iter().map(|approval| approval.0).collect();
        rows!(self.reader(), SubjectRow, APPROVAL_SUBJECTS, tenant.0, &ids).map(all)
    }

    async fn tenants_with_overdue_approvals(&self, now: Timestamp) -> Result<Vec<TenantId>, StoreError> {
        let found = rows!(self.reader(), (Uuid,), TENANTS_WITH_OVERDUE_APPROVALS, Moment(now))?;
        Ok(found.into_iter().map(|(tenant,)| TenantId(tenant)).collect())
    }
}
