//! What an answer without an error says about an action.

use serde_json::Value;
use tenants::effect::{Action, ErrorCategory};
use tenants::ports::{Receipt, SendError};

use super::{Answered, errors};
use crate::webhook::fields;

/// The receipt of an action. An answer that does not name what came of a reply or message, or that denies success
/// without an error, leaves open what happened.
pub(super) fn read(action: &Action, answered: &Answered) -> Result<Receipt, SendError> {
    let body = &answered.body;
    let instagram_id = match action {
        Action::ReplyComment { .. } => Some(fields::id(body, "id")),
        Action::PrivateReply { .. }
        | Action::SendDm { .. }
        | Action::AskDm { .. }
        | Action::ReplyDm { .. } => Some(fields::id(body, "message_id")),
        _ => None,
    };
    let denied = body.get("success") == Some(&Value::Bool(false));
    if denied || instagram_id == Some(None) {
        let message = "instagram accepted the call but did not say what came of it: it must be read back";
        let error = errors::failure(ErrorCategory::Unknown, message);
        return Err(SendError { usage: answered.usage.clone(), ..error });
    }
    Ok(Receipt { instagram_id: instagram_id.flatten(), usage: answered.usage.clone() })
}
