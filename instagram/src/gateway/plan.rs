//! Which call performs an action.

use serde_json::json;
use tenants::account::{Account, LoginFlavour};
use tenants::effect::{Action, ErrorCategory, LikeTarget, ReplyTarget, check_quick_replies};
use tenants::ports::{SendError, Signal};

use super::call::{Call, Target, checked, mailbox};
use super::errors;

/// Most characters of a comment. Instagram's pages name no limit; this is what its app allows.
const MAX_COMMENT_CHARS: usize = 2_200;
/// Most bytes of a direct message.
const MAX_MESSAGE_BYTES: usize = 1_000;

/// The call that performs `action`; an error when it cannot be performed for this account at all.
pub(super) fn plan(account: &Account, action: &Action) -> Result<Call, SendError> {
    match action {
        Action::ReplyComment { target: ReplyTarget::Comment { comment_id }, text } => {
            check_comment(text)?;
            let path = format!("{}/replies", checked(comment_id)?);
            Ok(Call::post(account, path, Target::Thing).form(vec![("message", text.clone())]))
        }
        Action::ReplyComment { target: ReplyTarget::Mention { media_id, comment_id }, text } => {
            reply_mention(account, media_id, comment_id.as_deref(), text)
        }
        // The documented form of hiding has its parameter in the query.
        Action::HideComment { comment_id } => {
            Ok(Call::post(account, checked(comment_id)?.to_owned(), Target::Thing).query("hide", "true"))
        }
        Action::DeleteComment { comment_id } => {
            Ok(Call::delete(account, checked(comment_id)?.to_owned(), Target::Thing))
        }
        Action::PrivateReply { comment_id, text } => {
            check_message(text)?;
            let body = json!({"recipient": {"comment_id": comment_id}, "message": {"text": text}});
            Ok(messages(account, Target::Thing)?.json(body))
        }
        Action::SendDm { recipient_id, text } => {
            check_message(text)?;
            let body = json!({
                "recipient": {"id": recipient_id}, "messaging_type": "RESPONSE", "message": {"text": text},
            });
            Ok(messages(account, Target::Account)?.json(body))
        }
        Action::AskDm { recipient_id, text, quick_replies } => {
            check_message(text)?;
            check_quick_replies(quick_replies).map_err(|problem| {
                errors::failure(ErrorCategory::Permanent, format!("{problem}: change the rule"))
            })?;
            let quick_replies: Vec<_> = quick_replies
                .iter()
                .map(|title| json!({"content_type": "text", "title": title.trim(), "payload": title.trim()}))
                .collect();
            let body = json!({
                "recipient": {"id": recipient_id}, "messaging_type": "RESPONSE",
                "message": {"text": text, "quick_replies": quick_replies},
            });
            Ok(messages(account, Target::Account)?.json(body))
        }
        Action::ReplyDm { recipient_id, mid, text } => {
            check_message(text)?;
            let body = json!({
                "recipient": {"id": recipient_id}, "messaging_type": "RESPONSE", "message": {"text": text},
                "reply_to": {"mid": mid},
            });
            Ok(messages(account, Target::Account)?.json(body))
        }
        Action::Like { target: LikeTarget::Message { recipient_id, mid } } => {
            let body = json!({
                "recipient": {"id": recipient_id}, "sender_action": "react",
                "payload": {"message_id": mid, "reaction": "love"},
            });
            Ok(messages(account, Target::Thing)?.json(body))
        }
        Action::Like { target: LikeTarget::Comment { comment_id } } => like_comment(account, comment_id),
        Action::CreateContainer { .. } | Action::PublishPost { .. } | Action::FirstComment { .. } => Err(
            errors::failure(ErrorCategory::Permanent, "posts are published through the platform's adapter"),
        ),
    }
}

/// The call that shows a signal.
pub(super) fn signal(account: &Account, recipient_id: &str, signal: Signal) -> Result<Call, SendError> {
    let action = match signal {
        Signal::Seen => "mark_seen",
        Signal::Typing => "typing_on",
    };
    let body = json!({"recipient": {"id": recipient_id}, "sender_action": action});
    Ok(messages(account, Target::Account)?.json(body))
}

fn messages(account: &Account, target: Target) -> Result<Call, SendError> {
    Ok(Call::post(account, format!("{}/messages", mailbox(account)?), target))
}

fn reply_mention(
    account: &Account,
    media_id: &str,
    comment_id: Option<&str>,
    text: &str,
) -> Result<Call, SendError> {
    check_comment(text)?;
    let mut fields = vec![("media_id", checked(media_id)?.to_owned())];
    if let Some(comment_id) = comment_id {
        fields.push(("comment_id", checked(comment_id)?.to_owned()));
    }
    fields.push(("message", text.to_owned()));
    let path = format!("{}/mentions", checked(&account.external_id)?);
    Ok(Call::post(account, path, Target::Thing).form(fields))
}

fn like_comment(account: &Account, comment_id: &str) -> Result<Call, SendError> {
    if account.flavour == LoginFlavour::Instagram {
        let message =
            "accounts connected by Instagram Login cannot like comments: connect it by Facebook Login";
        return Err(errors::failure(ErrorCategory::Permanent, message));
    }
    let path = format!("{}/likes", checked(&account.external_id)?);
    Ok(Call::post(account, path, Target::Thing).form(vec![("comment_id", checked(comment_id)?.to_owned())]))
}

pub(super) fn check_comment(text: &str) -> Result<(), SendError> {
    check_length(text, text.chars().count(), MAX_COMMENT_CHARS, "characters")
}

fn check_message(text: &str) -> Result<(), SendError> {
    check_length(text, text.len(), MAX_MESSAGE_BYTES, "bytes")
}

fn check_length(text: &str, length: usize, most: usize, unit: &str) -> Result<(), SendError> {
    let message = if text.trim().is_empty() {
        "the text is empty".to_owned()
    } else if length > most {
        format!("the text has {length} {unit}, Instagram takes {most}: shorten it")
    } else {
        return Ok(());
    };
    Err(errors::failure(ErrorCategory::Permanent, message))
}
