//! What the control API reports about the sandbox as a whole.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    faults::ActiveFault,
    state::{accounts::Account, apps::App, media::Media, people::Person},
};

/// The sandbox's time.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ClockReport {
    /// Time as the sandbox sees it.
    pub now: DateTime<Utc>,
    /// How far it was moved from its source, in seconds.
    pub advanced_seconds: i64,
}

/// How much there is.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Counts {
    /// People.
    pub people: usize,
    /// Media, children of albums included.
    pub media: usize,
    /// Comments and replies, deleted ones included.
    pub comments: usize,
    /// Conversations.
    pub conversations: usize,
    /// Messages.
    pub messages: usize,
    /// API calls so far.
    pub calls: u64,
    /// Webhook updates not yet delivered.
    pub pending_deliveries: usize,
}

/// Everything at a glance; comments and messages are listed per account.
#[derive(Debug, Clone, Serialize)]
pub struct StateReport {
    /// The sandbox's time.
    pub clock: ClockReport,
    /// How much there is.
    pub counts: Counts,
    /// Apps with their secrets.
    pub apps: Vec<App>,
    /// Accounts.
    pub accounts: Vec<Account>,
    /// People.
    pub people: Vec<Person>,
    /// Media.
    pub media: Vec<Media>,
    /// Faults that are on.
    pub faults: Vec<ActiveFault>,
}
