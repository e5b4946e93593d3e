//! Somebody removed the app at Instagram or Facebook.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::signed;
use crate::http::extract::PathIds;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deauthorized {
    /// Accounts that are not connected any more.
    accounts: usize,
}

/// Hear from Meta that a person removed the installation's app: their accounts are marked and their tokens erased.
#[utoipa::path(post, path = "/oauth/deauthorize", tag = "oauth",
    request_body(content = super::signed::SignedForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Deauthorized)))]
pub(super) async fn deauthorize(
    State(state): State<AppState>,
    body: Bytes,
) -> Result<Json<Deauthorized>, Problem> {
    hear(&state, None, &body).await
}

/// Hear from Meta that a person removed an agency's app.
#[utoipa::path(post, path = "/oauth/deauthorize/{app}", tag = "oauth",
    request_body(content = super::signed::SignedForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Deauthorized)))]
pub(super) async fn deauthorize_for_app(
    State(state): State<AppState>,
    PathIds(app): PathIds<String>,
    body: Bytes,
) -> Result<Json<Deauthorized>, Problem> {
    hear(&state, Some(&app), &body).await
}

async fn hear(state: &AppState, app: Option<&str>, body: &[u8]) -> Result<Json<Deauthorized>, Problem> {
    let (verified, request) = signed::read(state, app, body)?;
    let accounts =
        actors::connect::deauthorise(&state.ports, verified.app, &request.user_id, request.issued_at).await?;
    Ok(Json(Deauthorized { accounts }))
}
