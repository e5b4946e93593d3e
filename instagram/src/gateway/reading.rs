//! Reading what webhooks do not tell: the text of mentions, the name of the account.

use serde_json::Value;
use tenants::account::{Account, LoginFlavour};
use tenants::effect::{ErrorCategory, SkipReason};
use tenants::event::Person;
use tenants::ports::{MentionText, SendError};

use super::call::{Call, Target, checked};
use super::{Gateway, errors};
use crate::webhook::fields;

impl Gateway {
    /// The text of a mention. Media and comments of others are read through the account that is mentioned; on
    /// Instagram Login a comment may also be readable directly, which tells more about its author.
    ///
    /// Instagram tells the author's name, seldom the id: the id of the author may be empty.
    pub(super) async fn mention_text(
        &self,
        account: &Account,
        media_id: &str,
        comment_id: Option<&str>,
    ) -> Result<Option<MentionText>, SendError> {
        let Some(comment_id) = comment_id else {
            let list = format!("mentioned_media.media_id({}){{id,caption,username}}", checked(media_id)?);
            return self.read_mentioned(account, list, "mentioned_media", "caption").await;
        };
        let comment_id = checked(comment_id)?;
        if account.flavour == LoginFlavour::Instagram {
            let call = Call::get(account, comment_id.to_owned(), Target::Thing);
            let call = call.query("fields", "id,text,username,from{id,username}");
            if let Some(comment) = self.read_if_shown(account, &call).await? {
                return Ok(Some(mention(&comment, "text")));
            }
        }
        let list = format!("mentioned_comment.comment_id({comment_id}){{id,text,username}}");
        self.read_mentioned(account, list, "mentioned_comment", "text").await
    }

    async fn read_mentioned(
        &self,
        account: &Account,
        list: String,
        member: &str,
        text: &str,
    ) -> Result<Option<MentionText>, SendError> {
        let own = checked(&account.external_id)?.to_owned();
        let call = Call::get(account, own, Target::Thing).query("fields", list);
        let body = self.read_if_shown(account, &call).await?;
        Ok(body.and_then(|body| body.get(member).map(|found| mention(found, text))))
    }

    /// The body of an answer; `None` when the thing is gone or not shown to us.
    async fn read_if_shown(&self, account: &Account, call: &Call) -> Result<Option<Value>, SendError> {
        match self.call(account, call).await {
            Ok(answered) => Ok(Some(answered.body)),
            Err(error) if error.skip_reason == Some(SkipReason::TargetGone) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The handle of the account, read with its own token.
    pub(super) async fn own_username(&self, account: &Account) -> Result<String, SendError> {
        let body = self.call(account, &Self::profile(account)?).await?.body;
        let profile = unwrapped(&body);
        let missing =
            || errors::failure(ErrorCategory::Transient, "instagram did not tell the name of the account");
        fields::text(profile, "username").ok_or_else(missing)
    }
}

impl Gateway {
    /// Asks who the account is.
    pub(super) fn profile(account: &Account) -> Result<Call, SendError> {
        let (path, list) = match account.flavour {
            LoginFlavour::Instagram => ("me", "user_id,username"),
            LoginFlavour::Facebook => (checked(&account.external_id)?, "id,username"),
        };
        Ok(Call::get(account, path.to_owned(), Target::Account).query("fields", list))
    }
}

/// One page of the documentation wraps the answer in a list, live servers do not.
pub(super) fn unwrapped(body: &Value) -> &Value {
    if body["data"][0].is_object() { &body["data"][0] } else { body }
}

/// Refuses a profile that is another account's.
pub(super) fn is_profile_of(account: &Account, body: &Value) -> Result<(), SendError> {
    let profile = unwrapped(body);
    let found = fields::id(profile, "user_id").or_else(|| fields::id(profile, "id"));
    if found.as_deref() == Some(account.external_id.as_str()) {
        return Ok(());
    }
    Err(errors::failure(ErrorCategory::AuthFailure, "the token belongs to another account"))
}

fn mention(found: &Value, text: &str) -> MentionText {
    let author = fields::person(&found["from"]).unwrap_or_else(|| Person {
        id: String::new(),
        username: fields::text(found, "username").filter(|name| !name.is_empty()),
    });
    MentionText { author, text: fields::text(found, text).unwrap_or_default() }
}
