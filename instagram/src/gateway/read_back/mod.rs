//! Reading Instagram back: was an effect done whose answer was lost?
//!
//! The answer decides whether a reply is sent again, so it must never be guessed: where Instagram does not show
//! enough to tell, the result is an error of category `unknown` and a person decides.
//!
//! Hiding, deleting and liking can be repeated without harm; for them "not done" also stands for "cannot be seen".

pub(super) mod matching;
mod messages;
pub(super) mod replies;

use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::effect::{Action, ErrorCategory, LikeTarget, ReplyTarget, SkipReason};
use tenants::ports::{Finding, SendError};

use super::call::{Call, Target, checked};
use super::{Answered, Gateway, errors};
use crate::webhook::fields;
use matching::Wanted;

impl Gateway {
    pub(super) async fn read_back(
        &self,
        account: &Account,
        action: &Action,
        since: Timestamp,
        already_ours: &[String],
    ) -> Result<Finding, SendError> {
        let wanted = Wanted::new(account, action.text().unwrap_or_default(), since, already_ours);
        let finding = match action {
            Action::ReplyComment { target: ReplyTarget::Comment { comment_id }, .. } => {
                self.find_reply(&wanted, comment_id).await
            }
            Action::ReplyComment { target: ReplyTarget::Mention { media_id, comment_id }, .. } => {
                self.find_mention_reply(&wanted, media_id, comment_id.as_deref()).await
            }
            Action::HideComment { comment_id } => self.is_hidden(account, comment_id).await,
            Action::DeleteComment { comment_id } => return self.is_deleted(account, comment_id).await,
            Action::PrivateReply { comment_id, .. } => self.find_private_reply(&wanted, comment_id).await,
            Action::SendDm { recipient_id, .. }
            | Action::AskDm { recipient_id, .. }
            | Action::ReplyDm { recipient_id, .. } => self.find_message(&wanted, recipient_id).await,
            Action::Like { target: LikeTarget::Comment { .. } | LikeTarget::Message { .. } } => {
                Ok(Finding::NotDone)
            }
            Action::CreateContainer { .. } | Action::PublishPost { .. } | Action::FirstComment { .. } => {
                Err(cannot_tell("posts are read back through the platform's adapter"))
            }
        };
        match finding {
            Err(error) if is_gone(&error) => Ok(Finding::TargetGone),
            other => other,
        }
    }

    async fn is_hidden(&self, account: &Account, comment_id: &str) -> Result<Finding, SendError> {
        let comment = self.read_comment(account, comment_id, "id,hidden").await?;
        Ok(if fields::flag(&comment.body, "hidden") { Finding::Done(None) } else { Finding::NotDone })
    }

    async fn is_deleted(&self, account: &Account, comment_id: &str) -> Result<Finding, SendError> {
        match self.read_comment(account, comment_id, "id").await {
            Ok(_) => Ok(Finding::NotDone),
            Err(error) if is_gone(&error) => Ok(Finding::Done(None)),
            Err(error) => Err(error),
        }
    }

    /// The private reply goes to the author of the comment; the thread with that person shows it.
    async fn find_private_reply(&self, wanted: &Wanted<'_>, comment_id: &str) -> Result<Finding, SendError> {
        let comment = self.read_comment(wanted.account, comment_id, "id,from{id,username}").await?;
        match fields::id(&comment.body["from"], "id") {
            Some(person) => self.find_message(wanted, &person).await,
            None => Err(cannot_tell("instagram does not tell whose comment it is")),
        }
    }

    async fn read_comment(
        &self,
        account: &Account,
        comment_id: &str,
        list: &str,
    ) -> Result<Answered, SendError> {
        let call = Call::get(account, checked(comment_id)?.to_owned(), Target::Thing).query("fields", list);
        self.call(account, &call).await
    }
}

fn is_gone(error: &SendError) -> bool {
    error.skip_reason == Some(SkipReason::TargetGone)
}

pub(super) fn cannot_tell(why: &str) -> SendError {
    let message =
        format!("it cannot be read back whether this was sent: {why}; look on Instagram and decide");
    errors::failure(ErrorCategory::Unknown, message)
}
