//! What is done to the outside world, as the API shows it.

use serde::Serialize;
use tenants::effect::{Action, LikeTarget, ReplyTarget};
use utoipa::ToSchema;

/// One call to Instagram; `action` names its kind.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
#[schema(as = Action)]
pub(super) enum ActionView {
    /// A public answer to a comment or mention.
    ReplyComment {
        /// What is answered.
        target: ReplyTargetView,
        /// The reply.
        text: String,
    },
    /// Hide a comment from others.
    HideComment {
        /// Instagram's id.
        comment_id: String,
    },
    /// Delete a comment.
    DeleteComment {
        /// Instagram's id.
        comment_id: String,
    },
    /// A direct message that answers a comment.
    PrivateReply {
        /// The comment answered.
        comment_id: String,
        /// The message.
        text: String,
    },
    /// A direct message.
    SendDm {
        /// The person.
        recipient_id: String,
        /// The message.
        text: String,
    },
    /// A direct message that answers a certain message.
    ReplyDm {
        /// The person.
        recipient_id: String,
        /// The message answered.
        mid: String,
        /// The message.
        text: String,
    },
    /// A direct message with quick replies to tap.
    AskDm {
        /// The person.
        recipient_id: String,
        /// The message.
        text: String,
        /// What can be tapped.
        quick_replies: Vec<String>,
    },
    /// A like or love reaction.
    Like {
        /// What is liked.
        target: LikeTargetView,
    },
    /// Hand a file of a post to the platform.
    CreateContainer {
        /// The post.
        post: String,
        /// Which attempt at the post.
        round: u32,
        /// Which of its files; the last number is a whole carousel.
        position: u32,
    },
    /// Make a post visible.
    PublishPost {
        /// The post.
        post: String,
        /// Which attempt at the post.
        round: u32,
        /// The platform's id of what was handed over.
        container_id: String,
    },
    /// The first comment below a post.
    FirstComment {
        /// The post.
        post: String,
        /// The platform's id of the post.
        media_id: String,
        /// The comment.
        text: String,
    },
}

/// What a public reply answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "on", rename_all = "snake_case")]
#[schema(as = ReplyTarget)]
pub(super) enum ReplyTargetView {
    /// A comment under our media.
    Comment {
        /// Instagram's id.
        comment_id: String,
    },
    /// A mention in somebody else's media.
    Mention {
        /// The media.
        media_id: String,
        /// The comment that mentions us, if it is not the caption.
        comment_id: Option<String>,
    },
}

/// What is liked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "on", rename_all = "snake_case")]
#[schema(as = LikeTarget)]
pub(super) enum LikeTargetView {
    /// A comment.
    Comment {
        /// Instagram's id.
        comment_id: String,
    },
    /// A direct message.
    Message {
        /// Who sent it.
        recipient_id: String,
        /// Its id.
        mid: String,
    },
}

impl From<Action> for ActionView {
    fn from(action: Action) -> Self {
        match action {
            Action::ReplyComment { target, text } => Self::ReplyComment { target: target.into(), text },
            Action::HideComment { comment_id } => Self::HideComment { comment_id },
            Action::DeleteComment { comment_id } => Self::DeleteComment { comment_id },
            Action::PrivateReply { comment_id, text } => Self::PrivateReply { comment_id, text },
            Action::SendDm { recipient_id, text } => Self::SendDm { recipient_id, text },
            Action::ReplyDm { recipient_id, mid, text } => Self::ReplyDm { recipient_id, mid, text },
            Action::AskDm { recipient_id, text, quick_replies } => {
                Self::AskDm { recipient_id, text, quick_replies }
            }
            Action::Like { target } => Self::Like { target: target.into() },
            Action::CreateContainer { post, round, position, .. } => {
                Self::CreateContainer { post: post.to_string(), round, position }
            }
            Action::PublishPost { post, round, container_id, .. } => {
                Self::PublishPost { post: post.to_string(), round, container_id }
            }
            Action::FirstComment { post, media_id, text } => {
                Self::FirstComment { post: post.to_string(), media_id, text }
            }
        }
    }
}

impl From<ReplyTarget> for ReplyTargetView {
    fn from(target: ReplyTarget) -> Self {
        match target {
            ReplyTarget::Comment { comment_id } => Self::Comment { comment_id },
            ReplyTarget::Mention { media_id, comment_id } => Self::Mention { media_id, comment_id },
        }
    }
}

impl From<LikeTarget> for LikeTargetView {
    fn from(target: LikeTarget) -> Self {
        match target {
            LikeTarget::Comment { comment_id } => Self::Comment { comment_id },
            LikeTarget::Message { recipient_id, mid } => Self::Message { recipient_id, mid },
        }
    }
}
