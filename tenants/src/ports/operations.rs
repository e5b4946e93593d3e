//! Heartbeats and ticks.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::clock::Timestamp;
use crate::event::{NewEvent, Role};
use crate::ids::TenantId;
use crate::words::word_enum;

word_enum! {
    /// Whether an agent shows signs of life.
    pub enum AgentStatus {
        /// It beat within the last 60 seconds.
        Alive = "alive",
        /// It has been silent for longer.
        Down = "down",
        /// It was put to sleep because there was nothing to do.
        Asleep = "asleep",
    }
}

/// The last sign of life of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The tenant; `None` for the parts of the node itself.
    pub tenant: Option<TenantId>,
    /// `tenant`, a role, `dispatcher`, `router` …
    pub agent: String,
    /// Status.
    pub status: AgentStatus,
    /// Last beat.
    pub last_beat_at: Timestamp,
}

word_enum! {
    /// What to do with ticks that were missed while nothing ran.
    pub enum MissedTick {
        /// Run once as soon as possible.
        RunOnce = "run_once",
        /// Leave them out.
        Skip = "skip",
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
    /// Last run.
    pub last_run: Option<Timestamp>,
    /// Next run.
    pub next_run: Timestamp,
}

/// Heartbeats and ticks.
#[async_trait]
pub trait Operations: Send + Sync {
    /// Stores beats, replacing older ones.
    async fn put_heartbeats(&self, beats: &[Heartbeat]) -> Result<(), StoreError>;
    /// Beats of a tenant's agents.
    async fn list_heartbeats(&self, tenant: &TenantId) -> Result<Vec<Heartbeat>, StoreError>;
    /// Adds ticks that are not there yet.
    async fn add_ticks(&self, ticks: &[CronTick]) -> Result<(), StoreError>;
    /// Ticks whose time has come, at most `limit`.
    async fn due_ticks(&self, now: Timestamp, limit: u32) -> Result<Vec<CronTick>, StoreError>;
    /// When the next tick is due.
    async fn next_tick_at(&self) -> Result<Option<Timestamp>, StoreError>;
    /// In one transaction: stores the tick's event (if any) and moves the tick from `tick.next_run` to `next_run`;
    /// false when somebody else has done so.
    async fn run_tick(
        &self,
        tick: &CronTick,
        event: Option<NewEvent>,
        next_run: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Whether the database answers and can write.
    async fn ping(&self) -> Result<(), StoreError>;
}
