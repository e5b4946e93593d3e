//! Approvals: a person's yes or no.

mod verdict;

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenants::approval::{Approval, ApprovalKind, ApprovalStatus, ApprovalSubject};
use tenants::clock::Timestamp;
use tenants::conversation::ConversationKind;
use tenants::ids::{AccountId, ApprovalId, ConversationId, DecisionId, EventId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::actions::ActionView;
use super::people::PersonView;
use super::posted_under::{PostedUnderView, Posts};
use crate::http::access::{TenantAccess, TenantRead};
use crate::http::extract::{Page, PageOf, PathIds, QueryOf};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_approvals))
        .routes(routes!(get_approval))
        .routes(routes!(verdict::approve))
        .routes(routes!(verdict::edit))
        .routes(routes!(verdict::reject))
}

/// A question to a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approval)]
struct ApprovalView {
    #[schema(value_type = schema::Id)]
    id: ApprovalId,
    /// `draft`: a yes sends what is proposed. `escalation`: something needs a person's own answer.
    #[schema(value_type = schema::ApprovalKind)]
    kind: ApprovalKind,
    #[schema(value_type = schema::Id)]
    account: AccountId,
    #[schema(value_type = schema::Id)]
    conversation: ConversationId,
    /// The event it answers.
    #[schema(value_type = schema::Id)]
    event: EventId,
    /// The decision that asked.
    #[schema(value_type = schema::Id)]
    decision: DecisionId,
    /// What is done on a yes, in order; empty for an escalation without a draft.
    proposed: Vec<ActionView>,
    /// Why a person is asked.
    reason: String,
    /// What the person on Instagram wrote.
    incoming_text: String,
    /// Who wrote it; `null` where the conversation is not stored any more.
    author: Option<PersonView>,
    /// Where they did.
    #[schema(value_type = Option<schema::ConversationKind>)]
    place: Option<ConversationKind>,
    /// The post under which, or with which, they did; `null` for direct messages.
    post: Option<PostedUnderView>,
    /// Where it stands.
    #[schema(value_type = schema::ApprovalStatus)]
    status: ApprovalStatus,
    /// Who decided.
    decided_by: Option<String>,
    /// When.
    #[schema(value_type = Option<schema::Moment>)]
    decided_at: Option<Timestamp>,
    /// The words a person put in place of the draft.
    edited_text: Option<String>,
    /// What a person said about it.
    comment: Option<String>,
    /// It expires then.
    #[schema(value_type = schema::Moment)]
    expires_at: Timestamp,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

impl ApprovalView {
    fn new(approval: Approval, subject: Option<ApprovalSubject>, posts: &Posts) -> Self {
        let (author, place, post) = match subject {
            Some(it) => (Some(it.author.into()), Some(it.place), it.media.map(|media| posts.view(media))),
            None => (None, None, None),
        };
        Self {
            author,
            place,
            post,
            id: approval.id,
            kind: approval.kind,
            account: approval.account,
            conversation: approval.conversation,
            event: approval.event,
            decision: approval.decision,
            proposed: approval.proposed.into_iter().map(Into::into).collect(),
            reason: approval.reason,
            incoming_text: approval.incoming_text,
            status: approval.status,
            decided_by: approval.decided_by,
            decided_at: approval.decided_at,
            edited_text: approval.edited_text,
            comment: approval.comment,
            expires_at: approval.expires_at,
            created_at: approval.created_at,
        }
    }
}

/// Which approvals to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ApprovalQuery {
    /// Only this status.
    #[param(value_type = Option<schema::ApprovalStatus>)]
    status: Option<ApprovalStatus>,
}

/// List approvals, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/approvals", tag = "approvals", params(ApprovalQuery),
    responses((status = 200, body = Page<ApprovalView>)))]
async fn list_approvals(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<ApprovalQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<ApprovalView>>, Problem> {
    let approvals = state.ports.store.list_approvals(&access.tenant.id, query.status, page.request()).await?;
    let approvals = views(&state, &access, approvals).await?;
    Ok(Json(page.page(approvals, |approval| approval.id.0)))
}

/// Approvals as they are shown: with whom they answer, and where.
async fn views(
    state: &AppState,
    access: &TenantAccess,
    approvals: Vec<Approval>,
) -> Result<Vec<ApprovalView>, Problem> {
    let ids: Vec<ApprovalId> = approvals.iter().map(|approval| approval.id).collect();
    let subjects = state.ports.store.approval_subjects(&access.tenant.id, &ids).await?;
    let mut subjects: HashMap<ApprovalId, ApprovalSubject> = subjects.into_iter().collect();
    let posts = Posts::find(state, access, subjects.values().filter_map(|it| it.media.as_ref())).await?;
    let with_its_own = |approval: Approval| {
        let subject = subjects.remove(&approval.id);
        ApprovalView::new(approval, subject, &posts)
    };
    Ok(approvals.into_iter().map(with_its_own).collect())
}

/// One approval as it is shown.
async fn view(state: &AppState, access: &TenantAccess, approval: Approval) -> Result<ApprovalView, Problem> {
    let mut views = views(state, access, vec![approval]).await?;
    Ok(views.remove(0))
}

#[derive(Debug, Deserialize)]
struct ApprovalPath {
    approval: ApprovalId,
}

async fn find(state: &AppState, access: &TenantAccess, approval: &ApprovalId) -> Result<Approval, Problem> {
    let approval = state.ports.store.find_approval(&access.tenant.id, approval).await?;
    approval.ok_or_else(|| Problem::not_found("approval"))
}

/// Read an approval.
#[utoipa::path(get, path = "/tenants/{tenant}/approvals/{approval}", tag = "approvals",
    responses((status = 200, body = ApprovalView)))]
async fn get_approval(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<ApprovalPath>,
    State(state): State<AppState>,
) -> Result<Json<ApprovalView>, Problem> {
    let approval = find(&state, &access, &path.approval).await?;
    Ok(Json(view(&state, &access, approval).await?))
}
