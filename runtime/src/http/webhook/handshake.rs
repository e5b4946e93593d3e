//! The handshake Instagram makes when a webhook address is saved.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use instagram::webhook::HandshakeError;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::extract::{PathIds, QueryOf};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;

/// What Instagram presents.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Handshake {
    /// Always `subscribe`.
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    /// The verify token that was set at Meta.
    #[serde(rename = "hub.verify_token")]
    verify_token: Option<String>,
    /// Echoed when the token is right.
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

/// Confirm a webhook address.
#[utoipa::path(get, path = "/webhooks/instagram", tag = "webhooks", params(Handshake),
    responses((status = 200, description = "The challenge, as it came.", body = String, content_type = "text/plain")))]
pub async fn shake_hands(
    State(state): State<AppState>,
    QueryOf(handshake): QueryOf<Handshake>,
) -> Result<Response, Problem> {
    answer(&state, None, &handshake)
}

/// Confirm the webhook address of an agency's app.
#[utoipa::path(get, path = "/webhooks/instagram/{app}", tag = "webhooks", params(Handshake),
    responses((status = 200, description = "The challenge, as it came.", body = String, content_type = "text/plain")))]
pub async fn shake_hands_for_app(
    State(state): State<AppState>,
    PathIds(app): PathIds<String>,
    QueryOf(handshake): QueryOf<Handshake>,
) -> Result<Response, Problem> {
    answer(&state, Some(&app), &handshake)
}

fn answer(state: &AppState, app: Option<&str>, handshake: &Handshake) -> Result<Response, Problem> {
    let Handshake { mode, verify_token, challenge } = handshake;
    let challenge =
        state.apps.handshake(app, mode.as_deref(), verify_token.as_deref(), challenge.as_deref())?;
    Ok(challenge.into_response())
}

impl From<HandshakeError> for Problem {
    fn from(error: HandshakeError) -> Self {
        let kind = match error {
            HandshakeError::NotFound => ProblemKind::NotFound,
            HandshakeError::Incomplete => ProblemKind::MalformedRequest,
            HandshakeError::WrongToken => ProblemKind::Forbidden,
        };
        Problem::new(kind, error.to_string())
    }
}
