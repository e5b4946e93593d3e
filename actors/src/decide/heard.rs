//! What an event says, in the form in which it is decided: a text from somebody else, and where it was said.

use llm::Channel;
use tenants::account::{Account, LoginFlavour};
use tenants::clock::Timestamp;
use tenants::effect::{Action, LikeTarget, ReplyTarget};
use tenants::event::{Attachment, CommentBody, EventKind, InboxEvent, MessageBody, Person, ReplyTo};
use tenants::policy::{PRIVATE_REPLY_WINDOW, WINDOW_MARGIN};
use tenants::rule::TriggerKind;

/// Attachments that say nothing which a person would have to look at.
const IDLE_ATTACHMENTS: [&str; 2] = ["like_heart", "story_mention"];
/// Stands for content that Instagram does not show to apps.
const UNSUPPORTED: &str = "unsupported";

/// Where something was said, with the ids that answers need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Under the account's own media.
    Comment { comment_id: String, parent_id: Option<String>, media_id: Option<String>, is_live: bool },
    /// In somebody else's media.
    Mention { media_id: String, comment_id: Option<String> },
    /// In direct messages; `mid` is missing on some taps of buttons.
    Direct { mid: Option<String>, story_id: Option<String>, is_story_reply: bool },
}

/// A text from somebody else.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Heard {
    pub place: Place,
    pub author: Person,
    pub text: String,
    /// Kinds of the attachments.
    pub attachments: Vec<String>,
    pub written_at: Timestamp,
}

impl Heard {
    pub fn comment(event: &InboxEvent, body: &CommentBody, written_at: Timestamp) -> Self {
        let place = Place::Comment {
            comment_id: body.comment_id.clone(),
            parent_id: body.parent_id.clone(),
            media_id: body.media_id.clone(),
            is_live: event.kind == EventKind::LiveComment,
        };
        Self {
            place,
            author: body.from.clone(),
            text: body.text.clone(),
            attachments: Vec::new(),
            written_at,
        }
    }

    pub fn message(event: &InboxEvent, body: &MessageBody, written_at: Timestamp) -> Self {
        let story_id = match &body.reply_to {
            Some(ReplyTo::Story { id }) => id.clone(),
            Some(ReplyTo::Message { .. }) | None => None,
        };
        let is_story_reply = event.kind == EventKind::StoryReply;
        Self {
            place: Place::Direct { mid: Some(body.mid.clone()), story_id, is_story_reply },
            author: body.person.clone(),
            text: body.text.clone(),
            attachments: kinds(&body.attachments, body.unsupported),
            written_at,
        }
    }

    /// Instagram's id of the message; `None` for comments and taps of buttons.
    pub fn message_id(&self) -> Option<&str> {
        match &self.place {
            Place::Direct { mid, .. } => mid.as_deref(),
            Place::Comment { .. } | Place::Mention { .. } => None,
        }
    }

    /// Instagram's id of the comment.
    pub fn comment_id(&self) -> Option<&str> {
        match &self.place {
            Place::Comment { comment_id, .. } => Some(comment_id),
            Place::Mention { comment_id, .. } => comment_id.as_deref(),
            Place::Direct { .. } => None,
        }
    }

    /// True for direct messages.
    pub fn is_direct(&self) -> bool {
        matches!(self.place, Place::Direct { .. })
    }

    /// True for comments under the account's own media: the only thing that can be hidden.
    pub fn is_comment(&self) -> bool {
        matches!(self.place, Place::Comment { .. })
    }

    /// The kind of rules that listen to this.
    pub fn trigger(&self) -> TriggerKind {
        match self.place {
            Place::Comment { .. } => TriggerKind::Comment,
            Place::Mention { .. } => TriggerKind::Mention,
            Place::Direct { is_story_reply: true, .. } => TriggerKind::StoryReply,
            Place::Direct { .. } => TriggerKind::Dm,
        }
    }

    /// The media (or story) it stands under.
    pub fn media(&self) -> Option<&str> {
        match &self.place {
            Place::Comment { media_id, .. } => media_id.as_deref(),
            Place::Mention { media_id, .. } => Some(media_id),
            Place::Direct { story_id, .. } => story_id.as_deref(),
        }
    }

    /// True when a person would have to look at an attachment to know what is wanted.
    pub fn has_content_to_look_at(&self) -> bool {
        self.attachments.iter().any(|kind| !IDLE_ATTACHMENTS.contains(&kind.as_str()))
    }

    /// Where a plain reply appears.
    pub fn reply_channel(&self) -> Channel {
        if self.is_direct() { Channel::DirectMessage } else { Channel::Comment }
    }

    /// An answer where it was said. Comments on a live broadcast cannot be answered in public.
    pub fn reply(&self, text: &str) -> Option<Action> {
        let text = text.to_owned();
        match &self.place {
            Place::Comment { is_live: true, .. } => None,
            Place::Comment { comment_id, .. } => Some(Action::ReplyComment {
                target: ReplyTarget::Comment { comment_id: comment_id.clone() },
                text,
            }),
            Place::Mention { media_id, comment_id } => {
                let target =
                    ReplyTarget::Mention { media_id: media_id.clone(), comment_id: comment_id.clone() };
                Some(Action::ReplyComment { target, text })
            }
            Place::Direct { mid: Some(mid), .. } => {
                Some(Action::ReplyDm { recipient_id: self.author.id.clone(), mid: mid.clone(), text })
            }
            Place::Direct { mid: None, .. } => self.direct_message(&text),
        }
    }

    /// The one direct message that may answer a comment, as long as it may.
    pub fn private_reply(&self, text: &str, now: Timestamp) -> Option<Action> {
        let Place::Comment { comment_id, .. } = &self.place else { return None };
        let is_in_time = now + WINDOW_MARGIN < self.written_at + PRIVATE_REPLY_WINDOW;
        is_in_time.then(|| Action::PrivateReply { comment_id: comment_id.clone(), text: text.to_owned() })
    }

    /// A direct message to somebody who wrote one.
    pub fn direct_message(&self, text: &str) -> Option<Action> {
        let recipient_id = self.author.id.clone();
        self.is_direct().then(|| Action::SendDm { recipient_id, text: text.to_owned() })
    }

    /// A direct message with quick replies, to somebody who wrote one.
    pub fn question(&self, text: &str, quick_replies: &[String]) -> Option<Action> {
        self.is_direct().then(|| Action::AskDm {
            recipient_id: self.author.id.clone(),
            text: text.to_owned(),
            quick_replies: quick_replies.to_vec(),
        })
    }

    /// Hides the comment. Instagram cannot hide comments on a live broadcast.
    pub fn hide(&self) -> Option<Action> {
        match &self.place {
            Place::Comment { comment_id, is_live: false, .. } => {
                Some(Action::HideComment { comment_id: comment_id.clone() })
            }
            _ => None,
        }
    }

    /// Deletes the comment.
    pub fn delete(&self) -> Option<Action> {
        match &self.place {
            Place::Comment { comment_id, .. } => {
                Some(Action::DeleteComment { comment_id: comment_id.clone() })
            }
            _ => None,
        }
    }

    /// Likes it. Comments can be liked through Facebook-login accounts only.
    pub fn like(&self, account: &Account) -> Option<Action> {
        let target = match &self.place {
            Place::Comment { comment_id, .. } if account.flavour == LoginFlavour::Facebook => {
                LikeTarget::Comment { comment_id: comment_id.clone() }
            }
            Place::Direct { mid: Some(mid), .. } => {
                LikeTarget::Message { recipient_id: self.author.id.clone(), mid: mid.clone() }
            }
            _ => return None,
        };
        Some(Action::Like { target })
    }
}

/// The kinds of a message's attachments.
pub(super) fn kinds(attachments: &[Attachment], unsupported: bool) -> Vec<String> {
    let shown = attachments.iter().map(|attachment| attachment.kind.clone());
    shown.chain(unsupported.then(|| UNSUPPORTED.to_owned())).collect()
}
