//! Webhooks of Instagram: verified on the raw bytes, stored, and only then answered. Nothing else happens here.
//!
//! This is the hottest path of a node, so it stands outside the layers of the API: no request id, no span, no log
//! line above debug for what went well.

mod delivery;
mod handshake;
mod receive;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::middleware::PanicAnswer;
use super::problem::{Problem, ProblemKind};
use super::state::AppState;

/// The routes for the installation's own app and for apps of agencies.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(handshake::shake_hands, receive::receive))
        .routes(routes!(handshake::shake_hands_for_app, receive::receive_for_app))
}

/// What surrounds these routes: the body limit, and an answer should a handler panic.
pub fn surround(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    router
        .method_not_allowed_fallback(|| async { Problem::general(ProblemKind::MethodNotAllowed) })
        .layer(DefaultBodyLimit::max(state.settings.body_limit_bytes))
        .layer(CatchPanicLayer::custom(PanicAnswer(state.clone())))
}
