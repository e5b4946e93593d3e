//! The pages of the dashboard, and what is answered where nothing else is.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use dashboard::File;
use tower_http::compression::CompressionLayer;

use super::problem::{Problem, ProblemKind};
use super::state::AppState;

/// The application runs its own scripts only. Pictures also come from where Instagram keeps them.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https:; \
                      media-src 'self' blob: https:; font-src 'self' data:; object-src 'none'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Troupe</title>\
    <h1>The dashboard is not in this binary</h1><p>It was built where Node.js (18.20 or later) with npm was missing. \
    Install it and run <code>make web</code> before building, or use the <a href=\"/api/docs\">API</a> and the \
    command line, which can do everything.</p>";
/// Paths below these are for programs: what is not there is told as a problem, not shown as a page.
const FOR_PROGRAMS: [&str; 6] = ["/api/", "/webhooks/", "/oauth/", "/sso/", "/media/", "/mcp/"];

/// Serves the files of the dashboard; every other address of a page is the application's to understand.
pub fn router() -> Router<AppState> {
    Router::new().route("/", get(page)).fallback(page).layer(CompressionLayer::new())
}

async fn page(request: Request<Body>) -> Response {
    let path = request.uri().path();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read || FOR_PROGRAMS.iter().any(|prefix| path.starts_with(prefix)) {
        return Problem::general(ProblemKind::NotFound).into_response();
    }
    let known = request.headers().get(header::IF_NONE_MATCH);
    if let Some(file) = dashboard::file(path.trim_start_matches('/')) {
        return answer(file, known);
    }
    // Files that are not there must not be answered with a page: a browser would take it for a script.
    let names_file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if names_file || !(wants_page || path == "/") {
        return Problem::general(ProblemKind::NotFound).into_response();
    }
    match dashboard::index() {
        Some(index) => answer(index, known),
        None => Html(NOT_BUILT).into_response(),
    }
}

fn answer(file: File, known: Option<&HeaderValue>) -> Response {
    let tag = format!("\"{}\"", file.tag);
    let keep = if file.is_immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static(keep)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CONTENT_TYPE, header_value(&file.media_type)),
        (header::ETAG, header_value(&tag)),
    ];
    // A proxy may have weakened the tag when it compressed the file.
    if known.is_some_and(|known| known.as_bytes().ends_with(tag.as_bytes())) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, file.bytes.into_owned()).into_response()
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}
