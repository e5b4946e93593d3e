//! Durable ticks.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{AccountWatch, PageRequest, StoreError};
use crate::clock::Timestamp;
use crate::event::{NewEvent, Role};
use crate::ids::{EventId, TenantId};
use crate::words::word_enum;

word_enum! {
    /// What to do with an occurrence of a tick that was missed: nothing ran, the tenant rested, or its clock moved.
    pub enum MissedTick {
        /// Run the latest one as soon as possible, once.
        RunOnce = "run_once",
        /// Leave it out when it is stale; the next one comes soon.
        Skip = "skip",
    }
}

word_enum! {
    /// How the last occurrence of a tick stands.
    pub enum TickStatus {
        /// Its work waits or is under way.
        Waiting = "waiting",
        /// Its work is done.
        Done = "done",
        /// It was missed, and left out because it was stale.
        Skipped = "skipped",
        /// Its work failed and is tried again.
        Retrying = "retrying",
        /// Its work failed too often and was set aside; the next occurrence comes all the same.
        Quarantined = "quarantined",
    }
}

/// A durable tick of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronTick {
    /// The tenant.
    pub tenant: TenantId,
    /// The role it is for.
    pub role: Role,
    /// Its name.
    pub name: String,
    /// The time zone that `next_run` was reckoned in; empty for rows of earlier versions.
    pub zone: String,
    /// When the last occurrence was due that was run or left out.
    pub last_run: Option<Timestamp>,
    /// When the next one is due, by the clock of its zone.
    pub next_run: Timestamp,
    /// When this installation runs it: at `next_run` or a little later; `None` while the tenant is not served.
    pub fire_at: Option<Timestamp>,
    /// How many runs have ended.
    pub runs: i64,
    /// How the last one stands.
    pub last_status: Option<TickStatus>,
    /// What went wrong with it.
    pub last_error: Option<String>,
    /// When that was noted.
    pub last_status_at: Option<Timestamp>,
}

/// What becomes of a tick's run; changes the tick's row, not its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickNote {
    /// The role it is for.
    pub role: Role,
    /// Its name.
    pub name: String,
    /// How it stands now.
    pub status: TickStatus,
    /// What went wrong.
    pub error: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Only while so many runs have ended; `None` whatever has happened since.
    pub while_runs: Option<i64>,
}

/// All ticks of a tenant, and when its accounts are looked at, planned anew.
#[derive(Debug, Clone, PartialEq)]
pub struct TickPlan {
    /// The tenant.
    pub tenant: TenantId,
    /// Fingerprint of the ticks that the program has.
    pub catalogue: String,
    /// The mark that this plan answers; one that has been set again since stays.
    pub mark: i64,
    /// Its ticks. One that has run since it was read stays as it is.
    pub ticks: Vec<CronTick>,
    /// Its accounts' watches; those of other accounts are removed. Of one that is there already only the times change.
    pub watches: Vec<AccountWatch>,
}

/// One run of a tick, as the inbox has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickRun {
    /// The event.
    pub event: EventId,
    /// The role.
    pub role: Role,
    /// The name.
    pub name: String,
    /// When it was due, or asked for by a person.
    pub due_at: Timestamp,
    /// When it was taken into the inbox.
    pub started_at: Timestamp,
    /// When its work was done.
    pub done_at: Option<Timestamp>,
    /// When it was set aside because it failed too often.
    pub quarantined_at: Option<Timestamp>,
    /// The last error.
    pub error: Option<String>,
}

/// Durable ticks.
#[async_trait]
pub trait Ticks: Send + Sync {
    /// Marks every tenant that was planned with other ticks than these; gives their number.
    async fn mark_plans(&self, catalogue: &str, at: Timestamp) -> Result<u64, StoreError>;
    /// Tenants that are to be planned anew, each with its mark, at most `limit`, the longest marked first.
    async fn dirty_plans(&self, limit: u32) -> Result<Vec<(TenantId, i64)>, StoreError>;
    /// Stores a plan in one transaction.
    async fn put_plan(&self, plan: TickPlan) -> Result<(), StoreError>;
    /// The ticks of a tenant.
    async fn list_ticks(&self, tenant: &TenantId) -> Result<Vec<CronTick>, StoreError>;
    /// Ticks that are to be run now, at most `limit`, the earliest first.
    async fn due_ticks(&self, now: Timestamp, limit: u32) -> Result<Vec<CronTick>, StoreError>;
    /// When the next tick is to be run.
    async fn next_tick_at(&self) -> Result<Option<Timestamp>, StoreError>;
    /// In one transaction: stores the tick's event (if any) and moves the tick from `before.next_run` to `after`; false
    /// when somebody else has done so.
    async fn run_tick(
        &self,
        before: &CronTick,
        event: Option<NewEvent>,
        after: CronTick,
    ) -> Result<bool, StoreError>;
    /// The runs of a tick, newest first.
    async fn tick_runs(
        &self,
        tenant: &TenantId,
        role: Role,
        name: &str,
        page: PageRequest,
    ) -> Result<Vec<TickRun>, StoreError>;
}
