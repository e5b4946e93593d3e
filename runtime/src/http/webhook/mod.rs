//! Webhooks of Instagram: verified on the raw bytes, stored, and only then answered. Nothing else happens here.
//!
//! This is the hottest path of a node, so it stands outside the layers of the API: no request id, no span, no log
//! line above debug for what went well.

mod delivery;
mod handshake;
mod receive;

use axum::extract::DefaultBodyLimit;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::AppState;

/// The routes for the installation's own app and for apps of agencies.
pub fn router(body_limit_bytes: usize) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(handshake::shake_hands, receive::receive))
        .routes(routes!(handshake::shake_hands_for_app, receive::receive_for_app))
        .layer(DefaultBodyLimit::max(body_limit_bytes))
        .layer(CatchPanicLayer::new())
}
