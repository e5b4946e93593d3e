//! Which form of an answer the caller takes.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

/// True when the caller takes JSON and no stream of events.
#[derive(Debug, Clone, Copy)]
pub struct OnlyJson(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for OnlyJson {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let takes = |form: &str| accept.is_some_and(|accept| accept.contains(form));
        Ok(Self(takes("application/json") && !takes("text/event-stream")))
    }
}
