//! Making things happen in the sandbox: accounts, people, content, comments and messages.
//!
//! Wherever an account is asked for, any of its ids or its handle will do.

use chrono::{DateTime, Utc};

use super::requests::{
    AccountChange, Login, NewAccount, NewApp, NewComment, NewEvent, NewMedia, NewMention, NewMessage,
    NewPerson, NewPostback, NewReaction, OwnComment, OwnMessage, RelationChange, Subscription, TokenDeath,
};
use crate::{
    errors::ControlError,
    ids::{AccountId, AppId, CommentId, MediaId, MessageId},
    sandbox::Sandbox,
    state::{
        World,
        accounts::Account,
        apps::App,
        comments::Comment,
        media::{Media, MediaOwner},
        messages::Message,
        people::{Person, Relation},
    },
    webhooks::{Envelope, Update, handshake, payload, sign},
};

impl Sandbox {
    fn on_account<T>(
        &self,
        account: impl AsRef<str>,
        act: impl FnOnce(&mut World, &AccountId, DateTime<Utc>) -> Result<T, ControlError>,
    ) -> Result<T, ControlError> {
        self.core.act(|world, now| {
            let account = world.account_named(account.as_ref())?;
            act(world, &account, now)
        })
    }

    /// Registers a further app.
    pub fn create_app(&self, new: NewApp) -> Result<App, ControlError> {
        self.core.act(|world, _| world.create_app(new))
    }

    /// Sets where an app's webhooks go, after the verification handshake unless it is to be skipped.
    pub async fn subscribe(&self, app: &AppId, to: Subscription) -> Result<App, ControlError> {
        let known = self.app(app).ok_or_else(|| ControlError::not_found("app", app.as_str()))?;
        let verify_token = to.verify_token.unwrap_or(known.verify_token);
        if !to.unverified {
            handshake::verify(&self.core, &to.callback_url, &verify_token).await?;
        }
        self.core.act(|world, _| {
            let app = world
                .apps
                .find_mut(app.as_str())
                .ok_or_else(|| ControlError::not_found("app", app.as_str()))?;
            app.callback_url = Some(to.callback_url);
            app.verify_token = verify_token;
            if to.fields.is_some() {
                app.fields = to.fields;
            }
            Ok(app.clone())
        })
    }

    /// Creates a professional account.
    pub fn create_account(&self, new: NewAccount) -> Result<Account, ControlError> {
        self.core.act(|world, _| world.create_account(new))
    }

    /// Changes what may change about an account.
    pub fn change_account(
        &self,
        account: impl AsRef<str>,
        change: AccountChange,
    ) -> Result<Account, ControlError> {
        self.on_account(account, |world, account, _| world.change_account(account, change))
    }

    /// The account's newest access token, given out on first use.
    pub fn token(&self, account: impl AsRef<str>) -> Result<String, ControlError> {
        self.on_account(account, |world, account, now| world.token_of(account, now))
    }

    /// Gives out a new token, as after a new login.
    pub fn renew_token(&self, account: impl AsRef<str>) -> Result<String, ControlError> {
        self.on_account(account, |world, account, now| world.issue_token(account, now))
    }

    /// Withdraws all tokens of the account; calls then fail with code 190. Answers how many there were.
    pub fn revoke_token(&self, account: impl AsRef<str>, death: TokenDeath) -> Result<usize, ControlError> {
        self.on_account(account, |world, account, _| Ok(world.revoke_tokens(account, death)))
    }

    /// Moves the end of the account's newest token.
    pub fn set_token_expiry(
        &self,
        account: impl AsRef<str>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), ControlError> {
        self.on_account(account, |world, account, _| world.set_token_expiry(account, expires_at))
    }

    /// Lets the code exchange of Instagram Login answer in the documented shape (`data: […]`, ids as text) instead of
    /// the flat one that is seen live.
    pub fn answer_codes_as_documented(&self, documented: bool) {
        self.core.act(|world, _| world.logins.documented_shape = documented);
    }

    /// Meta's id of whoever connected the account: what signed requests name.
    pub fn user_of(&self, account: impl AsRef<str>) -> Result<String, ControlError> {
        self.on_account(account, |world, id, _| match world.account(id)?.account.login {
            Login::Instagram => Ok(world.account(id)?.account.app_scoped_id.clone()),
            Login::Facebook => world.facebook_user_of(id),
        })
    }

    /// A `signed_request` of the account's app about whoever connected the account.
    pub fn signed_request(&self, account: impl AsRef<str>) -> Result<String, ControlError> {
        let user = self.user_of(&account)?;
        self.on_account(account, |world, id, now| {
            let app = world.account(id)?.account.app_id.clone();
            let app = world.apps.find(app.as_str());
            let secret = app.map(|app| app.secret.clone());
            let secret = secret.ok_or_else(|| ControlError::not_found("app", "of the account"))?;
            Ok(sign::signed_request(&secret, &user, now))
        })
    }

    /// The person removes the app: the tokens die, and the app's callback at `url` is told so. Answers the status of
    /// the callback.
    pub async fn deauthorize(&self, account: impl AsRef<str>, url: &str) -> Result<u16, ControlError> {
        let request = self.signed_request(&account)?;
        self.revoke_token(&account, TokenDeath::AppRemoved)?;
        self.post_signed(url, &request).await.map(|(status, _)| status)
    }

    /// The person asks for the deletion of their data. Answers what the callback at `url` said.
    pub async fn request_deletion(
        &self,
        account: impl AsRef<str>,
        url: &str,
    ) -> Result<(u16, serde_json::Value), ControlError> {
        let request = self.signed_request(&account)?;
        self.post_signed(url, &request).await
    }

    async fn post_signed(&self, url: &str, request: &str) -> Result<(u16, serde_json::Value), ControlError> {
        let failed =
            |error: reqwest::Error| ControlError::Handshake(format!("{url} did not answer: {error}"));
        let form = [("signed_request", request)];
        let answer = self.core.webhook_client.post(url).form(&form).send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(failed)?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    /// Creates a person. People named in comments and messages are created by themselves.
    pub fn create_person(&self, new: NewPerson) -> Result<Person, ControlError> {
        self.core.act(|world, _| world.create_person(new))
    }

    /// Sets how a person stands to an account.
    pub fn relate(
        &self,
        account: impl AsRef<str>,
        person: &str,
        change: RelationChange,
    ) -> Result<Relation, ControlError> {
        self.on_account(account, |world, account, _| world.relate(account, person, change))
    }

    /// Posts media.
    pub fn create_media(&self, account: impl AsRef<str>, new: NewMedia) -> Result<Media, ControlError> {
        self.on_account(account, |world, account, now| {
            world.create_media(MediaOwner::Account(account.clone()), new, now)
        })
    }

    /// Somebody posts media in which the account is tagged; it shows up in `/tags`.
    pub fn tag_in_media(
        &self,
        account: impl AsRef<str>,
        by: &str,
        new: NewMedia,
    ) -> Result<Media, ControlError> {
        self.on_account(account, |world, account, now| world.tag_in_media(account, by, new, now))
    }

    /// A person comments on the account's media.
    pub fn comment(&self, account: impl AsRef<str>, new: NewComment) -> Result<Comment, ControlError> {
        self.on_account(account, |world, account, now| world.person_comments(account, new, now))
    }

    /// The account comments from the Instagram app.
    pub fn own_comment(&self, account: impl AsRef<str>, own: OwnComment) -> Result<Comment, ControlError> {
        self.on_account(account, |world, account, now| world.own_comment(account, own, now))
    }

    /// Somebody mentions the account on their own media. Answers the media and the comment, if it was one.
    pub fn mention(
        &self,
        account: impl AsRef<str>,
        new: NewMention,
    ) -> Result<(MediaId, Option<CommentId>), ControlError> {
        self.on_account(account, |world, account, now| world.person_mentions(account, new, now))
    }

    /// The author changes a comment. Instagram has no webhook for that.
    pub fn edit_comment(
        &self,
        comment: impl AsRef<str>,
        text: impl Into<String>,
    ) -> Result<Comment, ControlError> {
        let id = comment.as_ref();
        self.core.act(|world, _| {
            let node = world.comments.find_mut(id).ok_or_else(|| ControlError::not_found("comment", id))?;
            node.comment.text = text.into();
            Ok(node.comment.clone())
        })
    }

    /// The author deletes a comment. Instagram has no webhook for that.
    pub fn delete_comment(&self, comment: impl AsRef<str>) -> Result<(), ControlError> {
        let id = CommentId::new(comment);
        self.core.act(|world, _| {
            world
                .remove_comment(&id)
                .map(|_| ())
                .ok_or_else(|| ControlError::not_found("comment", id.as_str()))
        })
    }

    /// A person writes to the account.
    pub fn direct_message(&self, account: impl AsRef<str>, new: NewMessage) -> Result<Message, ControlError> {
        self.on_account(account, |world, account, now| world.person_writes(account, new, now))
    }

    /// The account writes from the Instagram app; it comes back as an echo.
    pub fn own_message(&self, account: impl AsRef<str>, own: OwnMessage) -> Result<Message, ControlError> {
        self.on_account(account, |world, account, now| world.own_message(account, own, now))
    }

    /// A person taps a button.
    pub fn postback(&self, account: impl AsRef<str>, new: NewPostback) -> Result<Message, ControlError> {
        self.on_account(account, |world, account, now| world.person_taps(account, new, now))
    }

    /// The sender changes a message.
    pub fn edit_message(
        &self,
        message: impl AsRef<str>,
        text: impl Into<String>,
    ) -> Result<Message, ControlError> {
        let id = MessageId::new(message);
        self.core.act(|world, now| world.edit_message(&id, text.into(), now))
    }

    /// The sender takes a message back.
    pub fn unsend_message(&self, message: impl AsRef<str>) -> Result<(), ControlError> {
        let id = MessageId::new(message);
        self.core.act(|world, now| world.unsend_message(&id, now))
    }

    /// A person reacts to a message or takes the reaction back.
    pub fn react(&self, new: NewReaction) -> Result<(), ControlError> {
        self.core.act(|world, now| world.person_reacts(new, now))
    }

    /// The person has seen a message.
    pub fn seen(&self, message: impl AsRef<str>) -> Result<(), ControlError> {
        let id = MessageId::new(message);
        self.core.act(|world, now| world.person_sees(&id, now))
    }

    /// Sends any webhook value in any envelope; nothing in the state changes.
    pub fn deliver_event(&self, account: impl AsRef<str>, new: NewEvent) -> Result<(), ControlError> {
        self.on_account(account, |world, account, now| {
            let app = world.account(account)?.account.app_id.clone();
            world.emit_unconditionally(&app, account, &new.field, new.envelope, new.value, now)
        })
    }

    /// Sends these very bytes, signed with the app's secret.
    pub fn deliver_raw(&self, app: &AppId, body: impl Into<Vec<u8>>) -> Result<(), ControlError> {
        let body = body.into();
        self.core.act(|world, now| {
            let nobody = AccountId::new("0");
            world.emit_unconditionally(
                app,
                &nobody,
                "raw",
                Envelope::Changes,
                serde_json::Value::Null,
                now,
            )?;
            if let Some(Update { raw, .. }) = world.outbox.last_mut() {
                *raw = Some(body);
            }
            Ok(())
        })
    }

    /// What the dashboard's test button sends for `messages` or `comments`: `entry[].id` is `0`.
    pub fn deliver_test_event(&self, app: &AppId, field: &str) -> Result<(), ControlError> {
        let value = match field {
            "messages" => payload::test_button_message(),
            "comments" => payload::test_button_comment(),
            other => {
                let text = format!("no test event for `{other}`: use `messages` or `comments`");
                return Err(ControlError::Invalid(text));
            }
        };
        self.core.act(|world, now| {
            world.emit_unconditionally(app, &AccountId::new("0"), field, Envelope::Changes, value, now)
        })
    }
}
