//! Versions of things that have no counter of their own: the moment of their last change is the `ETag`, and `If-Match` is
//! compared with what is stored right before a change. Of two changes within a moment the later one still wins; what must
//! not be lost even then has a counter that the database compares (posts).

use std::convert::Infallible;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tenants::clock::Timestamp;

use crate::http::problem::{Problem, ProblemKind};

/// An answer with the version of what it shows.
#[derive(Debug)]
pub struct Versioned<T>(pub Timestamp, pub T);

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let Self(changed_at, body) = self;
        let mut response = Json(body).into_response();
        let tag = HeaderValue::from_str(&tag(changed_at));
        response.headers_mut().extend(tag.ok().map(|tag| (header::ETAG, tag)));
        response
    }
}

fn tag(changed_at: Timestamp) -> String {
    format!("\"{}\"", changed_at.as_micros())
}

/// The version that a change is meant for, if the caller names one.
#[derive(Debug)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// Refuses the change of another version.
    pub fn require(&self, changed_at: Timestamp) -> Result<(), Problem> {
        let Some(wanted) = &self.0 else { return Ok(()) };
        let present = tag(changed_at);
        let fits = |one: &str| one == "*" || one.trim_start_matches("W/") == present;
        if wanted.split(',').map(str::trim).any(fits) {
            return Ok(());
        }
        Err(Problem::general(ProblemKind::PreconditionFailed).with("version", present))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let value = parts.headers.get(header::IF_MATCH);
        // What is no text names no version that there is.
        Ok(Self(value.map(|value| value.to_str().unwrap_or_default().to_owned())))
    }
}
