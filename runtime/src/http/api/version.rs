//! Versions of what several people may change at once: `ETag` tells the one that was read, `If-Match` the one that a change
//! was made on.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::http::problem::{Problem, ProblemKind};

/// An answer with its version.
pub(super) type Tagged<T> = ([(HeaderName, HeaderValue); 1], Json<T>);

/// A document with the version it has.
pub(super) fn tagged<T>(version: i64, document: T) -> Tagged<T> {
    // An integer in quotes is always a valid header value; the fallback is never seen.
    let tag = HeaderValue::from_str(&entity_tag(version)).unwrap_or(HeaderValue::from_static("\"0\""));
    ([(header::ETAG, tag)], Json(document))
}

/// Refuses a change that was made on another version. Without `If-Match` every change is admitted.
pub(super) fn require(headers: &HeaderMap, present: i64) -> Result<(), Problem> {
    let Some(expected) = headers.get(header::IF_MATCH) else { return Ok(()) };
    let present = entity_tag(present);
    let matches = expected.to_str().is_ok_and(|text| {
        text.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == present)
    });
    if matches {
        Ok(())
    } else {
        Err(Problem::general(ProblemKind::PreconditionFailed).with("present", present))
    }
}

fn entity_tag(version: i64) -> String {
    format!("\"{version}\"")
}
