//! Professional accounts.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{World, timeline::Timeline};
use crate::{
    control::requests::{AccountChange, Login, NewAccount},
    errors::ControlError,
    ids::{AccountId, AppId, ConversationId, Igsid, MediaId, Username},
    webhooks::fields::ACCOUNT_FIELDS,
};

/// A professional account as the sandbox keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// Professional account id: what webhooks carry.
    pub user_id: AccountId,
    /// The other id of the same account: `id` of `/me` on the Instagram host.
    pub app_scoped_id: String,
    /// The linked Facebook Page.
    pub page_id: String,
    /// How the account appears when it comments itself.
    pub self_ig_scoped_id: Igsid,
    /// Handle.
    pub username: Username,
    /// Display name.
    pub name: String,
    /// Login it was connected with.
    pub login: Login,
    /// App it belongs to.
    pub app_id: AppId,
    /// Profile text.
    pub biography: String,
    /// Profile link.
    pub website: Option<String>,
    /// Followers shown.
    pub followers_count: u64,
    /// Accounts it follows.
    pub follows_count: u64,
    /// Private accounts get no comment and mention events.
    pub private: bool,
    /// Whether connected tools may use messages.
    pub message_access: bool,
    /// Fields of `subscribed_apps`; empty means that no webhooks are sent for the account.
    pub subscribed_fields: Vec<String>,
    /// Metrics that insights do not know any more.
    #[serde(default)]
    pub removed_metrics: Vec<String>,
    /// How old numbers must be to be counted in its insights, in seconds.
    #[serde(default)]
    pub insights_delay_seconds: u64,
}

impl AsRef<str> for Account {
    fn as_ref(&self) -> &str {
        self.user_id.as_str()
    }
}

/// An account with what hangs on it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AccountNode {
    pub(crate) account: Account,
    pub(crate) media: Timeline<MediaId>,
    pub(crate) stories: Timeline<MediaId>,
    pub(crate) tagged: Timeline<MediaId>,
    pub(crate) conversations: Timeline<ConversationId>,
    pub(crate) messenger_profile: Map<String, Value>,
    pub(crate) attachments: Vec<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Accounts {
    by_id: HashMap<AccountId, AccountNode>,
    /// Every name of an account: `user_id`, app-scoped id, page id, handle.
    names: HashMap<Box<str>, AccountId>,
    order: Vec<AccountId>,
}

impl Accounts {
    pub(crate) fn get(&self, id: &AccountId) -> Option<&AccountNode> {
        self.by_id.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &AccountId) -> Option<&mut AccountNode> {
        self.by_id.get_mut(id)
    }

    pub(crate) fn id_of(&self, name: &str) -> Option<&AccountId> {
        self.names.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &AccountNode> {
        self.order.iter().filter_map(|id| self.by_id.get(id))
    }
}

impl World {
    /// Finds an account by any of its ids or its handle.
    pub(crate) fn account_named(&self, name: &str) -> Result<AccountId, ControlError> {
        let name = name.trim_start_matches('@');
        self.accounts.id_of(name).cloned().ok_or_else(|| ControlError::not_found("account", name))
    }

    pub(crate) fn account(&self, id: &AccountId) -> Result<&AccountNode, ControlError> {
        self.accounts.get(id).ok_or_else(|| ControlError::not_found("account", id.as_str()))
    }

    pub(crate) fn create_account(&mut self, new: NewAccount) -> Result<Account, ControlError> {
        let username = checked_username(&new.username)?;
        if self.accounts.names.contains_key(username.as_str()) {
            return Err(ControlError::Exists { what: "account", id: username.to_string() });
        }
        let app_id = match &new.app {
            Some(app) => self
                .apps
                .find(app.as_str())
                .ok_or_else(|| ControlError::not_found("app", app.as_str()))?
                .id
                .clone(),
            None => self.apps.first().cloned().ok_or_else(|| ControlError::not_found("app", "the first"))?,
        };
        let user_id = self.ids.account();
        let account = Account {
            self_ig_scoped_id: self.ids.igsid(&user_id, &username, 0),
            app_scoped_id: self.ids.app_scoped_account(),
            page_id: self.ids.page(),
            name: new.name.unwrap_or_else(|| username.to_string()),
            login: new.login,
            app_id,
            biography: new.biography,
            website: new.website,
            followers_count: new.followers_count,
            follows_count: new.follows_count,
            private: new.private,
            message_access: true,
            removed_metrics: Vec::new(),
            insights_delay_seconds: 0,
            subscribed_fields: if new.subscribed { all_fields() } else { Vec::new() },
            user_id: user_id.clone(),
            username,
        };
        for name in [user_id.as_str(), &account.app_scoped_id, &account.page_id, account.username.as_str()] {
            self.accounts.names.insert(name.into(), user_id.clone());
        }
        self.accounts.order.push(user_id.clone());
        let node = AccountNode {
            account: account.clone(),
            media: Timeline::default(),
            stories: Timeline::default(),
            tagged: Timeline::default(),
            conversations: Timeline::default(),
            messenger_profile: Map::new(),
            attachments: Vec::new(),
        };
        self.accounts.by_id.insert(user_id, node);
        Ok(account)
    }

    pub(crate) fn change_account(
        &mut self,
        id: &AccountId,
        change: AccountChange,
    ) -> Result<Account, ControlError> {
        let node =
            self.accounts.get_mut(id).ok_or_else(|| ControlError::not_found("account", id.as_str()))?;
        let account = &mut node.account;
        account.private = change.private.unwrap_or(account.private);
        account.message_access = change.message_access.unwrap_or(account.message_access);
        account.followers_count = change.followers_count.unwrap_or(account.followers_count);
        account.removed_metrics =
            change.removed_metrics.unwrap_or(std::mem::take(&mut account.removed_metrics));
        account.insights_delay_seconds =
            change.insights_delay_seconds.unwrap_or(account.insights_delay_seconds);
        match change.subscribed {
            Some(true) => account.subscribed_fields = all_fields(),
            Some(false) => account.subscribed_fields.clear(),
            None => {}
        }
        Ok(account.clone())
    }
}

fn all_fields() -> Vec<String> {
    ACCOUNT_FIELDS.iter().map(|field| (*field).to_owned()).collect()
}

pub(super) fn checked_username(text: &str) -> Result<Username, ControlError> {
    let text = text.trim().trim_start_matches('@');
    let fits = !text.is_empty()
        && text.len() <= 30
        && text.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '_'));
    if fits {
        Ok(Username::new(text))
    } else {
        Err(ControlError::Invalid(format!(
            "`{text}` is no Instagram handle: use 1 to 30 letters, digits, dots or underscores"
        )))
    }
}
