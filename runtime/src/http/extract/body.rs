//! JSON bodies.

use axum::Json;
use axum::body::HttpBody;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tenants::reading::{Unreadable, read};

use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;

/// The body, read as `T`.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let Json(body) = Json::<Value>::from_request(request, state).await.map_err(explain)?;
        if !body.is_object() {
            return Err(Problem::new(ProblemKind::InvalidContent, "the body must be a JSON object"));
        }
        if let Some(field) = holds_nul(&body) {
            // PostgreSQL cannot hold it, and nothing that people write needs it.
            return Err(Problem::invalid(&field, "the character U+0000 cannot be stored: leave it out"));
        }
        read(body).map(Self).map_err(Problem::from)
    }
}

/// The body, read as `T`; its default when the request has none.
#[derive(Debug)]
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<AppState> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        // Many clients name a content type with every request, also where they send nothing.
        if !request.headers().contains_key(CONTENT_TYPE) || request.body().is_end_stream() {
            return Ok(Self(T::default()));
        }
        JsonBody::from_request(request, state).await.map(|JsonBody(body)| Self(body))
    }
}

/// Says which part of the body is not what is expected.
impl From<Unreadable> for Problem {
    fn from(Unreadable { field, problem }: Unreadable) -> Self {
        if field.is_empty() {
            let detail = format!("the body is not what is expected: {problem}");
            return Problem::new(ProblemKind::InvalidContent, detail);
        }
        Problem::invalid(&field, problem)
    }
}

/// Where a text or a name holds U+0000, such as `actions[0].tag`; `None` when none does.
fn holds_nul(value: &Value) -> Option<String> {
    let below = |outer: String, inner: String| match inner.as_str() {
        "" => outer,
        _ if inner.starts_with('[') => format!("{outer}{inner}"),
        _ => format!("{outer}.{inner}"),
    };
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(list) => list.iter().enumerate().find_map(|(index, item)| {
            let inner = holds_nul(item)?;
            Some(below(format!("[{index}]"), inner))
        }),
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            let inner = if name.contains('\0') { String::new() } else { holds_nul(member)? };
            Some(below(name.replace('\0', "\u{fffd}"), inner))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn explain(rejection: JsonRejection) -> Problem {
    match rejection {
        JsonRejection::JsonDataError(error) => Problem::new(ProblemKind::InvalidContent, error.body_text()),
        JsonRejection::JsonSyntaxError(error) => {
            Problem::new(ProblemKind::MalformedRequest, error.body_text())
        }
        JsonRejection::MissingJsonContentType(_) => Problem::general(ProblemKind::UnsupportedMediaType),
        other if other.status() == ProblemKind::PayloadTooLarge.status() => {
            Problem::general(ProblemKind::PayloadTooLarge)
        }
        _ => Problem::new(
            ProblemKind::MalformedRequest,
            "the body could not be read to its end: send it again",
        ),
    }
}
