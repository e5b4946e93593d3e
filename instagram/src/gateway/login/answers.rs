//! Tokens as the login hosts give them, and what their refusals mean.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use tenants::effect::ErrorCategory;
use tenants::ports::ConnectError;

use super::is_passing;
use crate::gateway::transport::{Answer, Fault};
use crate::webhook::fields;

/// Longest text of Instagram that is shown, in characters.
const MAX_TEXT: usize = 300;

/// A token and how long it lives.
pub(super) struct Token {
    pub(super) text: SecretString,
    pub(super) lives_for: Option<Duration>,
}

/// The object with `access_token`: flat, as live servers give it, or the first of a list, as it is documented.
pub(super) fn flat(body: &Value) -> &Value {
    if body["data"][0].is_object() { &body["data"][0] } else { body }
}

/// The token of a body.
pub(super) fn token(body: &Value) -> Result<Token, ConnectError> {
    let body = flat(body);
    let text = body["access_token"].as_str().filter(|text| !text.is_empty());
    let text = text
        .ok_or_else(|| ConnectError::Refused("Instagram answered without a token: start again".to_owned()))?;
    let seconds = fields::number(body, "expires_in").filter(|seconds| *seconds > 0);
    Ok(Token {
        text: SecretString::from(text),
        lives_for: seconds.map(|seconds| Duration::from_secs(seconds.unsigned_abs())),
    })
}

/// What a login host says instead of a token. It has an envelope of its own.
pub(super) fn refusal(answer: &Answer, secret: &SecretString) -> ConnectError {
    let body = answer.body.clone().unwrap_or_default();
    let error = if body["error"].is_object() { &body["error"] } else { &body };
    let text = error["error_message"].as_str().or_else(|| error["message"].as_str()).unwrap_or_default();
    let text: String = text.chars().take(MAX_TEXT).collect();
    let text = crate::gateway::tokens::redact(&text, secret);
    let is_busy = answer.status >= 500 || answer.status == 429 || fields::flag(error, "is_transient");
    match (text.is_empty(), is_busy) {
        (_, true) => ConnectError::Unreachable(format!(
            "Instagram has trouble at present (status {}): start again in some minutes",
            answer.status
        )),
        (true, false) => ConnectError::Refused(format!(
            "Instagram refused it with status {} and no reason: start again",
            answer.status
        )),
        (false, false) => ConnectError::Refused(explained(&text)),
    }
}

/// A text of Instagram with what to do about it.
fn explained(text: &str) -> String {
    let lower = text.to_lowercase();
    let hint = if lower.contains("redirect_uri") {
        "enter this installation's address /oauth/callback exactly as it is at Meta, under valid OAuth redirect URIs"
    } else if lower.contains("platform app") || lower.contains("client_id") || lower.contains("application") {
        "check the app id (Instagram Login has an id of its own) in the settings or with the agency's app"
    } else if lower.contains("secret") {
        "check the app secret (Instagram Login has a secret of its own)"
    } else {
        "start again"
    };
    format!("Instagram refused it: {}; {hint}", text.trim_end_matches('.'))
}

/// What a missing answer means.
pub(super) fn lost(fault: Fault) -> ConnectError {
    let why = match fault {
        Fault::NotSent(why) => format!("Instagram cannot be reached ({why})"),
        Fault::Lost(why) => format!("the answer of Instagram was lost ({why})"),
        Fault::UnusableToken => "Instagram gave a token that cannot be used".to_owned(),
    };
    ConnectError::Unreachable(format!("{why}: start again"))
}

/// What a refusal of the Graph API means while an account is being connected.
pub(super) fn refused(message: &str, category: ErrorCategory) -> ConnectError {
    if is_passing(category) {
        ConnectError::Unreachable(format!("{message}: start again in some minutes"))
    } else {
        ConnectError::Refused(format!("{message}: start again and allow everything that is asked"))
    }
}
