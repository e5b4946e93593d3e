//! Webhooks: what is sent, how it is signed and how it is delivered.

pub(crate) mod body;
pub(crate) mod deliver;
pub(crate) mod fields;
pub(crate) mod handshake;
pub(crate) mod log;
pub(crate) mod payload;
pub(crate) mod queue;
pub(crate) mod sign;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{AccountId, AppId};

/// How an event is wrapped inside `entry[]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Envelope {
    /// `changes[].{field,value}`: comments and mentions, and the test button's messages.
    #[default]
    Changes,
    /// `messaging[]`: direct messages.
    Messaging,
    /// `{field,value}` directly in the entry, as Instagram's pages print it.
    Flat,
    /// `standby[]`: another app owns the thread.
    Standby,
}

/// One event on its way to an app.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Update {
    /// Names it among the undelivered; copies made by faults have none.
    pub(crate) ticket: Option<u64>,
    pub(crate) app: AppId,
    pub(crate) account: AccountId,
    pub(crate) field: String,
    pub(crate) envelope: Envelope,
    pub(crate) value: Value,
    pub(crate) at: DateTime<Utc>,
    /// A whole body to send as it is, instead of the value.
    pub(crate) raw: Option<Vec<u8>>,
    /// Already delayed, reordered or copied by a fault: it passes the faults no second time.
    pub(crate) released: bool,
    pub(crate) wrong_signature: bool,
}

impl Update {
    pub(crate) fn new(
        app: AppId,
        account: AccountId,
        field: &str,
        envelope: Envelope,
        value: Value,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            ticket: None,
            app,
            account,
            field: field.to_owned(),
            envelope,
            value,
            at,
            raw: None,
            released: false,
            wrong_signature: false,
        }
    }
}
