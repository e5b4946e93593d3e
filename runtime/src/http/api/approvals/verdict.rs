//! Deciding an approval. It acts exactly once: whoever comes second gets 409 and the present status.

use actors::decide::{self, Asked, Verdict, VerdictError};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tenants::approval::ApprovalStatus;
use tenants::conversation::{Conversation, ConversationKind, direct_key};
use tenants::ids::ApprovalId;
use tenants::intent::Intent;
use tenants::ports::{Hint, StoreError};
use utoipa::ToSchema;

use super::{ApprovalPath, ApprovalView, find, view};
use crate::http::access::{TenantAccess, TenantOperate};
use crate::http::extract::{JsonBody, OptionalBody, PathIds, maybe_words};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;

/// A yes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Yes {
    /// What the text really wants, when it was taken for something else.
    #[schema(value_type = Option<schema::Intent>)]
    intent: Option<Intent>,
}

/// The words to send instead of the draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "text": "Yes, to all of Portugal.", "intent": "question" }))]
pub struct Edit {
    /// The words.
    text: String,
    /// What the text really wants, when it was taken for something else.
    #[serde(default)]
    #[schema(value_type = Option<schema::Intent>)]
    intent: Option<Intent>,
}

/// Why not.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "comment": "too pushy" }))]
pub struct Rejection {
    /// A remark, for the record.
    #[serde(deserialize_with = "maybe_words")]
    comment: Option<String>,
    /// What the text really wants, when it was taken for something else.
    #[schema(value_type = Option<schema::Intent>)]
    intent: Option<Intent>,
}

/// Approve: what is proposed is queued, exactly once.
#[utoipa::path(post, path = "/tenants/{tenant}/approvals/{approval}/approve", tag = "approvals",
    request_body = Option<Yes>, responses((status = 200, body = ApprovalView)))]
pub async fn approve(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<ApprovalPath>,
    State(state): State<AppState>,
    OptionalBody(yes): OptionalBody<Yes>,
) -> Result<Json<ApprovalView>, Problem> {
    decide(&state, &access, &path.approval, Verdict::Approve, yes.intent).await
}

/// Approve with other words: they are queued in place of the draft, exactly once. Answers an escalation, too.
#[utoipa::path(post, path = "/tenants/{tenant}/approvals/{approval}/edit", tag = "approvals", request_body = Edit,
    responses((status = 200, body = ApprovalView)))]
pub async fn edit(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<ApprovalPath>,
    State(state): State<AppState>,
    JsonBody(edit): JsonBody<Edit>,
) -> Result<Json<ApprovalView>, Problem> {
    decide(&state, &access, &path.approval, Verdict::Edit(edit.text), edit.intent).await
}

/// Reject: nothing is sent.
#[utoipa::path(post, path = "/tenants/{tenant}/approvals/{approval}/reject", tag = "approvals",
    request_body = Option<Rejection>, responses((status = 200, body = ApprovalView)))]
pub async fn reject(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<ApprovalPath>,
    State(state): State<AppState>,
    OptionalBody(rejection): OptionalBody<Rejection>,
) -> Result<Json<ApprovalView>, Problem> {
    let Rejection { comment, intent } = rejection;
    decide(&state, &access, &path.approval, Verdict::Reject { comment }, intent).await
}

async fn decide(
    state: &AppState,
    access: &TenantAccess,
    approval: &ApprovalId,
    verdict: Verdict,
    intent: Option<Intent>,
) -> Result<Json<ApprovalView>, Problem> {
    let (store, tenant) = (&state.ports.store, &access.tenant.id);
    let approval = find(state, access, approval).await?;
    let (event, _) = store.find_event(tenant, &approval.event).await?.ok_or_else(no_longer_there)?;
    let thread =
        store.find_conversation(tenant, &approval.conversation).await?.ok_or_else(no_longer_there)?;
    let direct = direct_with_same_person(state, access, &thread).await?;
    let settings = store.find_settings(tenant).await?.unwrap_or_default();
    let asked = Asked {
        approval: &approval,
        event: &event,
        thread: &thread,
        direct: direct.as_ref(),
        settings: &settings,
        status: access.tenant.status,
    };
    let (who, now) = (access.caller.actor(), state.ports.clock.now());
    let changes = decide::approve(&asked, &verdict, intent, &who, now, &state.ports.ids)?;
    match store.commit(changes).await {
        Ok(()) => {}
        Err(StoreError::Conflict(_)) => {
            let present = find(state, access, &approval.id).await?;
            return Err(VerdictError::AlreadyDecided { status: present.status }.into());
        }
        Err(error) => return Err(error.into()),
    }
    state.ports.wake.send(Hint::Effects(*tenant));
    state.ports.wake.send(Hint::Audit(*tenant));
    state.learner.learn_for(tenant).await;
    let decided = find(state, access, &approval.id).await?;
    Ok(Json(view(state, access, decided).await?))
}

/// The window of direct messages decides whether a comment may still be answered privately.
async fn direct_with_same_person(
    state: &AppState,
    access: &TenantAccess,
    thread: &Conversation,
) -> Result<Option<Conversation>, Problem> {
    if thread.kind == ConversationKind::Direct || thread.person.id.is_empty() {
        return Ok(None);
    }
    let keys = [(thread.account, direct_key(&thread.person.id))];
    Ok(state.ports.store.load_conversations(&access.tenant.id, &keys).await?.pop())
}

fn no_longer_there() -> Problem {
    Problem::conflict("what this approval answers is not stored any more: reject it on Instagram itself")
}

impl From<VerdictError> for Problem {
    fn from(error: VerdictError) -> Self {
        let detail = error.to_string();
        match error {
            VerdictError::AlreadyDecided { status } => {
                Problem::conflict(detail).with("present", status.as_str())
            }
            VerdictError::NoDraft | VerdictError::NoWords | VerdictError::CannotAnswer => {
                Problem::conflict(detail).with("present", ApprovalStatus::Pending.as_str())
            }
            VerdictError::Forbidden { reason } => Problem::conflict(detail)
                .with("present", ApprovalStatus::Pending.as_str())
                .with("reason", reason.as_str()),
            VerdictError::Length { problem } => {
                Problem::new(ProblemKind::InvalidContent, format!("text: {problem}")).with("field", "text")
            }
        }
    }
}
