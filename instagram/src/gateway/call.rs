//! A call to the Graph API, as data.

use reqwest::Method;
use serde_json::Value;
use tenants::account::{Account, LoginFlavour};
use tenants::effect::ErrorCategory;
use tenants::ports::SendError;

use super::errors;

/// Why we call: decides what a lost answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Changes the outside world. When the answer is lost, it may have happened.
    Write,
    /// Changes nothing; may be repeated at will.
    Read,
}

/// What the call is about: decides what "does not exist" means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A comment, media or message. When it does not exist, it is gone.
    Thing,
    /// The account or a person. When it does not exist, something is set up wrongly.
    Account,
}

/// Parameters in the body.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    /// None.
    Empty,
    /// URL-encoded.
    Form(Vec<(&'static str, String)>),
    /// JSON.
    Json(Value),
}

/// A call. Never contains a token: the transport adds it as a header.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) flavour: LoginFlavour,
    /// Behind the version, without a slash at the start.
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Body,
    pub(super) purpose: Purpose,
    pub(super) target: Target,
}

impl Call {
    pub(super) fn get(account: &Account, path: String, target: Target) -> Self {
        Self::new(account, Method::GET, path, Purpose::Read, target)
    }

    pub(super) fn post(account: &Account, path: String, target: Target) -> Self {
        Self::new(account, Method::POST, path, Purpose::Write, target)
    }

    pub(super) fn delete(account: &Account, path: String, target: Target) -> Self {
        Self::new(account, Method::DELETE, path, Purpose::Write, target)
    }

    fn new(account: &Account, method: Method, path: String, purpose: Purpose, target: Target) -> Self {
        let flavour = account.flavour;
        Self { method, flavour, path, query: Vec::new(), body: Body::Empty, purpose, target }
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(super) fn form(self, fields: Vec<(&'static str, String)>) -> Self {
        Self { body: Body::Form(fields), ..self }
    }

    pub(super) fn json(self, body: Value) -> Self {
        Self { body: Body::Json(body), ..self }
    }
}

/// An id that may stand in a path or in a field list. Ids come from payloads: a slash or a bracket in one must not
/// lead to another path.
pub(super) fn checked(id: &str) -> Result<&str, SendError> {
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '=' | ':' | '.');
    if id.trim_matches('.').is_empty() || id.len() > 512 || !id.chars().all(harmless) {
        let shown: String = id.chars().take(40).collect();
        return Err(errors::failure(
            ErrorCategory::Permanent,
            format!("`{shown}` is not an id of Instagram"),
        ));
    }
    Ok(id)
}

/// The node direct messages leave from: on Facebook login the Page, where its token is at home.
pub(super) fn mailbox(account: &Account) -> Result<&str, SendError> {
    match (account.flavour, &account.page_id) {
        (LoginFlavour::Instagram, _) => checked(&account.external_id),
        (LoginFlavour::Facebook, Some(page_id)) => checked(page_id),
        (LoginFlavour::Facebook, None) => Ok("me"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_lead_to_another_path() {
        for id in ["17841400000000123", "aWdfZAG1faXRlbTo=ZD", "17_22", "me"] {
            assert_eq!(checked(id).unwrap(), id);
        }
        for id in ["", ".", "..", "1/replies", "1?hide=true", "1#", "%2e", "1){id}", "ä", &"1".repeat(513)] {
            assert_eq!(checked(id).unwrap_err().category, ErrorCategory::Permanent, "{id}");
        }
    }
}
