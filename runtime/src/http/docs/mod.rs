//! The description of the API for programs and for people. The page loads nothing from elsewhere.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use utoipa::openapi::OpenApi;

use super::state::AppState;

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `/api/openapi.json` and `/api/docs`.
pub fn router(description: &OpenApi) -> Router<AppState> {
    // Printed once: the description never changes while the process lives.
    let json: Arc<str> = description.to_json().unwrap_or_default().into();
    let json = move || async move {
        let kind = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, kind)], json.to_string())
    };
    Router::new()
        .route("/api/openapi.json", get(json))
        .route("/api/docs", get(|| async { ([content_policy()], Html(PAGE)) }))
        .route("/api/docs/page.js", get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }))
        .route("/api/docs/page.css", get(|| async { asset("text/css; charset=utf-8", STYLE) }))
}

fn content_policy() -> (HeaderName, HeaderValue) {
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
    ];
    (headers, text)
}
