//! `/mcp`: the tools of [`crate::mcp`], over HTTP.
//!
//! Every request stands alone (no sessions, answers are JSON), so any node may answer it. It is admitted like a request of
//! the API, and counted once: what it asks inside carries the caller that was admitted.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::Value;
use tower::ServiceExt;
use utoipa::openapi::OpenApi;

use super::access::Caller;
use super::access::presented_key;
use super::middleware::RequestId;
use super::problem::{Problem, ProblemKind, SpeaksForItself};
use super::state::{AppState, HttpSettings};
use crate::mcp::{Answer, Asked, Door, Server, Tools};

/// Largest answer that is handed to a model.
const LARGEST_ANSWER: usize = 4 << 20;
/// Longest explanation of the protocol's library that is repeated.
const LONGEST_EXPLANATION: usize = 1_000;
const NO_MESSAGE: &str = "the body is no message of the protocol: send a JSON-RPC 2.0 object with `jsonrpc`, `method`, and \
                          for requests an `id`";

/// The route; requests of its tools go to `inside`.
pub fn router(state: &AppState, description: &OpenApi, inside: Router) -> Router<AppState> {
    let server = Server::new(Arc::new(Tools::of(description)), Arc::new(Inside(inside)));
    let sessions = Arc::new(NeverSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions, config(&state.settings));
    Router::new()
        .route_service("/mcp", service)
        .layer(axum::middleware::from_fn(explain))
        .layer(axum::middleware::from_fn_with_state(state.clone(), admit))
}

fn config(settings: &HttpSettings) -> StreamableHttpServerConfig {
    let origins = settings.allowed_origins.iter().chain([&settings.public_url]);
    StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(settings.body_limit_bytes)
        // A page that makes a browser call under another name has no key; which names lead here, only the proxy knows.
        .disable_allowed_hosts()
        .with_allowed_origins(origins.map(|origin| with_port(origin)))
        .enforce_origin_validation()
}

/// The origin of an address, with its port.
fn with_port(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("https", address));
    let authority = rest.split('/').next().unwrap_or_default();
    let has_port = authority.rsplit(':').next().is_some_and(|port| {
        authority.contains(':') && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    match (has_port, scheme) {
        (true, _) => format!("{scheme}://{authority}"),
        (false, "http") => format!("http://{authority}:80"),
        (false, _) => format!("{scheme}://{authority}:443"),
    }
}

/// Admits keys. Browsers with a session have the dashboard.
async fn admit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if presented_key(&parts.headers).is_none() {
        let detail = "send an API key in `X-API-Key`, or as `Authorization: Bearer`";
        return Problem::new(ProblemKind::Unauthorized, detail).into_response();
    }
    match <Caller as axum::extract::FromRequestParts<AppState>>::from_request_parts(&mut parts, &state).await
    {
        Ok(_caller) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => problem.into_response(),
    }
}

/// Errors of the protocol stay as they are; what its library says in plain text becomes a problem document.
async fn explain(request: Request, next: Next) -> Response {
    let said_json = is_json(&request);
    let mut response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json")) {
        response.extensions_mut().insert(SpeaksForItself);
        return response;
    }
    if said_json && status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        // The library says so of everything that it cannot read, though the kind of body is right.
        return Problem::new(ProblemKind::MalformedRequest, NO_MESSAGE).into_response();
    }
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, LONGEST_EXPLANATION).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let kind = ProblemKind::of_status(status);
    let problem = match status.is_server_error() || text.is_empty() {
        true => Problem::general(kind),
        false => Problem::new(kind, text),
    };
    let mut response = problem.into_response();
    response.headers_mut().extend(parts.headers.get(header::ALLOW).map(|it| (header::ALLOW, it.clone())));
    response
}

/// Whether the body is JSON by its content type.
fn is_json(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// The node's own routes.
struct Inside(Router);

#[async_trait]
impl Door for Inside {
    async fn ask(&self, caller: Option<&Parts>, asked: Asked) -> Result<Answer, String> {
        let request = request(caller, asked).map_err(|error| error.to_string())?;
        // A router never fails: its error type has no values.
        let response = match self.0.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status().as_u16();
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        let body = to_bytes(response.into_body(), LARGEST_ANSWER).await.map_err(|_| {
            "the answer is too large: ask for less at once, with a smaller `limit`".to_owned()
        })?;
        let body = match body.is_empty() {
            true => Value::Null,
            false => {
                serde_json::from_slice(&body).map_err(|error| format!("the answer is no JSON: {error}"))?
            }
        };
        Ok(Answer { status, body, retry_after })
    }
}

/// The request inside: with the caller who was admitted outside, and under the same request id.
fn request(outside: Option<&Parts>, asked: Asked) -> Result<Request, axum::http::Error> {
    let mut request =
        Request::builder().method(asked.method).uri(asked.address).header(header::ACCEPT, "application/json");
    if let Some(outside) = outside {
        if let Some(caller) = outside.extensions.get::<Caller>() {
            request = request.extension(caller.clone());
        }
        if let Some(RequestId(id)) = outside.extensions.get::<RequestId>() {
            request = request.header("x-request-id", id);
        }
    }
    match asked.body {
        Some(body) => {
            let json = HeaderValue::from_static("application/json");
            request.header(header::CONTENT_TYPE, json).body(Body::from(body.to_string()))
        }
        None => request.body(Body::empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_with_their_ports() {
        for (address, origin) in [
            ("https://troupe.example.com", "https://troupe.example.com:443"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://[::1]", "http://[::1]:80"),
            ("https://example.com/troupe", "https://example.com:443"),
        ] {
            assert_eq!(with_port(address), origin);
        }
    }
}
