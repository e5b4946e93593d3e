//! The last finished deliveries, for inspection.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::ids::AppId;

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryOutcome {
    /// The receiver answered 2xx.
    Accepted,
    /// Every attempt failed.
    GivenUp,
    /// A fault dropped it before the first attempt.
    Dropped,
}

/// One POST to a receiver, with all its attempts.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// Grows with every finished delivery.
    pub sequence: u64,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// The app it went to.
    pub app: AppId,
    /// Field of every update in it.
    pub fields: Vec<String>,
    /// How many times it was tried.
    pub attempts: u32,
    /// HTTP status of the last attempt; none when there was no answer.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: DeliveryOutcome,
    /// The bytes that were signed and sent.
    pub body: String,
}
