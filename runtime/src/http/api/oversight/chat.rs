//! A question and its answer, as a stream or at once.

use std::convert::Infallible;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenants::ids::OversightId;
use tenants::oversight::{LONGEST_QUESTION, OversightTurn};
use tokio::sync::mpsc;
use utoipa::ToSchema;

use super::views::{SourceView, sources_of};
use crate::http::access::TenantRead;
use crate::http::extract::{JsonBody, OnlyJson};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;
use crate::oversight::Piece;

/// A question about what was decided and done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    /// What, in 1 to 2,000 characters.
    #[schema(example = "Why was the last comment hidden?", min_length = 1, max_length = 2000)]
    question: String,
    /// The conversation it goes on with; a new one begins when it is left out.
    #[serde(default)]
    #[schema(value_type = Option<schema::Id>)]
    session_id: Option<OversightId>,
    /// False gives the whole answer at once, as JSON. When left out it is true, unless the caller accepts JSON and no stream.
    #[serde(default)]
    stream: Option<bool>,
}

/// The end of an answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OversightAnswer)]
pub(super) struct AnswerView {
    /// Always true.
    done: bool,
    /// The conversation: send it with the next question.
    #[schema(value_type = schema::Id)]
    session_id: OversightId,
    /// The whole answer. `[n]` names the n-th source. In a stream it has come as tokens before and is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    /// From the question to the end, in milliseconds.
    latency_ms: i64,
    /// From the question to the first words, in milliseconds.
    first_token_ms: Option<i64>,
    /// The records that carry it.
    sources: Vec<SourceView>,
    /// How sure it is, 0 to 1.
    confidence: f32,
    /// How it was found.
    thinking_steps: Vec<String>,
    /// What was looked into.
    tools_used: Vec<String>,
    /// Who answered: `offline/extract-1` for the records themselves, else provider and model.
    model: String,
    /// What it cost, in millionths of a US dollar.
    cost_micro_usd: i64,
}

impl AnswerView {
    fn new(turn: OversightTurn, is_whole: bool) -> Self {
        Self {
            done: true,
            session_id: turn.session,
            answer: is_whole.then_some(turn.answer),
            latency_ms: turn.latency_ms.unwrap_or(0),
            first_token_ms: turn.first_token_ms,
            sources: sources_of(turn.sources),
            confidence: turn.confidence.unwrap_or(0.0),
            thinking_steps: turn.steps,
            tools_used: turn.tools,
            model: turn.model.unwrap_or_default(),
            cost_micro_usd: turn.cost.0,
        }
    }
}

/// Ask why. Every sentence of the answer that states a fact names the records that carry it.
///
/// Answers `text/event-stream`: `data: {"token": "…"}` for each piece, then `data: {"done": true, …}` with sources,
/// confidence and how it was found, or `data: {"type": "error", "content": "…"}` when it breaks off; `: ping` in between.
/// With `stream: false`, or `Accept: application/json`, it answers JSON. "There is no record of that." is an answer. At most 20 questions a minute and five
/// minutes for each; 503 with the code `AGENT_DOWN` while the tenant's agent shows no sign of life.
#[utoipa::path(post, path = "/tenants/{tenant}/oversight/chat", tag = "oversight", request_body = Ask,
    responses((status = 200, description = "The answer.", content(
        (schema::StreamedEvent = "text/event-stream"), (AnswerView = "application/json")))))]
pub(super) async fn ask_why(
    TenantRead(access): TenantRead,
    OnlyJson(only_json): OnlyJson,
    State(state): State<AppState>,
    JsonBody(ask): JsonBody<Ask>,
) -> Result<Response, Problem> {
    let question = ask.question.trim();
    let length = question.chars().count();
    if !(1..=LONGEST_QUESTION).contains(&length) || question.contains('\0') {
        return Err(Problem::invalid("question", format!("ask in 1 to {LONGEST_QUESTION} characters")));
    }
    let by = access.caller.actor();
    let asked = state.oversight.ask(&access.tenant, &by, question.to_owned(), ask.session_id).await?;
    let (_, pieces) = asked;
    if !ask.stream.unwrap_or(!only_json) {
        return whole(pieces).await.map(IntoResponse::into_response);
    }
    let keep_alive = KeepAlive::new().interval(state.settings.feed_keep_alive).text("ping");
    Ok(Sse::new(events(pieces)).keep_alive(keep_alive).into_response())
}

async fn whole(mut pieces: mpsc::Receiver<Piece>) -> Result<Json<AnswerView>, Problem> {
    while let Some(piece) = pieces.recv().await {
        match piece {
            Piece::Text(_) => {}
            Piece::Done(turn) => return Ok(Json(AnswerView::new(*turn, true))),
            Piece::Broken(why) => return Err(Problem::new(ProblemKind::Unavailable, why).retry_after(5)),
        }
    }
    Err(Problem::general(ProblemKind::Internal))
}

fn events(pieces: mpsc::Receiver<Piece>) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(pieces, |mut pieces| async move {
        let event = match pieces.recv().await? {
            Piece::Text(token) => Event::default().json_data(json!({ "token": token })),
            Piece::Done(turn) => Event::default().json_data(AnswerView::new(*turn, false)),
            Piece::Broken(why) => Event::default().json_data(json!({ "type": "error", "content": why })),
        };
        // Strings and numbers always serialise.
        Some((Ok(event.unwrap_or_default()), pieces))
    })
}
