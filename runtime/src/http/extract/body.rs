//! JSON bodies.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;

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
            // Serde would take a list for a document whose fields are given by position.
            return Err(Problem::new(ProblemKind::InvalidContent, "the body must be a JSON object"));
        }
        serde_json::from_value(body).map(Self).map_err(|error| {
            Problem::new(ProblemKind::InvalidContent, format!("the body is not what is expected: {error}"))
        })
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
