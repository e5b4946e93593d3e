//! The gateway to Instagram. It alone can open a token; everybody else names the account.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::account::{Account, SealedSecret};
use crate::clock::Timestamp;
use crate::effect::{Action, ErrorCategory, SkipReason};
use crate::event::Person;

/// What Instagram's usage headers said with an answer, in percent of the allowance.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Highest of the app-level percentages, when told.
    pub app_percent: Option<f32>,
    /// Highest of the account-level percentages, when told.
    pub account_percent: Option<f32>,
    /// How long until calls are accepted again, when told.
    pub regain_after: Option<Duration>,
}

/// Instagram did it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Receipt {
    /// Id of the reply or message that came of it; `None` for hide, delete and like.
    pub instagram_id: Option<String>,
    /// Usage headers.
    pub usage: Usage,
}

/// What a person sees of us before our message comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Their messages have been read.
    Seen,
    /// We are writing.
    Typing,
}

/// Instagram did not do it, or we cannot know.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{category}: {message}")]
pub struct SendError {
    /// What it means for what happens next.
    pub category: ErrorCategory,
    /// Graph error code, when there was an answer.
    pub code: Option<i64>,
    /// Graph error subcode.
    pub subcode: Option<i64>,
    /// For people; never contains a token.
    pub message: String,
    /// For `rate_limit`: when to try again.
    pub retry_after: Option<Duration>,
    /// For `rate_limit`: the whole app is limited, not only this account.
    pub app_wide: bool,
    /// For `forbidden`: which rule forbids it.
    pub skip_reason: Option<SkipReason>,
    /// Usage headers.
    pub usage: Usage,
}

/// What reading Instagram back has found about an effect whose answer was lost.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// It happened; the id of the reply or message when there is one.
    Done(Option<String>),
    /// It did not happen.
    NotDone,
    /// What it was for is gone; it cannot happen any more.
    TargetGone,
}

/// A mention's text, read from Instagram.
#[derive(Debug, Clone, PartialEq)]
pub struct MentionText {
    /// Who mentions us.
    pub author: Person,
    /// Caption or comment.
    pub text: String,
}

/// Calls Instagram on behalf of an account.
#[async_trait]
pub trait Messenger: Send + Sync + 'static {
    /// Performs an action once; never repeats by itself. When the connection breaks after the request was sent,
    /// or the answer is a 5xx or unreadable, the category is [`ErrorCategory::Unknown`].
    async fn perform(&self, account: &Account, action: &Action) -> Result<Receipt, SendError>;

    /// Shows a person a signal in the conversation with them. It says nothing, so it may be lost or shown twice.
    async fn signal(&self, account: &Account, recipient_id: &str, signal: Signal)
    -> Result<Usage, SendError>;

    /// Looks on Instagram whether an action was done at or after `since`. `already_ours` holds Instagram ids that
    /// belong to other effects and must not be taken for this one.
    async fn look_for(
        &self,
        account: &Account,
        action: &Action,
        since: Timestamp,
        already_ours: &[String],
    ) -> Result<Finding, SendError>;

    /// Reads the text of a mention; `None` when it is gone or private.
    async fn read_mention(
        &self,
        account: &Account,
        media_id: &str,
        comment_id: Option<&str>,
    ) -> Result<Option<MentionText>, SendError>;

    /// Asks Instagram, before anything is stored, whether a token is that of this very account: nobody can connect
    /// what is not theirs. [`ErrorCategory::AuthFailure`] when it is not; other categories when that cannot be told.
    async fn check_token(&self, account: &Account, token: &SealedSecret) -> Result<(), SendError>;

    /// Checks that the account's stored token works: returns its username.
    async fn check_account(&self, account: &Account) -> Result<String, SendError>;
}
