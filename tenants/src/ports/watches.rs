//! When accounts are looked at, what was seen there, and what is looked after beside.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::clock::Timestamp;
use crate::effect::ActionType;
use crate::event::EventKind;
use crate::ids::{AccountId, EffectId, TenantId};
use crate::words::word_enum;

/// A post, as the last poll has seen it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MediaMark {
    /// Comments that Instagram counted.
    pub comments: u64,
    /// Its low engagement was noticed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_low: bool,
    /// It is old enough, and has been compared with the others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_compared: bool,
}

/// What polls have seen of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// When something was last written or posted there, as far as polls have seen.
    pub last_activity_at: Option<Timestamp>,
    /// Messages written before this are known: where the next poll begins.
    pub messages_from: Option<Timestamp>,
    /// Its recent media, by Instagram's id.
    pub media: BTreeMap<String, MediaMark>,
    /// When the latest item was written that no webhook had told, while its alert is open.
    pub gap_at: Option<Timestamp>,
    /// Instagram counts comments and shows none: an alert is open.
    pub is_blind: bool,
    /// Polls in a row that failed.
    pub failures: u32,
    /// Why the last one failed.
    pub error: Option<String>,
}

word_enum! {
    /// How something stands.
    pub enum Standing {
        /// All is well.
        Fine = "fine",
        /// It needs a look.
        Warning = "warning",
        /// It does not work.
        Broken = "broken",
        /// It could not be found out.
        Unknown = "unknown",
    }
}

/// What a look at an account's health has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountHealth {
    /// Whether its token works.
    pub token: Standing,
    /// Why not.
    pub token_error: Option<String>,
    /// Whether webhooks are switched on.
    pub webhooks: Standing,
    /// For which fields.
    pub webhook_fields: Vec<String>,
    /// How much of what Instagram allows the account was used, in percent, as far as it told.
    #[serde(default)]
    pub usage_percent: Option<u32>,
    /// How much of what Instagram allows the account's Meta app was used, in percent, as far as it told.
    #[serde(default)]
    pub app_usage_percent: Option<u32>,
    /// How long the limit of posts will last; `None` while nothing is planned.
    #[serde(default)]
    pub posts: Option<PostsOutlook>,
}

/// Whether the posts planned for the next day fit the platform's limit of posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostsOutlook {
    /// Published in the present window, from here or by hand.
    pub used: u32,
    /// Most in a window.
    pub total: u32,
    /// Posts planned for the next day.
    pub planned: u32,
    /// When the first of them is due that will have to wait; `None` when all fit.
    pub runs_out_at: Option<Timestamp>,
}

/// When an account is looked at next, and what was found.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountWatch {
    /// The account.
    pub account: AccountId,
    /// Its tenant.
    pub tenant: TenantId,
    /// When its comments and messages are compared next; `None` while it is not in use.
    pub poll_at: Option<Timestamp>,
    /// When its health is looked at next; `None` while it is not in use.
    pub health_at: Option<Timestamp>,
    /// When they were compared last.
    pub polled_at: Option<Timestamp>,
    /// When its health was looked at last.
    pub checked_at: Option<Timestamp>,
    /// What polls have seen.
    pub seen: Seen,
    /// What the last look at its health has found.
    pub health: Option<AccountHealth>,
}

/// What one look at an account has changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Watched {
    /// Its comments and messages were compared.
    Polled {
        /// What was seen.
        seen: Box<Seen>,
        /// When they are compared next.
        poll_at: Timestamp,
    },
    /// Its health was looked at.
    Checked {
        /// What was found.
        health: Box<AccountHealth>,
        /// When it is looked at next.
        health_at: Timestamp,
    },
}

/// Effects of an account that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueAge {
    /// The account.
    pub account: AccountId,
    /// How many wait.
    pub waiting: i64,
    /// When the oldest of them was queued.
    pub oldest_at: Timestamp,
}

/// An effect that has not moved for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StuckEffect {
    /// The effect.
    pub effect: EffectId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its account.
    pub account: AccountId,
    /// What it does.
    pub action: ActionType,
    /// It is `processing`; otherwise `unknown`.
    pub is_processing: bool,
    /// Since when.
    pub since: Timestamp,
}

word_enum! {
    /// Rows that are removed when they are old.
    pub enum Trimmed {
        /// Events that are done or set aside, with their payload.
        Events = "events",
        /// Events of unknown accounts.
        Orphans = "orphans",
        /// Alerts that were resolved.
        Alerts = "alerts",
        /// Records of calls to language models.
        Calls = "calls",
        /// What was sent to webhooks, with its tries.
        Deliveries = "webhook_deliveries",
        /// Requests of the API that carried a key, with what was answered.
        Requests = "requests",
    }
}

/// When accounts are looked at, and what is looked after beside.
#[async_trait]
pub trait Watches: Send + Sync {
    /// Accounts whose comments and messages are to be compared now, at most `limit`.
    async fn due_polls(&self, now: Timestamp, limit: u32) -> Result<Vec<AccountWatch>, StoreError>;
    /// Accounts whose health is to be looked at now, at most `limit`.
    async fn due_checks(&self, now: Timestamp, limit: u32) -> Result<Vec<AccountWatch>, StoreError>;
    /// When the next account is to be looked at.
    async fn next_watch_at(&self) -> Result<Option<Timestamp>, StoreError>;
    /// Stores what a look has found; an account that is not in use any more stays so.
    async fn put_watched(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        watched: Watched,
        at: Timestamp,
    ) -> Result<(), StoreError>;
    /// Polls of these tenants' accounts come at `by` at the latest.
    async fn hurry_polls(&self, tenants: &[TenantId], by: Timestamp) -> Result<(), StoreError>;
    /// The watches of a tenant's accounts.
    async fn list_watches(&self, tenant: &TenantId) -> Result<Vec<AccountWatch>, StoreError>;
    /// Which of these external ids the inbox has under one of these kinds.
    async fn known_events(
        &self,
        tenant: &TenantId,
        kinds: &[EventKind],
        external_ids: &[&str],
    ) -> Result<Vec<String>, StoreError>;
    /// How many effects wait for each account of a tenant, and since when.
    async fn queue_ages(&self, tenant: &TenantId) -> Result<Vec<QueueAge>, StoreError>;
    /// When each account of a tenant was last written to, as far as we were told.
    async fn last_inbound(&self, tenant: &TenantId) -> Result<Vec<(AccountId, Timestamp)>, StoreError>;
    /// Effects that have been `processing` or `unknown` since before `before`, at most `limit`.
    async fn stuck_effects(&self, before: Timestamp, limit: u32) -> Result<Vec<StuckEffect>, StoreError>;
    /// Tenants with an unresolved alert whose key is `{begins}{tenant}`.
    async fn tenants_with_alert(&self, begins: &str) -> Result<Vec<TenantId>, StoreError>;
    /// Removes rows of a kind from before `before`, at most `limit`; gives their number.
    async fn trim(&self, what: Trimmed, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
