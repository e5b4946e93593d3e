//! The state of the local Instagram: one `World` behind one lock, every lookup by index.

pub(crate) mod accounts;
pub(crate) mod apps;
pub(crate) mod comment_actions;
pub(crate) mod comments;
pub(crate) mod containers;
pub(crate) mod effects;
pub(crate) mod hashtags;
pub(crate) mod logins;
pub(crate) mod media;
pub(crate) mod message_actions;
pub(crate) mod messages;
pub(crate) mod pairs;
pub(crate) mod people;
pub(crate) mod sends;
pub(crate) mod timeline;
pub(crate) mod tokens;

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    errors::ControlError,
    ids::{AccountId, AppId, IdSource},
    webhooks::{Envelope, Update},
};

/// So many ids and sequence numbers are left out after a load: more than can have been given out between the
/// last save and the end of a sandbox that was killed.
const LEFT_OUT_AFTER_LOAD: u64 = 1_000_000;

/// Everything that exists. Operations are complete before the lock is released; the webhooks they cause
/// collect in `outbox` and leave afterwards.
#[derive(Serialize, Deserialize)]
pub(crate) struct World {
    pub(crate) ids: IdSource,
    pub(crate) apps: apps::Apps,
    pub(crate) accounts: accounts::Accounts,
    pub(crate) people: people::People,
    pub(crate) media: media::MediaStore,
    pub(crate) comments: comments::Comments,
    pub(crate) inboxes: messages::Inboxes,
    pub(crate) tokens: tokens::Tokens,
    #[serde(default)]
    pub(crate) logins: logins::Logins,
    pub(crate) effects: effects::EffectLog,
    #[serde(default)]
    pub(crate) containers: containers::Containers,
    /// Comments and media of others in which an account was mentioned.
    pub(crate) mentions: HashSet<(AccountId, String)>,
    /// Hashtags that were searched for.
    #[serde(default)]
    pub(crate) hashtags: hashtags::Hashtags,
    #[serde(skip)]
    pub(crate) outbox: Vec<Update>,
    /// Updates that left the outbox and are not yet delivered, given up or dropped, by ticket. Kept only by a
    /// sandbox with a state file.
    pub(crate) undelivered: BTreeMap<u64, Update>,
}

impl World {
    pub(crate) fn new(seed: u64, content_from: u64) -> Self {
        Self {
            ids: IdSource::new(seed, content_from),
            apps: apps::Apps::default(),
            accounts: accounts::Accounts::default(),
            people: people::People::default(),
            media: media::MediaStore::default(),
            comments: comments::Comments::default(),
            inboxes: messages::Inboxes::default(),
            tokens: tokens::Tokens::default(),
            logins: logins::Logins::default(),
            effects: effects::EffectLog::default(),
            containers: containers::Containers::default(),
            mentions: HashSet::new(),
            hashtags: hashtags::Hashtags::default(),
            outbox: Vec::new(),
            undelivered: BTreeMap::new(),
        }
    }

    /// Makes a loaded world fit for use: nothing it hands out was handed out before, and what was not delivered
    /// waits in the outbox again.
    pub(crate) fn reopen(&mut self) {
        self.ids.leave_out(LEFT_OUT_AFTER_LOAD);
        self.effects.reopen(LEFT_OUT_AFTER_LOAD);
        self.outbox = std::mem::take(&mut self.undelivered).into_values().collect();
    }

    /// Queues a webhook if the app and the account are subscribed.
    pub(crate) fn emit(
        &mut self,
        account: &AccountId,
        field: &str,
        envelope: Envelope,
        value: Value,
        at: DateTime<Utc>,
    ) {
        let Some(node) = self.accounts.get(account) else { return };
        let about_comments = matches!(field, "comments" | "live_comments" | "mentions");
        if node.account.subscribed_fields.is_empty() || (node.account.private && about_comments) {
            return;
        }
        let Some(app) = self.apps.find(node.account.app_id.as_str()) else { return };
        // Instagram does not honour the account's choice of fields: the app's own choice decides.
        if !app.wants(field) {
            return;
        }
        let app = app.id.clone();
        self.outbox.push(Update::new(app, account.clone(), field, envelope, value, at));
    }

    /// Queues a webhook regardless of subscriptions, as long as the app has a callback.
    pub(crate) fn emit_unconditionally(
        &mut self,
        app: &AppId,
        account: &AccountId,
        field: &str,
        envelope: Envelope,
        value: Value,
        at: DateTime<Utc>,
    ) -> Result<(), ControlError> {
        let known =
            self.apps.find(app.as_str()).ok_or_else(|| ControlError::not_found("app", app.as_str()))?;
        if known.callback_url.is_none() {
            return Err(ControlError::Invalid(format!("app {app} has no callback URL: subscribe it first")));
        }
        self.outbox.push(Update::new(app.clone(), account.clone(), field, envelope, value, at));
        Ok(())
    }
}
