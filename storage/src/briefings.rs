//! Briefings, as they are read, and what is counted for them.

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::approval::ApprovalKind;
use tenants::briefing::{Briefing, BriefingKind, BriefingNumbers};
use tenants::conversation::CommentStatus;
use tenants::effect::{ActionType, EffectState};
use tenants::ids::{BriefingId, TenantId, oldest_uuid_of};
use tenants::intent::{Intent, Language};
use tenants::lead::LeadStage;
use tenants::ports::{Briefings, PageRequest, Period, StoreError};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Doc, Moment, Word, before};

macro_rules! briefing_columns {
    () => {
        " id, tenant_id, kind, period_from, period_until, language, subject, text, html, data, created_at "
    };
}

// Rows of a period are found by their ids, which begin with the moment at which they were made.
statements! {
    LIST_BRIEFINGS {
        "select" (columns briefing_columns) "from briefings where tenant_id = $1 and id < $2 \
         and (kind = $3 or $3 is null) order by id desc limit $4"
    }
    FIND_BRIEFING { "select" (columns briefing_columns) "from briefings where tenant_id = $1 and id = $2" }
    COUNT_COMMENTS {
        "select intent, status, count(*) as number from comments where tenant_id = $1 and id >= $2 and id < $3 \
         group by intent, status order by intent, status"
    }
    COUNT_MESSAGES {
        "select intent, count(*) as number from messages where tenant_id = $1 and id >= $2 and id < $3 \
         and direction = 'inbound' group by intent order by intent"
    }
    COUNT_EFFECTS_OF_PERIOD {
        "select action_type as action, status, count(*) as number from post_queue \
         where tenant_id = $1 and id >= $2 and id < $3 group by action_type, status order by action_type, status"
    }
    COUNT_WAITING {
        "select kind, count(*) as number, min(created_at) as oldest from approvals \
         where tenant_id = $1 and status = 'pending' group by kind"
    }
    COUNT_HUMAN_CONVERSATIONS {
        "select count(*) from conversations where tenant_id = $1 and owner = 'human' and kind = 'direct'"
    }
    COUNT_NEW_LEADS {
        "select stage, count(*) as number from leads where tenant_id = $1 and id >= $2 and id < $3 \
         group by stage order by stage"
    }
}

#[derive(FromRow)]
struct BriefingRow {
    id: Uuid,
    tenant_id: Uuid,
    kind: Word<BriefingKind>,
    period_from: Moment,
    period_until: Moment,
    language: Word<Language>,
    subject: String,
    text: String,
    html: String,
    data: Doc<serde_json::Value>,
    created_at: Moment,
}

impl From<BriefingRow> for Briefing {
    fn from(row: BriefingRow) -> Self {
        Briefing {
            id: BriefingId(row.id),
            tenant: TenantId(row.tenant_id),
            kind: row.kind.0,
            from: row.period_from.0,
            until: row.period_until.0,
            language: row.language.0,
            subject: row.subject,
            text: row.text,
            html: row.html,
            data: row.data.0,
            created_at: row.created_at.0,
        }
    }
}

#[derive(FromRow)]
struct CommentCount {
    intent: Option<Word<Intent>>,
    status: Word<CommentStatus>,
    number: i64,
}

#[derive(FromRow)]
struct MessageCount {
    intent: Option<Word<Intent>>,
    number: i64,
}

#[derive(FromRow)]
struct EffectCountRow {
    action: Word<ActionType>,
    status: Word<EffectState>,
    number: i64,
}

#[derive(FromRow)]
struct WaitingCount {
    kind: Word<ApprovalKind>,
    number: i64,
    oldest: Option<Moment>,
}

#[derive(FromRow)]
struct LeadCount {
    stage: Word<LeadStage>,
    number: i64,
}

#[async_trait]
impl Briefings for Database {
    async fn list_briefings(
        &self,
        tenant: &TenantId,
        kind: Option<BriefingKind>,
        page: PageRequest,
    ) -> Result<Vec<Briefing>, StoreError> {
        let (start, kind, limit) = (before(page), kind.map(BriefingKind::as_str), i64::from(page.limit));
        rows!(self.reader(), BriefingRow, LIST_BRIEFINGS, tenant.0, start, kind, limit).map(all)
    }

    async fn find_briefing(
        &self,
        tenant: &TenantId,
        briefing: &BriefingId,
    ) -> Result<Option<Briefing>, StoreError> {
        Ok(row!(self.reader(), BriefingRow, FIND_BRIEFING, tenant.0, briefing.0)?.map(Briefing::from))
    }

    async fn briefing_numbers(
        &self,
        tenant: &TenantId,
        period: Period,
    ) -> Result<BriefingNumbers, StoreError> {
        let (from, until) = (oldest_uuid_of(period.from), oldest_uuid_of(period.until));
        let reader = self.reader();
        let comments = rows!(reader, CommentCount, COUNT_COMMENTS, tenant.0, from, until)?;
        let messages = rows!(reader, MessageCount, COUNT_MESSAGES, tenant.0, from, until)?;
        let effects = rows!(reader, EffectCountRow, COUNT_EFFECTS_OF_PERIOD, tenant.0, from, until)?;
        let waiting = rows!(reader, WaitingCount, COUNT_WAITING, tenant.0)?;
        let humans = row!(reader, (i64,), COUNT_HUMAN_CONVERSATIONS, tenant.0)?;
        let leads = rows!(reader, LeadCount, COUNT_NEW_LEADS, tenant.0, from, until)?;
        let waiting_of =
            |kind| waiting.iter().filter(|row| row.kind.0 == kind).map(|row| row.number).sum::<i64>();
        let intent = |word: Option<Word<Intent>>| word.map(|word| word.0);
        Ok(BriefingNumbers {
            drafts_waiting: waiting_of(ApprovalKind::Draft),
            escalations_waiting: waiting_of(ApprovalKind::Escalation),
            oldest_waiting: waiting.iter().filter_map(|row| row.oldest.map(|moment| moment.0)).min(),
            comments: comments
                .into_iter()
                .map(|row| (intent(row.intent), row.status.0, row.number))
                .collect(),
            messages: messages.into_iter().map(|row| (intent(row.intent), row.number)).collect(),
            effects: effects.into_iter().map(|row| (row.action.0, row.status.0, row.number)).collect(),
            human_conversations: humans.map_or(0, |(number,)| number),
            leads: leads.into_iter().map(|row| (row.stage.0, row.number)).collect(),
        })
    }
}
