//! Watches of accounts, as they are read. They are stored by [`crate::apply::watches`].

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::clock::Timestamp;
use tenants::effect::{ActionType, EffectState};
use tenants::event::EventKind;
use tenants::ids::{AccountId, EffectId, TenantId};
use tenants::ports::{
    AccountHealth, AccountWatch, QueueAge, Seen, StoreError, StuckEffect, Trimmed, Watched, Watches,
};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Doc, Moment, TextList, Word};
use crate::work::{Outcome, Work};

macro_rules! watch_columns {
    () => {
        " account_id, tenant_id, poll_at, health_at, polled_at, checked_at, seen, health "
    };
}

statements! {
    DUE_POLLS {
        "select" (columns watch_columns) "from account_watches where poll_at <= $1 order by poll_at limit $2"
    }
    DUE_CHECKS {
        "select" (columns watch_columns) "from account_watches where health_at <= $1 order by health_at limit $2"
    }
    NEXT_WATCH_AT {
        "select min(at) from (select * from (select poll_at as at from account_watches \
         where poll_at is not null order by poll_at limit 1) as p union all select * from \
         (select health_at as at from account_watches where health_at is not null order by health_at limit 1) as h) as w"
    }
    LIST_WATCHES {
        "select" (columns watch_columns) "from account_watches where tenant_id = $1 order by account_id"
    }
    KNOWN_EVENTS {
        "select distinct external_id from inbox_events where tenant_id = $1 and kind " (text_among 2)
        " and external_id " (text_among 3)
    }
    QUEUE_AGES {
        "select account_id, count(*) as waiting, min(created_at) as oldest_at from post_queue \
         where tenant_id = $1 and status in ('pending', 'failed') group by account_id"
    }
    LAST_INBOUND {
        "select account_id, max(last_inbound_at) as at from conversations \
         where tenant_id = $1 and last_inbound_at is not null group by account_id"
    }
    /// From here on in the index of unresolved alerts, of which there are never many.
    TENANTS_WITH_ALERT {
        "select tenant_id, dedup_key from system_alerts where resolved_at is null and tenant_id is not null \
         and dedup_key >= $1"
    }
    /// An unknown effect is touched by every try to read it back, so it counts from its first call.
    STUCK_EFFECTS {
        "select id, tenant_id, account_id, action_type, status, \
         case when status = 'processing' then updated_at else coalesce(first_attempt_at, created_at) end as since \
         from post_queue where status in ('processing', 'unknown') and \
         case when status = 'processing' then updated_at else coalesce(first_attempt_at, created_at) end < $1 \
         order by since limit $2"
    }
}

#[derive(FromRow)]
struct WatchRow {
    account_id: Uuid,
    tenant_id: Uuid,
    poll_at: Option<Moment>,
    health_at: Option<Moment>,
    polled_at: Option<Moment>,
    checked_at: Option<Moment>,
    seen: Doc<Seen>,
    health: Option<Doc<AccountHealth>>,
}

impl From<WatchRow> for AccountWatch {
    fn from(row: WatchRow) -> Self {
        let moment = |moment: Option<Moment>| moment.map(|moment| moment.0);
        AccountWatch {
            account: AccountId(row.account_id),
            tenant: TenantId(row.tenant_id),
            poll_at: moment(row.poll_at),
            health_at: moment(row.health_at),
            polled_at: moment(row.polled_at),
            checked_at: moment(row.checked_at),
            seen: row.seen.0,
            health: row.health.map(|health| health.0),
        }
    }
}

#[derive(FromRow)]
struct AgeRow {
    account_id: Uuid,
    waiting: i64,
    oldest_at: Moment,
}

impl From<AgeRow> for QueueAge {
    fn from(row: AgeRow) -> Self {
        QueueAge { account: AccountId(row.account_id), waiting: row.waiting, oldest_at: row.oldest_at.0 }
    }
}

#[derive(FromRow)]
struct StuckRow {
    id: Uuid,
    tenant_id: Uuid,
    account_id: Uuid,
    action_type: Word<ActionType>,
    status: Word<EffectState>,
    since: Moment,
}

impl From<StuckRow> for StuckEffect {
    fn from(row: StuckRow) -> Self {
        StuckEffect {
            effect: EffectId(row.id),
            tenant: TenantId(row.tenant_id),
            account: AccountId(row.account_id),
            action: row.action_type.0,
            is_processing: row.status.0 == EffectState::Processing,
            since: row.since.0,
        }
    }
}

#[async_trait]
impl Watches for Database {
    async fn due_polls(&self, now: Timestamp, limit: u32) -> Result<Vec<AccountWatch>, StoreError> {
        rows!(self.reader(), WatchRow, DUE_POLLS, Moment(now), i64::from(limit)).map(all)
    }

    async fn due_checks(&self, now: Timestamp, limit: u32) -> Result<Vec<AccountWatch>, StoreError> {
        rows!(self.reader(), WatchRow, DUE_CHECKS, Moment(now), i64::from(limit)).map(all)
    }

    async fn next_watch_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let found = row!(self.reader(), (Option<Moment>,), NEXT_WATCH_AT)?;
        Ok(found.and_then(|(at,)| at).map(|moment| moment.0))
    }

    async fn put_watched(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        watched: Watched,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let work = Work::PutWatched { tenant: *tenant, account: *account, watched: Box::new(watched), at };
        self.submit(work).await.map(drop)
    }

    async fn hurry_polls(&self, tenants: &[TenantId], by: Timestamp) -> Result<(), StoreError> {
        if tenants.is_empty() {
            return Ok(());
        }
        self.submit(Work::HurryPolls { tenants: tenants.to_vec(), by }).await.map(drop)
    }

    async fn list_watches(&self, tenant: &TenantId) -> Result<Vec<AccountWatch>, StoreError> {
        rows!(self.reader(), WatchRow, LIST_WATCHES, tenant.0).map(all)
    }

    async fn known_events(
        &self,
        tenant: &TenantId,
        kinds: &[EventKind],
        external_ids: &[&str],
    ) -> Result<Vec<String>, StoreError> {
        let kinds: TextList = kinds.iter().map(|kind| kind.as_str()).collect();
        let ids: TextList = external_ids.iter().copied().collect();
        let found = rows!(self.reader(), (String,), KNOWN_EVENTS, tenant.0, &kinds, &ids)?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    async fn queue_ages(&self, tenant: &TenantId) -> Result<Vec<QueueAge>, StoreError> {
        rows!(self.reader(), AgeRow, QUEUE_AGES, tenant.0).map(all)
    }

    async fn last_inbound(&self, tenant: &TenantId) -> Result<Vec<(AccountId, Timestamp)>, StoreError> {
        let found = rows!(self.reader(), (Uuid, Moment), LAST_INBOUND, tenant.0)?;
        Ok(found.into_iter().map(|(account, at)| (AccountId(account), at.0)).collect())
    }

    async fn stuck_effects(&self, before: Timestamp, limit: u32) -> Result<Vec<StuckEffect>, StoreError> {
        rows!(self.reader(), StuckRow, STUCK_EFFECTS, Moment(before), i64::from(limit)).map(all)
    }

    async fn tenants_with_alert(&self, begins: &str) -> Result<Vec<TenantId>, StoreError> {
        // Texts sort differently in the two databases, so the beginning is compared here.
        let found = rows!(self.reader(), (Uuid, String), TENANTS_WITH_ALERT, begins)?;
        let found = found.into_iter().map(|(tenant, key)| (TenantId(tenant), key));
        Ok(found
            .filter(|(tenant, key)| *key == format!("{begins}{tenant}"))
            .map(|(tenant, _)| tenant)
            .collect())
    }

    async fn trim(&self, what: Trimmed, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        match self.submit(Work::Trim { what, before, limit }).await? {
            Outcome::Changed(removed) => Ok(removed),
            _ => Ok(0),
        }
    }
}
