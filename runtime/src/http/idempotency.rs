//! `Idempotency-Key`: a POST that carries one is carried out once, however often it is sent.
//!
//! One layer around all routes of the API, so that none can forget it. A key belongs to whoever calls (key or person),
//! method and path; the body's fingerprint tells the same request from another one. The first one is carried out in a task
//! of its own, so that a caller who hangs up does not cut it off, and its answer is kept for a day; the same request again
//! gets the same answer, with `Idempotency-Replayed: true`.
//!
//! **What is kept.** Answers that decided something: successes, 409, 410, 412 and 422, and 500. Other refusals (400, 401,
//! 403, 404, 413, 415, 429, 503) leave the key free when nothing was done: when nothing was handed to the database to be
//! written ([`tenants::writes`]). A refusal after something was written is kept like a success.
//!
//! **When nobody knows.** "Not at the moment" (503, 429) after something was handed over may mean that it was done: the
//! answer of a commit got lost, or what was committed could not be read back. And the process may die in between. Writes of
//! the gateway make the same effect (or post) of the same key, so they are simply carried out again: see [`Repeatable`].
//! Elsewhere the next try is told so and does nothing (409), and the caller looks; so nothing is ever done twice.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use sha2::{Digest, Sha256};
use tenants::clock::{ManualClock, Timestamp};
use tenants::effect::{ActionType, IdempotencyKey};
use tenants::ids::{Ids, PostId, TenantId};
use tenants::ports::{Claimed, KeptAnswer, KeyTimes, KeyedRequest};
use tenants::writes;
use tracing::Instrument;

use super::access::Caller;
use super::problem::{Problem, ProblemKind};
use super::routes;
use super::state::AppState;

/// The header that carries the key.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How long a request is known.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3_600);
/// No request takes so long: one without an answer was cut off.
const CUT_OFF_AFTER: Duration = Duration::from_secs(120);
/// When to look again for the answer of one that is under way.
const LOOK_AGAIN_S: u64 = 2;
/// Longest key.
const LONGEST_KEY: usize = 200;
/// Larger answers are not kept; the request is still carried out once.
const LARGEST_ANSWER: u64 = 1 << 20;

/// Ends of paths whose answers show a secret once, which is stored nowhere; or that take in files by another way.
const APART: [&str; 12] = [
    "/keys",
    "/channels",
    "/webhooks",
    "/rotate-secret",
    "/oversight/chat",
    "/invitations",
    "/users/{user}/link",
    "/posts/{post}/approval-link",
    "/calendar/feed",
    "/accounts/connect",
    "/tenants/{tenant}/media",
    "/media/uploads/{upload}/complete",
];
/// Routes that make the same thing of the same key, so that they can be carried out again after a crash.
const AGAIN: [&str; 2] = ["/tenants/{tenant}/gateway/", "/agents/heartbeat"];

/// Whether a route takes keys.
pub fn applies(method: &str, path: &str) -> bool {
    method == "POST"
        && path.starts_with("/api/v1/")
        && !routes::is_open(method, path)
        && !APART.iter().any(|end| path.ends_with(end))
}

fn may_be_done_again(path: &str) -> bool {
    AGAIN.iter().any(|part| path.contains(part))
}

/// The request's key, for handlers that derive keys or ids of their own from it.
#[derive(Debug, Clone)]
pub struct Repeatable(Option<Arc<Begun>>);

#[derive(Debug)]
struct Begun {
    id: String,
    first_at: Timestamp,
}

impl Repeatable {
    /// The key of the effect that the request asks for: the same for the same request, and for no other.
    pub fn effect_key(&self, tenant: &TenantId, action: ActionType, ids: &Ids) -> IdempotencyKey {
        let request = match &self.0 {
            Some(begun) => begun.id.clone(),
            None => ids.uuid().to_string(),
        };
        IdempotencyKey::derive(tenant, "gateway", &request, action, 0)
    }

    /// The id of the post that the request asks for.
    pub fn post_id(&self, ids: &Ids) -> PostId {
        let Some(begun) = &self.0 else { return PostId::new(ids) };
        let digest = Sha256::digest(begun.id.as_bytes());
        let seed = digest.iter().take(8).fold(0, |seed: u64, byte| (seed << 8) | u64::from(*byte));
        let clock = Arc::new(ManualClock::at(begun.first_at.as_micros()));
        PostId::new(&Ids::seeded(clock, seed))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Repeatable {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Arc<Begun>>().cloned()))
    }
}

/// See the module.
pub async fn around(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let Some(route) = route.filter(|route| applies(request.method().as_str(), route)) else {
        return next.run(request).await;
    };
    if !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    carry_out_once(state, &route, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn carry_out_once(
    state: AppState,
    route: &str,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let key = key_of(&parts)?;
    let caller = Caller::from_request_parts(&mut parts, &state).await?;
    let body = read(&parts, body, &state).await?;
    let keyed = KeyedRequest {
        id: id_of(&caller, &parts.method, parts.uri.path(), &key),
        tenant: tenant_of(parts.uri.path()),
        fingerprint: fingerprint(&parts, &body),
        claim: state.ports.ids.uuid(),
    };
    let now = state.ports.clock.now();
    let times = KeyTimes { now, forgotten_before: now - KEPT_FOR, cut_off_before: now - CUT_OFF_AFTER };
    match state.outside.claim_request(&keyed, times, may_be_done_again(route)).await? {
        Claimed::Begun { first_at } => {
            parts.extensions.insert(Arc::new(Begun { id: keyed.id.clone(), first_at }));
            Ok(carry_out(state, keyed, Request::from_parts(parts, Body::from(body)), next).await)
        }
        Claimed::UnderWay => Err(under_way()),
        Claimed::CutOff => Err(cut_off()),
        Claimed::OtherBody => Err(other_body()),
        Claimed::Done(answer) => Ok(replay(answer)),
    }
}

/// Goes on to its end although the caller may hang up, so that the answer is there when they ask again.
async fn carry_out(state: AppState, keyed: KeyedRequest, request: Request, next: Next) -> Response {
    let tasks = state.ports.tasks.clone();
    let work = async move {
        let (outcome, wrote) = writes::watched(AssertUnwindSafe(next.run(request)).catch_unwind()).await;
        match outcome {
            Ok(response) => Ok(settle(&state, &keyed, response, wrote).await),
            Err(panic) => Err(panic),
        }
    };
    match tasks.spawn("keyed-request", work.instrument(tracing::Span::current())).await {
        Ok(Ok(response)) => response,
        // Counted and answered like any other panic, further out.
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_) => Problem::general(ProblemKind::Internal).into_response(),
    }
}

/// What an answer says of its request.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// It was done, or decided that it is not.
    Decided,
    /// Nothing was done.
    Nothing,
    /// It may have been done.
    Unknown,
}

fn outcome(status: StatusCode, wrote: bool) -> Outcome {
    match (status.as_u16(), wrote) {
        (429 | 503, true) => Outcome::Unknown,
        (400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 503, false) => Outcome::Nothing,
        _ => Outcome::Decided,
    }
}

/// Keeps the answer, or leaves the key free when nothing was done, or leaves the request as it is when nobody knows.
async fn settle(state: &AppState, keyed: &KeyedRequest, response: Response, wrote: bool) -> Response {
    let left = match outcome(response.status(), wrote) {
        Outcome::Decided => return keep(state, keyed, response).await,
        Outcome::Nothing => state.outside.forget_request(keyed).await,
        Outcome::Unknown => {
            let cut_off = state.ports.clock.now() - CUT_OFF_AFTER - Duration::from_micros(1);
            state.outside.leave_request(keyed, cut_off).await
        }
    };
    if let Err(error) = left {
        tracing::warn!(%error, "the key of a refused request stays taken for a while");
    }
    response
}

async fn keep(state: &AppState, keyed: &KeyedRequest, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let (body, text) = match body.size_hint().exact().filter(|size| *size <= LARGEST_ANSWER) {
        Some(_) => match to_bytes(body, usize::try_from(LARGEST_ANSWER).unwrap_or(usize::MAX)).await {
            Ok(bytes) => (Body::from(bytes.clone()), String::from_utf8(bytes.to_vec()).ok()),
            Err(_) => (Body::empty(), None),
        },
        None => (body, None),
    };
    let text_of =
        |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let answer = KeptAnswer {
        status: parts.status.as_u16(),
        content_type: text_of(header::CONTENT_TYPE),
        etag: text_of(header::ETAG),
        location: text_of(header::LOCATION),
        body: text,
    };
    if let Err(error) = state.outside.keep_answer(keyed, &answer, state.ports.clock.now()).await {
        tracing::warn!(%error, "the answer of a request with a key could not be kept");
    }
    Response::from_parts(parts, body)
}

fn replay(answer: KeptAnswer) -> Response {
    let Some(body) = answer.body else {
        let detail = "the request with this `Idempotency-Key` was carried out; its answer was too large to keep: read what \
                      it made";
        return Problem::conflict(detail).with("present", "done").into_response();
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let is_refusal = status.is_client_error() || status.is_server_error();
    // A problem tells the request that it answers, and so is written anew.
    let mut response = match is_refusal.then(|| Problem::read(&body)).flatten() {
        Some(problem) => problem.into_response(),
        None => Response::new(Body::from(body)),
    };
    *response.status_mut() = status;
    let kept = [
        (header::CONTENT_TYPE, answer.content_type),
        (header::ETAG, answer.etag),
        (header::LOCATION, answer.location),
    ];
    for (name, value) in kept {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn under_way() -> Problem {
    let detail =
        "a request with this `Idempotency-Key` is under way: send it again in a moment to get its answer";
    Problem::conflict(detail).with("present", "under_way").retry_after(LOOK_AGAIN_S)
}

fn cut_off() -> Problem {
    let detail = "the request with this `Idempotency-Key` got no answer that could be kept, and may have been carried \
                  out: look whether it was, and if not, send it again with another key";
    Problem::conflict(detail).with("present", "cut_off")
}

fn other_body() -> Problem {
    let detail = "this `Idempotency-Key` was used for a request with another body: use another key for another request";
    Problem::new(ProblemKind::InvalidContent, detail).with("header", "Idempotency-Key")
}

/// 1 to 200 visible characters.
fn key_of(parts: &Parts) -> Result<String, Problem> {
    let mut given = parts.headers.get_all(HEADER).iter();
    let key = given.next().and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    let is_decent = (1..=LONGEST_KEY).contains(&key.len()) && given.next().is_none();
    if is_decent {
        return Ok(key.to_owned());
    }
    let detail = "`Idempotency-Key` must be one text of 1 to 200 characters of ASCII: a UUID serves well";
    Err(Problem::new(ProblemKind::MalformedRequest, detail))
}

async fn read(parts: &Parts, body: Body, state: &AppState) -> Result<Bytes, Problem> {
    // With the extensions of the request, among which is the limit of its size.
    let request = Request::from_parts(parts.clone(), body);
    Bytes::from_request(request, state).await.map_err(|rejection: BytesRejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Problem::general(ProblemKind::PayloadTooLarge);
        }
        let detail = "the body could not be read to its end: send it again";
        Problem::new(ProblemKind::MalformedRequest, detail)
    })
}

fn id_of(caller: &Caller, method: &Method, path: &str, key: &str) -> String {
    digest(&[caller.actor().as_bytes(), method.as_str().as_bytes(), path.as_bytes(), key.as_bytes()])
}

/// The body, and what it is.
fn fingerprint(parts: &Parts, body: &Bytes) -> String {
    let query = parts.uri.query().unwrap_or_default();
    digest(&[query.as_bytes(), body])
}

fn digest(fields: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for field in fields {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hex::encode(hash.finalize())
}

fn tenant_of(path: &str) -> Option<TenantId> {
    path.strip_prefix("/api/v1/tenants/")?.split('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_where_something_is_done_and_no_secret_is_shown() {
        for path in ["/tenants/{tenant}/posts", "/tenants/{tenant}/gateway/send-dm", "/agencies"] {
            assert!(applies("POST", &format!("/api/v1{path}")), "{path}");
        }
        for path in [
            "/agencies/{agency}/keys",
            "/agencies/{agency}/webhooks",
            "/agencies/{agency}/webhooks/{webhook}/rotate-secret",
            "/tenants/{tenant}/channels",
            "/session",
            "/tenants/{tenant}/posts/{post}/approval-link",
        ] {
            assert!(!applies("POST", &format!("/api/v1{path}")), "{path}");
        }
        assert!(!applies("PUT", "/api/v1/tenants/{tenant}/posts/{post}") && !applies("POST", "/webhooks"));
    }

    #[test]
    fn a_key_is_free_again_only_when_nothing_can_have_been_done() {
        let of = |status: u16, wrote| outcome(StatusCode::from_u16(status).unwrap(), wrote);
        for status in [400, 401, 403, 404, 405, 413, 415] {
            assert_eq!(
                (of(status, false), of(status, true)),
                (Outcome::Nothing, Outcome::Decided),
                "{status}"
            );
        }
        for status in [429, 503] {
            assert_eq!(
                (of(status, false), of(status, true)),
                (Outcome::Nothing, Outcome::Unknown),
                "{status}"
            );
        }
        for status in [200, 201, 202, 204, 409, 410, 412, 422, 500] {
            assert_eq!(
                (of(status, false), of(status, true)),
                (Outcome::Decided, Outcome::Decided),
                "{status}"
            );
        }
    }

    #[test]
    fn the_same_request_gives_the_same_effect_and_post_and_another_does_not() {
        let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 1);
        let tenant = TenantId(ids.uuid());
        let at = Timestamp::from_millis(1_772_600_767_000);
        let of = |id: &str| Repeatable(Some(Arc::new(Begun { id: id.to_owned(), first_at: at })));
        let key = |it: &Repeatable| it.effect_key(&tenant, ActionType::SendDm, &ids);
        assert_eq!(key(&of("a")), key(&of("a")));
        assert_ne!(key(&of("a")), key(&of("b")));
        assert_eq!(of("a").post_id(&ids), of("a").post_id(&ids));
        assert_ne!(of("a").post_id(&ids), of("b").post_id(&ids));
        assert_ne!(key(&Repeatable(None)), key(&Repeatable(None)));
    }
}
