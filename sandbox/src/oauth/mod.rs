//! The logins of Meta: consent pages, codes, and what they are exchanged for.
//!
//! The consent page takes three parameters that Meta's does not have, so that tests need no browser:
//! `sandbox_decision=allow|deny` decides at once, `sandbox_account=` names the account (several, with commas, for the
//! Pages of Facebook Login), and `sandbox_scopes=` gives only these permissions.

pub(crate) mod consent;
mod exchange;
mod page;
mod person;

use axum::http::Method;
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    control::requests::Login,
    graph::{endpoint::Endpoint, errors::GraphError, request::GraphRequest, tokens},
    ids::AccountId,
    state::{World, logins::PersonGrant},
};

/// Every permission that a login may ask for.
fn scopes_of(login: Login) -> &'static [&'static str] {
    match login {
        Login::Instagram => &tokens::INSTAGRAM_SCOPES,
        Login::Facebook => &tokens::FACEBOOK_SCOPES,
    }
}

/// The endpoint of a call that belongs to a login.
pub(crate) fn endpoint(world: &World, request: &GraphRequest) -> Option<Endpoint> {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let get = request.method == Method::GET;
    let is_exchange = request.params.text("grant_type").as_deref() == Some("fb_exchange_token");
    match path.as_slice() {
        ["oauth", "access_token"] if is_exchange => Some(Endpoint::LengthenToken),
        ["oauth", "access_token"] => Some(Endpoint::ExchangeCode),
        ["access_token"] if get => Some(Endpoint::LengthenToken),
        ["me", "accounts"] if get => Some(Endpoint::ListPages),
        ["me", "permissions"] if get => Some(Endpoint::ListPermissions),
        ["me"] if get && person_of(world, request).is_some() => Some(Endpoint::ReadPerson),
        _ => None,
    }
}

/// Whose call it is, for faults and the log.
pub(crate) fn account_of(world: &World, request: &GraphRequest) -> Option<AccountId> {
    Some(world.tokens.find(request.token.as_deref()?)?.account.clone())
}

/// In which host's manner an answer is given.
pub(crate) fn manners(request: &GraphRequest) -> Login {
    let of_instagram = match request.path.first().map(String::as_str) {
        Some("oauth") => request.method == Method::POST && request.version.is_none(),
        Some("access_token") => true,
        _ => false,
    };
    if of_instagram { Login::Instagram } else { Login::Facebook }
}

/// Carries out a call of a login.
pub(crate) fn perform(
    world: &mut World,
    request: &GraphRequest,
    endpoint: Endpoint,
    now: DateTime<Utc>,
) -> Result<Value, GraphError> {
    match endpoint {
        Endpoint::ExchangeCode => exchange::code(world, request, manners(request), now),
        Endpoint::LengthenToken => exchange::lengthen(world, request, manners(request), now),
        Endpoint::ListPages => person::pages(world, request, now),
        Endpoint::ListPermissions => person::permissions(world, request, now),
        _ => person::read(world, request, now),
    }
}

fn person_of<'w>(world: &'w World, request: &GraphRequest) -> Option<&'w PersonGrant> {
    world.tokens.find(request.token.as_deref()?)?.person.as_ref()
}
