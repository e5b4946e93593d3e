//! A delivery: verified, read, stored, answered.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use instagram::webhook::{self, ParseError, Verified, VerifyError};
use tenants::clock::Timestamp;
use tenants::ports::{Accepted, Hint, StoreError};

use super::delivery::{self, Sorted};
use crate::http::extract::PathIds;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;

/// What Instagram wants to read.
const RECEIVED: &str = "EVENT_RECEIVED";

/// Receive what happened on Instagram.
///
/// The body is verified with `X-Hub-Signature-256` on its raw bytes; every item of it is stored before the answer.
#[utoipa::path(post, path = "/webhooks/instagram", tag = "webhooks", request_body = serde_json::Value,
    responses((status = 200, description = "Stored.", body = String, content_type = "text/plain")))]
pub async fn receive(State(state): State<AppState>, request: Request) -> Response {
    handle(&state, None, request).await
}

/// Receive what happened on Instagram, signed by an agency's app.
#[utoipa::path(post, path = "/webhooks/instagram/{app}", tag = "webhooks", request_body = serde_json::Value,
    responses((status = 200, description = "Stored.", body = String, content_type = "text/plain")))]
pub async fn receive_for_app(
    State(state): State<AppState>,
    PathIds(app): PathIds<String>,
    request: Request,
) -> Response {
    handle(&state, Some(&app), request).await
}

async fn handle(state: &AppState, app: Option<&str>, request: Request) -> Response {
    let signature = request.headers().get("x-hub-signature-256").cloned();
    let body = match tokio::time::timeout(BODY_LIMIT, Bytes::from_request(request, state)).await {
        Ok(Ok(body)) => body,
        Ok(Err(rejection)) => return Problem::from(rejection).into_response(),
        Err(_) => {
            let problem =
                Problem::new(ProblemKind::MalformedRequest, "the body did not arrive in time: send it again");
            return problem.into_response();
        }
    };
    let began = state.ports.clock.now();
    let response = match store(state, app, signature.as_ref(), &body, began).await {
        Ok(()) => RECEIVED.into_response(),
        Err(problem) => problem.into_response(),
    };
    state.metrics.webhook(response.status().as_str(), state.ports.clock.now().since(began));
    response
}

async fn store(
    state: &AppState,
    app: Option<&str>,
    signature: Option<&HeaderValue>,
    body: &[u8],
    received_at: Timestamp,
) -> Result<(), Problem> {
    let signature = signature.and_then(|value| value.to_str().ok());
    let verified: Verified = state.apps.verify(app, body, signature)?;
    let items = webhook::parse(body)?;
    let Sorted { delivery, tenants } =
        delivery::sort(state, &verified, items, received_at).await.map_err(try_again)?;

    let orphaned = delivery.orphans.len() as u64;
    let accepted = tokio::time::timeout(STORE_LIMIT, state.ports.store.accept(delivery));
    let accepted = accepted.await.map_err(|_| too_late())?.map_err(try_again)?;
    let stored = accepted.iter().filter(|accepted| **accepted == Accepted::Stored).count();
    state.metrics.webhook_events(stored as u64, (accepted.len() - stored) as u64, orphaned);
    for tenant in tenants {
        state.ports.wake.send(Hint::Events(tenant));
    }
    Ok(())
}

/// Instagram waits five seconds for an answer. What is stored after all when it comes again is known by its id.
const STORE_LIMIT: Duration = Duration::from_secs(4);
/// Longest time for a body to arrive.
const BODY_LIMIT: Duration = Duration::from_secs(15);

fn too_late() -> Problem {
    tracing::warn!("a webhook could not be stored in time; it will be delivered again");
    Problem::general(ProblemKind::Unavailable).retry_after(5)
}

/// Whatever keeps us from storing, Instagram shall come again.
fn try_again(error: StoreError) -> Problem {
    tracing::warn!(%error, "a webhook could not be stored; it will be delivered again");
    Problem::general(ProblemKind::Unavailable).retry_after(5)
}

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Self {
        let kind = match &error {
            VerifyError::NotFound => ProblemKind::NotFound,
            VerifyError::Signature(_) => ProblemKind::Unauthorized,
            VerifyError::NoSecret { .. } => {
                tracing::error!(%error, "a webhook cannot be verified");
                return Problem::general(ProblemKind::Unavailable).retry_after(60);
            }
        };
        Problem::new(kind, error.to_string())
    }
}

impl From<ParseError> for Problem {
    fn from(error: ParseError) -> Self {
        Problem::new(ProblemKind::MalformedRequest, error.to_string())
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == ProblemKind::PayloadTooLarge.status() {
            return Problem::general(ProblemKind::PayloadTooLarge);
        }
        Problem::new(ProblemKind::MalformedRequest, "the body could not be read to its end: send it again")
    }
}
