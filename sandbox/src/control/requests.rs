//! What the control API takes. The same types serve the Rust methods and the JSON bodies of the HTTP routes;
//! fields that are left out take the defaults named here.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ids::{AppId, CommentId, MediaId, MessageId},
    webhooks::Envelope,
};

/// Which of Meta's two logins an account was connected with. It decides the kind of token, the names of usage
/// header members, error types and a few permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// Instagram Login: `graph.instagram.com`, tokens `IGAA…`.
    #[default]
    Instagram,
    /// Facebook Login for Business: `graph.facebook.com`, tokens `EAA…`, a linked Page.
    Facebook,
}

/// An app to register. What is left out is drawn from the seed.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewApp {
    /// App id, 15 digits.
    pub id: Option<String>,
    /// App secret: signs webhooks.
    pub secret: Option<String>,
    /// What the verification handshake sends as `hub.verify_token`.
    pub verify_token: Option<String>,
    /// Where webhooks go; nothing is delivered without one.
    pub callback_url: Option<String>,
    /// Subscribed webhook fields; all when left out.
    pub fields: Option<Vec<String>>,
    /// Whether the Human Agent feature was approved; yes when left out.
    pub human_agent: Option<bool>,
    /// Addresses people may come back to from a login, exactly; any when left out.
    pub redirect_uris: Option<Vec<String>>,
}

impl fmt::Debug for NewApp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NewApp")
            .field("id", &self.id)
            .field("callback_url", &self.callback_url)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

/// A change of an app's webhook subscription.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subscription {
    /// Where webhooks go from now on.
    pub callback_url: String,
    /// New verify token; the app's own when left out.
    pub verify_token: Option<String>,
    /// Subscribed fields; unchanged when left out.
    pub fields: Option<Vec<String>>,
    /// Skip the verification handshake.
    pub unverified: bool,
}

/// A professional account to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewAccount {
    /// Handle, unique in the sandbox.
    pub username: String,
    /// Display name; the handle when left out.
    pub name: Option<String>,
    /// How it was connected.
    pub login: Login,
    /// The app it belongs to; the first app when left out.
    pub app: Option<AppId>,
    /// Profile text.
    pub biography: String,
    /// Profile link.
    pub website: Option<String>,
    /// Number of followers shown.
    pub followers_count: u64,
    /// Number of accounts it follows.
    pub follows_count: u64,
    /// Private accounts get no comment and mention events.
    pub private: bool,
    /// Whether the app's webhooks are switched on for the account from the start.
    pub subscribed: bool,
}

impl Default for NewAccount {
    fn default() -> Self {
        Self {
            username: String::new(),
            name: None,
            login: Login::Instagram,
            app: None,
            biography: String::new(),
            website: None,
            followers_count: 900,
            follows_count: 3,
            private: false,
            subscribed: true,
        }
    }
}

impl NewAccount {
    /// An account with this handle, subscribed to webhooks.
    pub fn new(username: impl Into<String>) -> Self {
        Self { username: username.into(), ..Self::default() }
    }

    /// Sets the display name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Connects it by this login.
    pub fn login(mut self, login: Login) -> Self {
        self.login = login;
        self
    }

    /// Puts it under this app.
    pub fn app(mut self, app: &AppId) -> Self {
        self.app = Some(app.clone());
        self
    }
}

/// What may change about an account afterwards; what is left out stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountChange {
    /// Private accounts get no comment and mention events.
    pub private: Option<bool>,
    /// "Allow access to messages" in the Instagram app; off makes sends fail with 200/2534041.
    pub message_access: Option<bool>,
    /// Switch webhooks for the account on (all fields) or off.
    pub subscribed: Option<bool>,
    /// Number of followers shown.
    pub followers_count: Option<u64>,
    /// Metrics that insights shall not know, as if Instagram had removed them.
    pub removed_metrics: Option<Vec<String>>,
    /// How old numbers must be to be counted in insights, in seconds; Instagram takes up to 48 hours.
    pub insights_delay_seconds: Option<u64>,
}

/// A person (not a professional account).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewPerson {
    /// Handle, unique in the sandbox.
    pub username: String,
    /// Display name; absent when left out.
    pub name: Option<String>,
    /// Verified badge.
    pub verified: bool,
    /// Number of followers.
    pub follower_count: u64,
}

/// How a person stands to an account; what is left out stays.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelationChange {
    /// The person follows the account.
    pub follows_account: Option<bool>,
    /// The account follows the person.
    pub followed_by_account: Option<bool>,
    /// The person blocked the account: sends fail with 551/1545041.
    pub blocks_account: Option<bool>,
}

/// A post, reel or story.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewMedia {
    /// Caption text.
    pub caption: Option<String>,
    /// Kind of surface; a feed post when left out.
    pub product: MediaProduct,
    /// Kind of content; an image (a video for reels) when left out.
    pub media_type: Option<MediaType>,
    /// How many children a carousel has.
    pub children: usize,
    /// Likes shown.
    pub like_count: u64,
    /// When it was posted; now when left out.
    pub created_at: Option<DateTime<Utc>>,
}

impl NewMedia {
    /// A feed post with this caption.
    pub fn post(caption: impl Into<String>) -> Self {
        Self { caption: Some(caption.into()), ..Self::default() }
    }

    /// A reel with this caption.
    pub fn reel(caption: impl Into<String>) -> Self {
        Self { product: MediaProduct::Reels, ..Self::post(caption) }
    }

    /// A story.
    pub fn story() -> Self {
        Self { product: MediaProduct::Story, ..Self::default() }
    }
}

/// `media_product_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MediaProduct {
    /// A feed post.
    #[default]
    Feed,
    /// A reel.
    Reels,
    /// A story: gone after 24 hours.
    Story,
    /// An ad.
    Ad,
}

/// `media_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MediaType {
    /// A picture.
    Image,
    /// A video.
    Video,
    /// Several pictures or videos.
    CarouselAlbum,
}

/// A comment by a person, on the account's media.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewComment {
    /// Handle of the author, created when unknown.
    pub from: String,
    /// The comment.
    pub text: String,
    /// The media; the account's newest when left out, and a new post when it has none.
    pub media: Option<MediaId>,
    /// The comment it answers. An answer to an answer joins the top-level comment, as on Instagram.
    pub parent: Option<CommentId>,
    /// When it was written; now when left out. Earlier times let it be older than a window.
    pub created_at: Option<DateTime<Utc>>,
    /// Whether a webhook goes out; switch off for a comment that only the read API shows.
    pub webhook: bool,
    /// Shape of the webhook: `changes` (real traffic) or `flat` (as Instagram's docs print it).
    pub envelope: Envelope,
    /// `live_comments` instead of `comments`.
    pub live: bool,
}

impl Default for NewComment {
    fn default() -> Self {
        Self {
            from: "fan".to_owned(),
            text: String::new(),
            media: None,
            parent: None,
            created_at: None,
            webhook: true,
            envelope: Envelope::Changes,
            live: false,
        }
    }
}

impl NewComment {
    /// A comment with this text by `from`.
    pub fn new(from: impl Into<String>, text: impl Into<String>) -> Self {
        Self { from: from.into(), text: text.into(), ..Self::default() }
    }

    /// On this media.
    pub fn on(mut self, media: &MediaId) -> Self {
        self.media = Some(media.clone());
        self
    }

    /// As an answer to this comment.
    pub fn answering(mut self, parent: &CommentId) -> Self {
        self.parent = Some(parent.clone());
        self
    }

    /// Written at this time.
    pub fn at(mut self, created_at: DateTime<Utc>) -> Self {
        self.created_at = Some(created_at);
        self
    }

    /// Without a webhook.
    pub fn silent(mut self) -> Self {
        self.webhook = false;
        self
    }
}

/// A comment the account writes itself in the Instagram app.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnComment {
    /// The comment.
    pub text: String,
    /// The media; as for `NewComment` when left out.
    pub media: Option<MediaId>,
    /// The comment it answers.
    pub parent: Option<CommentId>,
}

/// Somebody mentions the account on their own media. For accounts of Facebook Login a `mentions` webhook goes
/// out; Instagram Login folds mentions in comments into `comments`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewMention {
    /// Handle of the person who mentions, and owner of the media.
    pub from: String,
    /// Text with the mention; it becomes the caption or the comment.
    pub text: String,
    /// In the caption of a new post instead of a comment.
    pub in_caption: bool,
}

/// A direct message from a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewMessage {
    /// Handle of the sender, created when unknown.
    pub from: String,
    /// The text.
    pub text: Option<String>,
    /// Attachments in webhook form, for example `{"type":"image","payload":{"url":"…"}}`.
    pub attachments: Vec<Value>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// The account's story it answers; see also `story_reply`.
    pub story: Option<MediaId>,
    /// Payload of a tapped quick reply.
    pub quick_reply: Option<String>,
    /// Ad or shop referral in webhook form.
    pub referral: Option<Value>,
    /// Content the API cannot show.
    pub unsupported: bool,
    /// When it was written; now when left out.
    pub created_at: Option<DateTime<Utc>>,
    /// Whether a webhook goes out.
    pub webhook: bool,
    /// Shape of the webhook: `messaging`, `standby` (another app has the thread) or `changes` (test button).
    pub envelope: Envelope,
}

impl Default for NewMessage {
    fn default() -> Self {
        Self {
            from: "fan".to_owned(),
            text: None,
            attachments: Vec::new(),
            reply_to: None,
            story: None,
            quick_reply: None,
            referral: None,
            unsupported: false,
            created_at: None,
            webhook: true,
            envelope: Envelope::Messaging,
        }
    }
}

impl NewMessage {
    /// A text message by `from`.
    pub fn new(from: impl Into<String>, text: impl Into<String>) -> Self {
        Self { from: from.into(), text: Some(text.into()), ..Self::default() }
    }

    /// A reply to one of the account's stories.
    pub fn story_reply(from: impl Into<String>, story: &MediaId, text: impl Into<String>) -> Self {
        Self { story: Some(story.clone()), ..Self::new(from, text) }
    }

    /// A person mentions the account in a story of their own.
    pub fn story_mention(from: impl Into<String>) -> Self {
        let payload = serde_json::json!({"url": "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1&signature=s"});
        let attachment = serde_json::json!({"type": "story_mention", "payload": payload});
        Self { from: from.into(), attachments: vec![attachment], ..Self::default() }
    }

    /// Written at this time.
    pub fn at(mut self, created_at: DateTime<Utc>) -> Self {
        self.created_at = Some(created_at);
        self
    }

    /// Without a webhook.
    pub fn silent(mut self) -> Self {
        self.webhook = false;
        self
    }
}

/// A message the account sends from the Instagram app (the phone); it comes back as an echo.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnMessage {
    /// Handle of the receiver.
    pub to: String,
    /// The text.
    pub text: String,
}

/// A person reacts to a message, or takes the reaction back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewReaction {
    /// The message.
    pub message: Option<MessageId>,
    /// `love`, `like`, `laugh`, `wow`, `sad`, `angry` or `other`; left out to take it back.
    pub reaction: Option<String>,
    /// The emoji shown; a heart when left out.
    pub emoji: Option<String>,
}

/// A person taps a button, an ice breaker or a menu entry. It opens the 24 h window like a message.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewPostback {
    /// Handle of the person.
    pub from: String,
    /// Label of the button.
    pub title: String,
    /// Payload of the button.
    pub payload: String,
}

/// Why a token stops working (code 190). Serialised as the name in snake case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenDeath {
    /// The person removed the app: 458.
    AppRemoved,
    /// The account must confirm itself on the site: 459.
    Checkpoint,
    /// The password was changed: 460.
    PasswordChanged,
    /// It ran out: 463.
    Expired,
    /// Unconfirmed user: 464.
    Unconfirmed,
    /// Logged out or withdrawn for security: 467.
    #[default]
    Invalidated,
    /// No suitable role on the linked Page: 492.
    RoleLost,
}

impl TokenDeath {
    /// The `error_subcode` of the answer.
    pub fn subcode(self) -> u32 {
        match self {
            Self::AppRemoved => 458,
            Self::Checkpoint => 459,
            Self::PasswordChanged => 460,
            Self::Expired => 463,
            Self::Unconfirmed => 464,
            Self::Invalidated => 467,
            Self::RoleLost => 492,
        }
    }
}

/// Any webhook value, wrapped and signed as if Instagram had made it; nothing in the state changes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewEvent {
    /// `field` of the change; ignored for `messaging` and `standby`.
    pub field: String,
    /// The change's `value`, or the messaging item.
    pub value: Value,
    /// How it is wrapped.
    pub envelope: Envelope,
}
