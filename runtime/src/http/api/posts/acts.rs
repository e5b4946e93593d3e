//! What people do with a post: decided by its state, so that repeating one does no harm.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use tenants::access::UserRole;
use tenants::clock::Timestamp;
use tenants::post::{Approver, PostState};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::document::{LinkDocument, LinkView, PostView};
use super::{PostPath, find, find_and_look, store};
use crate::http::access::{TenantAccess, TenantOperate, TenantReview};
use crate::http::extract::{JsonBody, OptionalBody, PathIds, maybe_words};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;
use crate::posts::PostLink;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(schedule_post))
        .routes(routes!(cancel_post))
        .routes(routes!(publish_post))
        .routes(routes!(retry_post))
        .routes(routes!(approve_post))
        .routes(routes!(reject_post))
        .routes(routes!(link_approval))
}

/// A moment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PostSchedule, example = json!({ "at": "2040-01-01T09:00:00Z" }))]
struct Schedule {
    /// When it shall be published.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
}

/// A remark.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = PostRemark)]
struct Remark {
    /// For the record.
    #[serde(deserialize_with = "maybe_words")]
    comment: Option<String>,
}

/// Schedule a post, or move it to another moment.
#[utoipa::path(post, path = "/tenants/{tenant}/posts/{post}/schedule", tag = "posts", request_body = Schedule,
    responses((status = 200, body = PostView)))]
async fn schedule_post(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<PostPath>,
    State(state): State<AppState>,
    JsonBody(schedule): JsonBody<Schedule>,
) -> Result<Response, Problem> {
    let (before, looked) = find_and_look(&state, &access, &path.post).await?;
    let edited = access.caller.act(&state).schedule_post(&access.tenant, &before, schedule.at, &looked)?;
    store(&state, &access, edited).await
}

/// Cancel a post. One that is being published can be cancelled until the last step begins.
#[utoipa::path(post, path = "/tenants/{tenant}/posts/{post}/cancel", tag = "posts",
    responses((status = 200, body = PostView)))]
async fn cancel_post(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<PostPath>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let before = find(&state, &access, &path.post).await?;
    let effects = state.ports.posts.effects_of_post(&access.tenant.id, &before.id).await?;
    let edited = access.caller.act(&state).cancel_post(&before, &effects)?;
    store(&state, &access, edited).await
}

/// Publish a post now.
#[utoipa::path(post, path = "/tenants/{tenant}/posts/{post}/publish", tag = "posts",
    responses((status = 200, body = PostView)))]
async fn publish_post(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<PostPath>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let (before, looked) = find_and_look(&state, &access, &path.post).await?;
    let edited = access.caller.act(&state).publish_post_now(&before, &looked)?;
    store(&state, &access, edited).await
}

/// Retry a post that was given up.
#[utoipa::path(post, path = "/tenants/{tenant}/posts/{post}/retry", tag = "posts",
    responses((status = 200, body = PostView)))]
async fn retry_post(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<PostPath>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let (before, looked) = find_and_look(&state, &access, &path.post).await?;
    let edited = access.caller.act(&state).retry_post(&before, &looked)?;
    store(&state, &access, edited).await
}

/// Approve a post for the agency. When nobody else is asked, it waits for its moment from then on.
#[utoipa::path(post, path = "/tenants/{tenant}/posts/{post}/approve", tag = "posts", request_body = Option<Remark>,
    responses((status = 200, body = PostView)))]
async fn approve_post(
    TenantReview(access): TenantReview,
    PathIds(path): PathIds<PostPath>,
    State(state): State<AppState>,
    OptionalBody(remark): OptionalBody<Remark>,
) -> Result<Response, Problem> {
    judge(&state, &access, &path, true, remark).await
}

/// Reject a post: it is not published.
#[utoipa::path(post, path = "/tenants/{tenant}/posts/{post}/reject", tag = "posts", request_body = Option<Remark>,
    responses((status = 200, body = PostView)))]
async fn reject_post(
    TenantReview(access): TenantReview,
    PathIds(path): PathIds<PostPath>,
    State(state): State<AppState>,
    OptionalBody(remark): OptionalBody<Remark>,
) -> Result<Response, Problem> {
    judge(&state, &access, &path, false, remark).await
}

/// Make a signed address under which the client approves or rejects the post without an account.
#[utoipa::path(post, path = "/tenants/{tenant}/posts/{post}/approval-link", tag = "posts",
    request_body = Option<LinkDocument>, responses((status = 200, body = LinkView)))]
async fn link_approval(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<PostPath>,
    State(state): State<AppState>,
    OptionalBody(link): OptionalBody<LinkDocument>,
) -> Result<Json<LinkView>, Problem> {
    let post = find(&state, &access, &path.post).await?;
    if post.state != PostState::Pending {
        let detail = "only pending posts are approved: schedule it with approvals switched on";
        return Err(Problem::conflict(detail).with("present", post.state.as_str()));
    }
    Ok(Json(link.make(&state, &access, PostLink::Approval(post.id), 14)?))
}

async fn judge(
    state: &AppState,
    access: &TenantAccess,
    path: &PostPath,
    approved: bool,
    remark: Remark,
) -> Result<Response, Problem> {
    let before = find(state, access, &path.post).await?;
    let act = access.caller.act(state);
    // The brand's own people speak for the client, however they sign in.
    let approver = if access.role == UserRole::Client { Approver::Client } else { Approver::Internal };
    let edited = act.judge_post(&before, approver, approved, remark.comment)?;
    store(state, access, edited).await
}
