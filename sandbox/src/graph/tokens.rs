//! Refreshing and inspecting tokens.

use serde_json::{Value, json};

use super::{errors::GraphError, perform::Call, request::GraphRequest};
use crate::{
    control::requests::Login,
    state::{World, tokens::TOKEN_LIFETIME},
};

pub(crate) const INSTAGRAM_SCOPES: [&str; 5] = [
    "instagram_business_basic",
    "instagram_business_content_publish",
    "instagram_business_manage_comments",
    "instagram_business_manage_messages",
    "instagram_business_manage_insights",
];
pub(crate) const FACEBOOK_SCOPES: [&str; 9] = [
    "instagram_basic",
    "pages_read_engagement",
    "pages_show_list",
    "instagram_content_publish",
    "instagram_manage_comments",
    "instagram_manage_messages",
    "pages_manage_metadata",
    "instagram_manage_insights",
    "instagram_manage_engagement",
];

/// `GET /refresh_access_token?grant_type=ig_refresh_token`.
pub(crate) fn refresh(world: &mut World, call: &Call<'_>) -> Result<Value, GraphError> {
    let grant = call.request.params.required("grant_type")?;
    if grant != "ig_refresh_token" || call.login == Login::Facebook {
        return Err(GraphError::invalid_parameter("Param grant_type must be ig_refresh_token."));
    }
    let token = call.request.token.as_deref().ok_or_else(GraphError::missing_token)?;
    let token = world.refresh_token(token, call.now)?;
    let scopes = world.tokens.find(&token).and_then(|state| state.scopes.clone());
    Ok(json!({
        "access_token": token,
        "token_type": "bearer",
        "expires_in": TOKEN_LIFETIME.num_seconds(),
        "permissions": scopes.map_or_else(|| INSTAGRAM_SCOPES.join(","), |scopes| scopes.join(",")),
    }))
}

/// `GET /debug_token?input_token=…`.
pub(crate) fn debug(
    world: &World,
    request: &GraphRequest,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Value, GraphError> {
    let token = request.params.required("input_token")?;
    let Some(state) = world.tokens.find(&token) else {
        let error = json!({"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"});
        return Ok(json!({"data": {"is_valid": false, "scopes": [], "error": error}}));
    };
    let lost = || GraphError::invalid_parameter("The account of the token is gone.");
    let account = &world.accounts.get(&state.account).ok_or_else(lost)?.account;
    let expires_at = state.expires_at.map_or(0, |expires_at| expires_at.timestamp());
    let (kind, all) = match account.login {
        Login::Instagram => ("USER", INSTAGRAM_SCOPES.as_slice()),
        Login::Facebook if state.person.is_some() => ("USER", FACEBOOK_SCOPES.as_slice()),
        Login::Facebook => ("PAGE", FACEBOOK_SCOPES.as_slice()),
    };
    let all = || all.iter().map(|scope| (*scope).to_owned()).collect();
    let scopes: Vec<String> = state.scopes.clone().unwrap_or_else(all);
    let mut data = json!({
        "app_id": account.app_id,
        "type": kind,
        "is_valid": true,
        "issued_at": state.issued_at.timestamp(),
        "expires_at": expires_at,
        "data_access_expires_at": expires_at,
        "scopes": scopes,
        "user_id": account.user_id,
    });
    if let Err(error) = world.tokens.check(&token, now) {
        data["is_valid"] = json!(false);
        data["error"] = json!({"code": error.code, "subcode": error.subcode, "message": error.message});
    }
    Ok(json!({ "data": data }))
}
