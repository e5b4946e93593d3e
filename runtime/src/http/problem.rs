//! Every failure is a problem document (RFC 9457, `application/problem+json`) that says what to do next.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use tenants::memory::InvalidItem;
use tenants::ports::{MemoryError, StoreError};
use tenants::settings::InvalidSetting;
use utoipa::ToSchema;

/// The kinds of problems. Each has one status and one `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The request cannot be read.
    MalformedRequest,
    /// No key, or one that is not valid.
    Unauthorized,
    /// Who calls is known, but their role or scope is too small for this route.
    Forbidden,
    /// No such thing, or it belongs to somebody else.
    NotFound,
    /// The address exists, the method does not.
    MethodNotAllowed,
    /// It was here, and is no more.
    Gone,
    /// The thing is not in a state in which this is possible, or a unique name is taken.
    Conflict,
    /// `If-Match` names an older version.
    PreconditionFailed,
    /// The body is larger than allowed.
    PayloadTooLarge,
    /// The range of bytes is not there.
    RangeNotSatisfiable,
    /// The body is not JSON by its content type.
    UnsupportedMediaType,
    /// The body can be read, but what it says is not allowed.
    InvalidContent,
    /// Too many requests with this key or session, or too many tries to sign in.
    TooManyRequests,
    /// Our fault.
    Internal,
    /// For the moment it cannot be done.
    Unavailable,
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: [ProblemKind; 15] = [
        Self::MalformedRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Gone,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::PayloadTooLarge,
        Self::RangeNotSatisfiable,
        Self::UnsupportedMediaType,
        Self::InvalidContent,
        Self::TooManyRequests,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Status, last part of the `type`, title, and what to do when nothing more particular is known.
    const fn description(self) -> (StatusCode, &'static str, &'static str, &'static str) {
        match self {
            Self::MalformedRequest => (
                StatusCode::BAD_REQUEST,
                "malformed-request",
                "The request cannot be read",
                "compare the request with the description under /api/docs",
            ),
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "A session or a valid API key is needed",
                "send a valid key in the header `X-API-Key`",
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "This is not allowed to this caller",
                "people ask an owner or a manager for a wider role; programs use a key of a wider role or scope",
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "not-found",
                "There is nothing here",
                "check the address and the ids in it; all addresses are described under /api/docs",
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "This address does not know this method",
                "the header `Allow` names the methods that can be used",
            ),
            Self::Gone => {
                (StatusCode::GONE, "gone", "This address is no longer valid", "ask for a new address")
            }
            Self::Conflict => (
                StatusCode::CONFLICT,
                "conflict",
                "The present state does not allow this",
                "read the present state and decide anew",
            ),
            Self::PreconditionFailed => (
                StatusCode::PRECONDITION_FAILED,
                "precondition-failed",
                "It was changed in the meantime",
                "read it again, apply your change, and send the new `ETag` in `If-Match`",
            ),
            Self::PayloadTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload-too-large",
                "The body is too large",
                "send less at once; the limit is the setting `http.body_limit_bytes`",
            ),
            Self::RangeNotSatisfiable => (
                StatusCode::RANGE_NOT_SATISFIABLE,
                "range-not-satisfiable",
                "The file does not have these bytes",
                "ask for a range within the size that `Content-Range` says",
            ),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "This kind of body is not accepted",
                "send JSON with the header `Content-Type: application/json`",
            ),
            Self::InvalidContent => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-content",
                "What the body says is not allowed",
                "correct the named field",
            ),
            Self::TooManyRequests => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-requests",
                "Too many requests",
                "wait as long as `Retry-After` says",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong on our side",
                "try again; if it stays, look for the request id in the log",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "This cannot be done at the moment",
                "try again after the time in `Retry-After`",
            ),
        }
    }

    /// The kind in words, and what to do.
    pub fn in_words(self) -> String {
        let (_, _, title, advice) = self.description();
        format!("{title}: {advice}.")
    }

    /// The status it is answered with.
    pub const fn status(self) -> StatusCode {
        self.description().0
    }

    /// The kind that fits a status best.
    pub fn of_status(status: StatusCode) -> Self {
        let exact = Self::ALL.into_iter().find(|kind| kind.status() == status);
        exact.unwrap_or(if status.is_server_error() { Self::Internal } else { Self::MalformedRequest })
    }
}

/// On an answer: it has the form that its protocol wants, and is not made a problem document.
#[derive(Debug, Clone, Copy)]
pub struct SpeaksForItself;

/// What the names of all kinds begin with.
const NAMESPACE: &str = "urn:troupe:problem:";

/// A failure on its way to the caller.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    members: Map<String, Value>,
    retry_after_seconds: Option<u64>,
}

/// The document as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Names the kind of problem; programs decide by it.
    #[serde(rename = "type")]
    #[schema(example = "urn:troupe:problem:not-found")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status again.
    #[schema(example = 404)]
    status: u16,
    /// What happened and what to do next.
    detail: String,
    /// The address that was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// The same id is in the header `X-Request-Id` and in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// More about some problems: `field` names what is wrong in the body, `parameter` what is wrong in the query,
    /// `present` the state of the thing, `needs` the roles that may do it.
    #[serde(flatten)]
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    members: Map<String, Value>,
}

impl Problem {
    /// A problem of a kind; `detail` says what happened and what to do next.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), members: Map::new(), retry_after_seconds: None }
    }

    /// A problem of which nothing more is known than its kind.
    pub fn general(kind: ProblemKind) -> Self {
        Self::new(kind, kind.description().3)
    }

    /// No such thing, or it belongs to somebody else.
    pub fn not_found(thing: &str) -> Self {
        Self::new(
            ProblemKind::NotFound,
            format!("no {thing} with this id: check the id, and that you may see it"),
        )
    }

    /// The body says something that is not allowed.
    pub fn invalid(field: &str, problem: impl std::fmt::Display) -> Self {
        Self::new(ProblemKind::InvalidContent, format!("{field}: {problem}")).with("field", field)
    }

    /// The thing is not in a state in which this is possible.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Conflict, detail)
    }

    /// Adds a member for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Says when trying again makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// The problem that a document of ours tells; `None` where it tells none.
    pub fn read(document: &str) -> Option<Self> {
        let mut members: Map<String, Value> = serde_json::from_str(document).ok()?;
        let of_its_answer = ["title", "status", "instance", "request_id"];
        of_its_answer.iter().for_each(|name| drop(members.remove(*name)));
        let (Value::String(kind), Value::String(detail)) =
            (members.remove("type")?, members.remove("detail")?)
        else {
            return None;
        };
        let slug = kind.strip_prefix(NAMESPACE)?;
        let kind = ProblemKind::ALL.into_iter().find(|kind| kind.description().1 == slug)?;
        Some(Self { kind, detail, members, retry_after_seconds: None })
    }

    /// What is wrong and what to do next, for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Its kind.
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    fn respond(self, instance: Option<String>, request_id: Option<String>) -> Response {
        let (status, slug, title, _) = self.kind.description();
        let document = ProblemDocument {
            kind: format!("{NAMESPACE}{slug}"),
            title,
            status: status.as_u16(),
            detail: self.detail.clone(),
            instance,
            request_id,
            members: self.members.clone(),
        };
        let mut response = (status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.kind == ProblemKind::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"troupe\""));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.respond(None, None)
    }
}

/// Gives a failed answer its `instance` and `request_id`; turns failures that are no problem documents yet (of the
/// router, of the body limit, of the time limit) into ones. Pages for people stay as they are.
pub fn complete(response: Response, instance: &str, request_id: &str) -> Response {
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_page = content_type.is_some_and(|it| it.as_bytes().starts_with(b"text/html"));
    let is_final = is_page || response.extensions().get::<SpeaksForItself>().is_some();
    if is_final || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let known = response.extensions().get::<Problem>().cloned();
    let problem = known.unwrap_or_else(|| Problem::general(ProblemKind::of_status(status)));
    let mut completed = problem.respond(Some(instance.to_owned()), Some(request_id.to_owned()));
    for (name, value) in response.headers() {
        let describes_the_old_body =
            [header::CONTENT_LENGTH, header::CONTENT_TYPE, header::CONTENT_ENCODING].contains(name);
        if !describes_the_old_body && !completed.headers().contains_key(name) {
            completed.headers_mut().insert(name, value.clone());
        }
    }
    completed
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(source) => {
                tracing::warn!(error = %source, "the database is not available");
                Self::general(ProblemKind::Unavailable).retry_after(2)
            }
            StoreError::Conflict(detail) => Self::conflict(detail),
            StoreError::Corrupt(detail) => {
                tracing::error!(%detail, "a stored row cannot be read");
                Self::general(ProblemKind::Internal)
            }
        }
    }
}

impl From<MemoryError> for Problem {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::Store(error) => error.into(),
            MemoryError::Absent(_) | MemoryError::Broken(_) | MemoryError::Embedding(_) => {
                tracing::warn!(%error, "a memory does not answer");
                Self::new(ProblemKind::Unavailable, error.to_string()).retry_after(5)
            }
        }
    }
}

impl From<InvalidItem> for Problem {
    fn from(invalid: InvalidItem) -> Self {
        Self::invalid(invalid.field, &invalid.problem)
    }
}

impl From<InvalidSetting> for Problem {
    fn from(invalid: InvalidSetting) -> Self {
        Self::invalid(&invalid.field, &invalid.problem)
    }
}
