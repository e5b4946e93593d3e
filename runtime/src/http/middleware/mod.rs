//! What surrounds every API request.

mod observe;
mod security_headers;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::timeout::TimeoutLayer;

use super::idempotency;
use super::parameters::{self, KnownParameters};
use super::problem::{Problem, ProblemKind};
use super::state::AppState;

pub use observe::RequestId;

/// Surrounds the routes, from the outside in: request id, span, counting and problem documents; security headers;
/// cross-origin rules; panics; unknown parameters; the time limit; the body limit; repeated requests.
///
/// Routes that are `unhurried` have no time limit here: uploads take as long as they come, and answers to questions have
/// one of their own.
///
/// The time limit covers the time to the first byte, so live feeds and exports may go on for as long as they like.
pub fn surround(
    router: Router<AppState>,
    unhurried: Router<AppState>,
    known: &Arc<KnownParameters>,
    state: &AppState,
) -> Router<AppState> {
    let settings = &state.settings;
    router
        .layer(axum::middleware::from_fn_with_state(state.clone(), idempotency::around))
        .layer(DefaultBodyLimit::max(settings.body_limit_bytes))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, settings.request_timeout))
        .merge(unhurried)
        .layer(axum::middleware::from_fn_with_state(known.clone(), parameters::refuse_unknown))
        .layer(CatchPanicLayer::custom(PanicAnswer(state.clone())))
        .layer(cross_origin(&settings.allowed_origins))
        .layer(axum::middleware::from_fn_with_state(state.clone(), security_headers::add))
        .layer(axum::middleware::from_fn_with_state(state.clone(), observe::observe))
}

/// Browsers may call the API only from the origins of the settings.
fn cross_origin(allowed_origins: &[String]) -> CorsLayer {
    let origins = allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            HeaderName::from_static("x-api-key"),
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            HeaderName::from_static("idempotency-replayed"),
            HeaderName::from_static("x-request-id"),
        ])
}

/// Answers a panic like any other failure of ours, and counts it.
#[derive(Clone)]
pub struct PanicAnswer(pub AppState);

impl ResponseForPanic for PanicAnswer {
    type ResponseBody = Body;

    fn response_for_panic(&mut self, panic: Box<dyn Any + Send>) -> Response {
        self.0.metrics.panic();
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text");
        tracing::error!(panic = text, "a handler panicked");
        Problem::general(ProblemKind::Internal).into_response()
    }
}
