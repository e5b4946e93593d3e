//! Whose token a call carries.

use chrono::{DateTime, Utc};

use super::{errors::GraphError, request::GraphRequest};
use crate::{
    control::requests::Login,
    ids::{AccountId, AppId},
    state::World,
    webhooks::sign::sha256_hex,
};

/// The holder of a good token.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The account; app tokens speak for none.
    pub(crate) account: Option<AccountId>,
    pub(crate) app: AppId,
    pub(crate) login: Login,
}

/// Checks the token. The account is also told when the token is known but dead, so that faults and the log can
/// name it.
pub(crate) fn identify(
    world: &World,
    request: &GraphRequest,
    now: DateTime<Utc>,
) -> (Option<AccountId>, Result<Caller, GraphError>) {
    let Some(token) = &request.token else {
        let is_me = request.path.first().is_some_and(|segment| segment == "me");
        let error = if is_me { GraphError::no_user_for_me() } else { GraphError::missing_token() };
        return (None, Err(error));
    };
    if let Some(app) = world.app_of_token(token) {
        return (None, Ok(Caller { account: None, app, login: Login::Facebook }));
    }
    let account = world.tokens.find(token).map(|state| state.account.clone());
    let caller = world.tokens.check(token, now).and_then(|state| {
        let node = world.accounts.get(&state.account).ok_or_else(GraphError::malformed_token)?;
        let login = node.account.login;
        // A token of one login means nothing to the other's host.
        if request.host.is_some_and(|host| host != login) {
            return Err(GraphError::malformed_token());
        }
        require_fitting_proof(world, &node.account.app_id, token, request)?;
        Ok(Caller { account: Some(state.account.clone()), app: node.account.app_id.clone(), login })
    });
    (account, caller)
}

/// `appsecret_proof` is optional, but a wrong one is refused.
fn require_fitting_proof(
    world: &World,
    app: &AppId,
    token: &str,
    request: &GraphRequest,
) -> Result<(), GraphError> {
    let Some(proof) = request.params.text("appsecret_proof") else { return Ok(()) };
    let expected = world.apps.find(app.as_str()).map(|app| sha256_hex(&app.secret, token.as_bytes()));
    if expected.as_deref() == Some(proof.as_str()) { Ok(()) } else { Err(GraphError::wrong_secret_proof()) }
}

/// Which host's manners an answer follows when the token tells nothing.
pub(crate) fn manners(request: &GraphRequest) -> Login {
    let by_token = || match request.token.as_deref() {
        Some(token) if token.starts_with("EAA") || token.contains('|') => Login::Facebook,
        _ => Login::Instagram,
    };
    request.host.unwrap_or_else(by_token)
}
