//! What a person says about a decision afterwards.

use actors::learning::{find_decision, verdict_of_feedback};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenants::changes::{Change, Changes};
use tenants::ids::DecisionId;
use tenants::intent::Intent;
use utoipa::ToSchema;

use crate::http::access::TenantOperate;
use crate::http::api::write;
use crate::http::extract::{JsonBody, PathIds};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

/// Whether it was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Rightness {
    /// It was.
    Right,
    /// It was not: when it left without a person, its intent is drafted again.
    Wrong,
}

/// What a person says about a decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    /// Whether it was right.
    verdict: Rightness,
    /// What the text really wants.
    #[serde(default)]
    #[schema(value_type = Option<schema::Intent>)]
    intent: Option<Intent>,
}

/// That it was heard.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedbackTaken {
    /// The decision.
    #[schema(value_type = schema::Id)]
    decision: DecisionId,
    /// What was said.
    verdict: Rightness,
}

#[derive(Debug, Deserialize)]
pub struct DecisionPath {
    decision: DecisionId,
}

/// Say that a decision was right or wrong. Once for a decision; a second time is answered with 409.
#[utoipa::path(post, path = "/tenants/{tenant}/decisions/{decision}/feedback", tag = "decisions",
    request_body = Feedback, responses((status = 200, body = FeedbackTaken)))]
pub async fn give_feedback(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<DecisionPath>,
    State(state): State<AppState>,
    JsonBody(feedback): JsonBody<Feedback>,
) -> Result<Json<FeedbackTaken>, Problem> {
    let (store, tenant) = (state.ports.store.as_ref(), &access.tenant.id);
    let kept = find_decision(store, tenant, &path.decision).await?;
    let kept = kept.ok_or_else(|| Problem::not_found("decision"))?;
    let act = access.caller.act(&state);
    let is_right = feedback.verdict == Rightness::Right;
    let verdict = verdict_of_feedback(&kept, is_right, feedback.intent, &act.by, act.at, act.ids);
    let details = json!({ "verdict": feedback.verdict, "intent": feedback.intent });
    let changes = Changes::of_tenant(*tenant).with(Change::AddVerdict(Box::new(verdict))).with(act.audit(
        "decision.feedback",
        ("decision", path.decision.to_string()),
        details,
    ));
    write::commit(&state, changes).await?;
    state.learner.learn_for(tenant).await;
    Ok(Json(FeedbackTaken { decision: path.decision, verdict: feedback.verdict }))
}
