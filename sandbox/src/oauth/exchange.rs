//! Codes become short-lived tokens, and these long-lived ones.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    control::requests::Login,
    graph::{errors::GraphError, request::GraphRequest},
    ids::AppId,
    state::{World, logins::SHORT_LIFETIME, tokens::TOKEN_LIFETIME},
};

/// `/oauth/access_token` with a code: a POST at Instagram, a GET at Facebook.
pub(super) fn code(
    world: &mut World,
    request: &GraphRequest,
    login: Login,
    now: DateTime<Utc>,
) -> Result<Value, GraphError> {
    let app = client(world, request)?;
    if login == Login::Instagram && field(request, "grant_type")? != "authorization_code" {
        return Err(GraphError::missing_login_field("grant_type"));
    }
    let (text, redirect_uri) = (field(request, "code")?, field(request, "redirect_uri")?);
    let code = world.take_code(&text, &app, login, &redirect_uri, now)?;
    let token = world.issue_short_token(&code, now).map_err(|_| GraphError::unknown_code())?;
    if login == Login::Facebook {
        return Ok(bearer(token, SHORT_LIFETIME.num_seconds()));
    }
    let user_id = code.accounts.first().map(|account| account.as_str()).unwrap_or_default();
    Ok(if world.logins.documented_shape {
        let permissions = code.scopes.join(",");
        json!({"data": [{"access_token": token, "user_id": user_id, "permissions": permissions}]})
    } else {
        let user_id: u64 = user_id.parse().unwrap_or_default();
        json!({"access_token": token, "user_id": user_id, "permissions": code.scopes})
    })
}

/// A long-lived token for a short-lived one.
pub(super) fn lengthen(
    world: &mut World,
    request: &GraphRequest,
    login: Login,
    now: DateTime<Utc>,
) -> Result<Value, GraphError> {
    let token = match login {
        Login::Instagram => {
            if request.params.required("grant_type")? != "ig_exchange_token" {
                return Err(GraphError::invalid_parameter("Param grant_type must be ig_exchange_token."));
            }
            let token = request.token.clone().ok_or_else(GraphError::missing_token)?;
            let secret = request.params.required("client_secret")?;
            let app = world.tokens.find(&token).and_then(|state| world.accounts.get(&state.account));
            let app = app.and_then(|node| world.apps.find(node.account.app_id.as_str()));
            if app.is_none_or(|app| app.secret != secret) {
                return Err(GraphError::invalid_parameter("Error validating client secret."));
            }
            token
        }
        Login::Facebook => {
            client(world, request)?;
            request.params.required("fb_exchange_token")?
        }
    };
    Ok(bearer(world.lengthen_token(&token, now)?, TOKEN_LIFETIME.num_seconds()))
}

fn bearer(token: String, expires_in: i64) -> Value {
    json!({"access_token": token, "token_type": "bearer", "expires_in": expires_in})
}

/// The app that asks, if it has proved who it is.
fn client(world: &World, request: &GraphRequest) -> Result<AppId, GraphError> {
    let (id, secret) = (field(request, "client_id")?, field(request, "client_secret")?);
    let app = world.apps.find(&id).ok_or_else(GraphError::unknown_platform_app)?;
    if app.secret != secret {
        return Err(GraphError::wrong_client_secret());
    }
    Ok(app.id.clone())
}

fn field(request: &GraphRequest, name: &str) -> Result<String, GraphError> {
    let found = request.params.text(name).filter(|text| !text.is_empty());
    found.ok_or_else(|| GraphError::missing_login_field(name))
}
