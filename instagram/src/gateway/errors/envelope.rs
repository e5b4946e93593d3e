//! The error object of the Graph API.

use std::fmt;

use serde_json::Value;

use crate::webhook::fields;

/// Longest message kept, in characters.
const MAX_MESSAGE: usize = 300;

/// `{"error": {…}}` of both hosts, and the flat form of the login hosts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GraphError {
    pub(super) code: i64,
    pub(super) subcode: Option<i64>,
    pub(super) is_transient: bool,
    pub(super) message: String,
}

impl GraphError {
    /// The error of a body; `None` when it has none with a code.
    pub(super) fn of(body: &Value) -> Option<Self> {
        let error = body.get("error").filter(|error| error.is_object()).unwrap_or(body);
        // The code is a number, but has been seen as text.
        let code = fields::number(error, "code")?;
        let message =
            error["message"].as_str().or_else(|| error["error_message"].as_str()).unwrap_or_default();
        Some(Self {
            code,
            subcode: fields::number(error, "error_subcode"),
            is_transient: fields::flag(error, "is_transient"),
            message: message.chars().take(MAX_MESSAGE).collect(),
        })
    }
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subcode {
            Some(subcode) => {
                write!(f, "instagram refused with code {}/{subcode}: {}", self.code, self.message)
            }
            None => write!(f, "instagram refused with code {}: {}", self.code, self.message),
        }
    }
}
