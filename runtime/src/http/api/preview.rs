//! What would be decided, without storing or sending anything; and what was.

use actors::decide::{self, DecideError, PreviewText};
use actors::learning::{KeptDecision, find_decision};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenants::clock::Timestamp;
use tenants::decision::{Decision, Outcome, Step, TraceStep};
use tenants::ids::{AccountId, DecisionId, EventId};
use tenants::intent::{Classification, Intent, Language, Sentiment};
use tenants::rule::TriggerKind;
use tenants::settings::{Mode, local_day};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::people::PersonView;
use crate::http::access::{TenantOperate, TenantRead};
use crate::http::extract::{JsonBody, PathIds};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;

const LONGEST_TEXT: usize = 10_000;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(preview_decision)).routes(routes!(get_decision))
}

/// A text that somebody might write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "account": "acc_0190b6a0c0007000800000000000000a", "on": "comment", "text": "Do you ship to Spain?" }))]
struct TextToJudge {
    /// The account it would come to.
    #[schema(value_type = schema::Id)]
    account: AccountId,
    /// Where it would be said.
    #[schema(value_type = schema::TriggerKind)]
    on: TriggerKind,
    /// The media or story it would stand under.
    #[serde(default)]
    media_id: Option<String>,
    /// Who would write it; an unknown person when left out.
    #[serde(default)]
    author: Option<PersonView>,
    /// What it would say.
    text: String,
}

/// What would be decided, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecisionPreview)]
struct DecisionView {
    /// What it would lead to.
    #[schema(value_type = schema::Outcome)]
    outcome: Outcome,
    /// The mode used, when one was.
    #[schema(value_type = Option<schema::Mode>)]
    mode: Option<Mode>,
    /// What the classifier said, when it was asked.
    classification: Option<ClassificationView>,
    /// One sentence: why.
    reason: String,
    /// Every step; the last one tells the actions.
    trace: Vec<StepView>,
    /// Provider and model that classified or wrote.
    model: Option<String>,
    /// Version of the prompt or template.
    prompt_version: Option<String>,
    /// Tokens read by models.
    tokens_in: u32,
    /// Tokens written by models.
    tokens_out: u32,
    /// Cost in millionths of a US dollar.
    cost_micro_usd: i64,
    /// Time it took, in microseconds.
    latency_us: i64,
}

/// One step of a decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TraceStep)]
struct StepView {
    /// Which step.
    #[schema(value_type = schema::Step)]
    step: Step,
    /// What it found, for people.
    summary: String,
    /// The particulars, for programs.
    details: Value,
}

/// What a classifier made of a text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Classification)]
struct ClassificationView {
    /// The most probable intent.
    #[schema(value_type = schema::Intent)]
    intent: Intent,
    /// Its calibrated probability, 0 to 1.
    confidence: f32,
    /// Probability of each intent; they add up to 1.
    #[schema(value_type = std::collections::BTreeMap<String, f32>)]
    probabilities: std::collections::BTreeMap<Intent, f32>,
    /// Feeling of the text.
    #[schema(value_type = schema::Sentiment)]
    sentiment: Sentiment,
    /// Language of the text, when it can be told.
    #[schema(value_type = Option<schema::Language>)]
    language: Option<Language>,
    /// The text speaks of danger, threats, legal action or press.
    crisis: bool,
}

impl From<Decision> for DecisionView {
    fn from(decision: Decision) -> Self {
        Self {
            outcome: decision.outcome,
            mode: decision.mode,
            classification: decision.classification.map(Into::into),
            reason: decision.reason,
            trace: decision.trace.into_iter().map(Into::into).collect(),
            model: decision.model,
            prompt_version: decision.prompt_version,
            tokens_in: decision.tokens_in,
            tokens_out: decision.tokens_out,
            cost_micro_usd: decision.cost_micro_usd,
            latency_us: decision.latency_us,
        }
    }
}

impl From<TraceStep> for StepView {
    fn from(TraceStep { step, summary, details }: TraceStep) -> Self {
        Self { step, summary, details }
    }
}

impl From<Classification> for ClassificationView {
    fn from(found: Classification) -> Self {
        Self {
            intent: found.intent,
            confidence: found.confidence,
            probabilities: found.probabilities.into_iter().collect(),
            sentiment: found.sentiment,
            language: found.language,
            crisis: found.crisis,
        }
    }
}

/// A decision that was made, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
struct MadeView {
    #[schema(value_type = schema::Id)]
    id: DecisionId,
    /// The event it is about.
    #[schema(value_type = schema::Id)]
    event: EventId,
    /// What was said to us; empty when nothing was.
    incoming_text: String,
    /// When it was made.
    #[schema(value_type = schema::Moment)]
    decided_at: Timestamp,
    /// Why lesser models answered than should have; empty when all went as it should.
    degraded: Vec<String>,
    /// What it led to, with every step.
    decision: DecisionView,
}

impl From<KeptDecision> for MadeView {
    fn from(KeptDecision { decision, incoming_text }: KeptDecision) -> Self {
        Self {
            id: decision.id,
            event: decision.event,
            incoming_text,
            decided_at: decision.decided_at,
            degraded: decision.degraded.clone(),
            decision: decision.into(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct DecisionPath {
    decision: DecisionId,
}

/// Read a decision: what it led to and why, step by step.
#[utoipa::path(get, path = "/tenants/{tenant}/decisions/{decision}", tag = "decisions",
    responses((status = 200, body = MadeView)))]
async fn get_decision(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<DecisionPath>,
    State(state): State<AppState>,
) -> Result<Json<MadeView>, Problem> {
    let kept = find_decision(state.ports.store.as_ref(), &access.tenant.id, &path.decision).await?;
    Ok(Json(kept.ok_or_else(|| Problem::not_found("decision"))?.into()))
}

/// Show what would be decided about a text, with every step. Nothing is stored and nothing is sent.
#[utoipa::path(post, path = "/tenants/{tenant}/decisions/preview", tag = "decisions", request_body = TextToJudge,
    responses((status = 200, body = DecisionView)))]
async fn preview_decision(
    TenantOperate(access): TenantOperate,
    State(state): State<AppState>,
    JsonBody(text): JsonBody<TextToJudge>,
) -> Result<Json<DecisionView>, Problem> {
    if text.text.chars().count() > LONGEST_TEXT {
        return Err(Problem::invalid("text", format!("at most {LONGEST_TEXT} characters")));
    }
    let tenant = &access.tenant;
    let zone = tenant.time_zone.parse().unwrap_or(chrono_tz::UTC);
    let day = local_day(state.ports.clock.now(), zone);
    let context = state.ports.store.load_context(&tenant.id, &day).await?;
    let context = context.ok_or_else(|| Problem::not_found("tenant"))?;
    if !context.accounts.iter().any(|account| account.id == text.account) {
        return Err(Problem::not_found("account"));
    }
    let incoming = PreviewText {
        account: text.account,
        on: text.on,
        media_id: text.media_id,
        author: text.author.unwrap_or_else(PersonView::unknown).into(),
        text: text.text,
    };
    Ok(Json(decide::preview(&state.ports, &context, &incoming).await?.into()))
}

impl From<DecideError> for Problem {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::Retry { after, source } => {
                tracing::warn!(error = %source, "a preview could not be made");
                Problem::general(ProblemKind::Unavailable).retry_after(after.as_secs().max(1))
            }
            DecideError::Broken { reason } => Problem::new(ProblemKind::InvalidContent, reason),
        }
    }
}
