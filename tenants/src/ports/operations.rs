//! Heartbeats.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::clock::Timestamp;
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

/// Heartbeats, and whether the database works.
#[async_trait]
pub trait Operations: Send + Sync {
    /// Stores beats, replacing older ones.
    async fn put_heartbeats(&self, beats: &[Heartbeat]) -> Result<(), StoreError>;
    /// Beats of a tenant's agents.
    async fn list_heartbeats(&self, tenant: &TenantId) -> Result<Vec<Heartbeat>, StoreError>;
    /// Whether the database answers and can write.
    async fn ping(&self) -> Result<(), StoreError>;
}
