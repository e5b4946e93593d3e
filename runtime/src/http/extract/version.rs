//! Versions of what several people may change at once: `ETag` tells the one that was read, and `If-Match` is compared with
//! what is stored before a change, and again by the database as it makes the change, so that of two changes at the same
//! moment one is refused. Naming one is up to the caller, on every route alike: who sends no `If-Match` replaces what there
//! is, whatever it is. (Posts move by themselves, and are always compared with what was read.) A version is a counter, or the moment of the last change for things without one.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tenants::changes::{Change, Expected};
use tenants::clock::Timestamp;

use crate::http::problem::{Problem, ProblemKind};

/// An answer with the version of what it shows.
#[derive(Debug)]
pub struct Versioned<T>(pub i64, pub T);

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let Self(version, body) = self;
        let mut response = Json(body).into_response();
        let tag = HeaderValue::from_str(&tag(version));
        response.headers_mut().extend(tag.ok().map(|tag| (header::ETAG, tag)));
        response
    }
}

/// The moment of a change to what has no counter: a moment later than the last one, whatever the clock says.
pub fn after(before: Timestamp, now: Timestamp) -> Timestamp {
    now.max(before + Duration::from_micros(1))
}

fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The version that a change is meant for, if the caller names one.
#[derive(Debug)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// Refuses the change of another version.
    pub fn require(&self, version: i64) -> Result<(), Problem> {
        let Some(wanted) = &self.0 else { return Ok(()) };
        let present = tag(version);
        let fits = |one: &str| one == "*" || one.trim_start_matches("W/") == present;
        if wanted.split(',').map(str::trim).any(fits) {
            return Ok(());
        }
        Err(Problem::general(ProblemKind::PreconditionFailed).with("present", present))
    }

    /// What the database is to compare as it makes the change; nothing when the caller names no version.
    pub fn expecting(&self, expected: Expected) -> Option<Change> {
        self.0.as_deref().is_some_and(|wanted| wanted != "*").then_some(Change::Expect(expected))
    }

    /// What a caller is told whose change met another one at the same moment.
    pub fn met_another(&self, problem: Problem) -> Problem {
        match (problem.kind(), &self.0) {
            (ProblemKind::Conflict, Some(_)) => Problem::general(ProblemKind::PreconditionFailed),
            _ => problem,
        }
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
