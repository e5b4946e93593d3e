//! Gives every request an id and a span, counts it, and completes its problem document.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use crate::http::problem;
use crate::http::state::AppState;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_FOREIGN_ID: usize = 64;

/// The id of a request: the caller's own when it sent a decent one, otherwise a new one.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// See the module.
pub async fn observe(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let began = state.ports.clock.now();
    let id = foreign_id(request.headers()).unwrap_or_else(|| state.ports.ids.uuid().simple().to_string());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("unmatched", MatchedPath::as_str);
    let span = tracing::info_span!(
        "http.request",
        request.id = id,
        %method,
        route,
        key.id = tracing::field::Empty,
        user.id = tracing::field::Empty,
        tenant.id = tracing::field::Empty,
    );
    request.extensions_mut().insert(RequestId(id.clone()));

    let response = next.run(request).instrument(span.clone()).await;

    let took = state.ports.clock.now().since(began);
    let status = response.status();
    state.metrics.request(bounded_method(method.as_str()), route, status.as_str(), took);
    span.in_scope(|| {
        tracing::debug!(status = status.as_u16(), duration_us = took.as_micros() as u64, "answered")
    });
    let mut response = problem::complete(response, &path, &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

fn foreign_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(&HEADER)?.to_str().ok()?;
    let is_decent = !text.is_empty()
        && text.len() <= LONGEST_FOREIGN_ID
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    is_decent.then(|| text.to_owned())
}

/// Anybody can invent methods; a metric label must not grow with them.
fn bounded_method(method: &str) -> &str {
    match method {
        "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS" => method,
        _ => "other",
    }
}
