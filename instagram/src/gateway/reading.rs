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
    /// The text of a mention. Media and comments of others are read through the account that is mentioned; only a
    /// comment on Instagram Login is read directly.
    ///
    /// Instagram tells the author's name, seldom the id: the id of the author may be empty.
    pub(super) async fn mention_text(
        &self,
        account: &Account,
        media_id: &str,
        comment_id: Option<&str>,
    ) -> Result<Option<MentionText>, SendError> {
        let own = checked(&account.external_id)?.to_owned();
        let (call, member, text) = match (account.flavour, comment_id) {
            (LoginFlavour::Instagram, Some(comment_id)) => {
                let call = Call::get(account, checked(comment_id)?.to_owned(), Target::Thing);
                (call.query("fields", "id,text,username,from{id,username}"), None, "text")
            }
            (LoginFlavour::Facebook, Some(comment_id)) => {
                let list =
                    format!("mentioned_comment.comment_id({}){{id,text,username}}", checked(comment_id)?);
                let call = Call::get(account, own, Target::Thing).query("fields", list);
                (call, Some("mentioned_comment"), "text")
            }
            (_, None) => {
                let list = format!("mentioned_media.media_id({}){{id,caption,username}}", checked(media_id)?);
                let call = Call::get(account, own, Target::Thing).query("fields", list);
                (call, Some("mentioned_media"), "caption")
            }
        };
        let answered = match self.call(account, &call).await {
            Err(error) if error.skip_reason == Some(SkipReason::TargetGone) => return Ok(None),
            other => other?,
        };
        let found = match member {
            Some(member) => answered.body.get(member),
            None => Some(&answered.body),
        };
        Ok(found.map(|found| mention(found, text)))
    }

    /// The handle of the account, read with its own token.
    pub(super) async fn own_username(&self, account: &Account) -> Result<String, SendError> {
        let (path, list) = match account.flavour {
            LoginFlavour::Instagram => ("me", "user_id,username"),
            LoginFlavour::Facebook => (checked(&account.external_id)?, "id,username"),
        };
        let call = Call::get(account, path.to_owned(), Target::Account).query("fields", list);
        let body = self.call(account, &call).await?.body;
        // One page of the documentation wraps the answer in a list, live servers do not.
        let profile = if body["data"][0].is_object() { &body["data"][0] } else { &body };
        let missing =
            || errors::failure(ErrorCategory::Transient, "instagram did not tell the name of the account");
        fields::text(profile, "username").ok_or_else(missing)
    }
}

fn mention(found: &Value, text: &str) -> MentionText {
    let author = fields::person(&found["from"]).unwrap_or_else(|| Person {
        id: String::new(),
        username: fields::text(found, "username").filter(|name| !name.is_empty()),
    });
    MentionText { author, text: fields::text(found, text).unwrap_or_default() }
}
