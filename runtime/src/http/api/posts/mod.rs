//! Posts: planned, approved, published.

mod acts;
mod calendar;
mod captions;
mod document;
mod import;
mod outside;
mod settle;
mod templates;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tenants::access::UserRole;
use tenants::changes::Changes;
use tenants::ids::{AccountId, PostId};
use tenants::ports::{Hint, PostFilter, Sending, StoreError};
use tenants::post::{Approver, Post, PostState};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::document::{CheckView, JobLogView, ProblemView};
pub(super) use self::document::{PostDocument, PostView};
pub(super) use self::outside::publish_as;
use crate::http::access::{TenantAccess, TenantOperate, TenantRead, TenantReadShared};
use crate::http::extract::{JsonBody, Page, PageOf, PathIds, QueryOf};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;
use crate::posts::{Edited, Looked, PostError, PostSources, lost_answer};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_posts, create_post))
        .routes(routes!(check_post))
        .routes(routes!(get_post, put_post))
        .routes(routes!(list_job_logs))
        .merge(acts::router())
        .merge(calendar::router())
        .merge(captions::router())
        .merge(import::router())
        .merge(settle::router())
        .merge(templates::router())
}

/// Which posts to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PostQuery {
    /// Only this state.
    #[param(value_type = Option<schema::PostState>)]
    state: Option<PostState>,
    /// Only this account.
    #[param(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
}

/// List posts, newest first. Clients see what was put before them, scheduled or published, and neither drafts nor what was
/// called off.
#[utoipa::path(get, path = "/tenants/{tenant}/posts", tag = "posts", params(PostQuery),
    responses((status = 200, body = Page<PostView>)))]
async fn list_posts(
    TenantReadShared(access): TenantReadShared,
    QueryOf(query): QueryOf<PostQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<PostView>>, Problem> {
    let only_shared = access.role == UserRole::Client;
    let filter = PostFilter { state: query.state, account: query.account, only_shared };
    let mut posts = state.ports.posts.list_posts(&access.tenant.id, &filter, page.request()).await?;
    posts.iter_mut().for_each(|post| tell_sending(&state, post));
    let posts = posts.into_iter().map(|post| seen_by(access.role, post)).collect();
    Ok(Json(page.page(posts, |post: &Post| post.id.0)))
}

/// Create a post. With `scheduled_at` it is checked, and scheduled or asks for approval; without, it is a draft, whatever
/// is wrong with it.
#[utoipa::path(post, path = "/tenants/{tenant}/posts", tag = "posts", request_body = PostDocument,
    responses((status = 201, body = PostView)))]
async fn create_post(
    TenantOperate(access): TenantOperate,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<PostDocument>,
) -> Result<Response, Problem> {
    let allows_duplicates = document.allows_duplicates();
    let new = document.into_new(&state, &access).await?;
    let looked = PostSources::of(&state.ports).look_at(&access.tenant.id, &new.draft, None).await?;
    let may_be_like_others = allows_duplicates || new.scheduled_at.is_none();
    refuse_duplicates(&looked, may_be_like_others)?;
    let settings = state.ports.store.find_settings(&access.tenant.id).await?.unwrap_or_default();
    let edited =
        access.caller.act(&state).create_post(&access.tenant, settings.post_approval, new, &looked)?;
    commit(&state, &access, unlike_others(edited.changes, &looked, may_be_like_others)).await?;
    Ok((StatusCode::CREATED, tagged(&access, edited.post)).into_response())
}

/// Check a post without storing anything: everything that keeps it from being published, and posts like it.
#[utoipa::path(post, path = "/tenants/{tenant}/posts/validate", tag = "posts", request_body = PostDocument,
    responses((status = 200, body = CheckView)))]
async fn check_post(
    TenantOperate(access): TenantOperate,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<PostDocument>,
) -> Result<Json<CheckView>, Problem> {
    let new = document.into_new(&state, &access).await?;
    let looked = PostSources::of(&state.ports).look_at(&access.tenant.id, &new.draft, None).await?;
    Ok(Json(looked.into()))
}

#[derive(Debug, Deserialize)]
struct PostPath {
    post: PostId,
}

async fn find(state: &AppState, access: &TenantAccess, post: &PostId) -> Result<Post, Problem> {
    let post = state.ports.posts.find_post(&access.tenant.id, post).await?;
    let post = post.filter(|post| is_seen_by(access.role, post));
    post.ok_or_else(|| Problem::not_found("post"))
}

/// The same, with what keeps it from being published.
async fn find_and_look(
    state: &AppState,
    access: &TenantAccess,
    post: &PostId,
) -> Result<(Post, Looked), Problem> {
    let before = find(state, access, post).await?;
    let sources = PostSources::of(&state.ports);
    let looked = sources.look_at(&access.tenant.id, &before.draft, Some(&before)).await?;
    Ok((before, looked))
}

/// Read a post. The `ETag` is its version.
#[utoipa::path(get, path = "/tenants/{tenant}/posts/{post}", tag = "posts", responses((status = 200, body = PostView)))]
async fn get_post(
    TenantReadShared(access): TenantReadShared,
    PathIds(path): PathIds<PostPath>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let mut post = find(&state, &access, &path.post).await?;
    if let Some(told) = lost_answer(&*state.ports.posts, &post).await? {
        post.progress.waits_for = Some(told);
    }
    tell_sending(&state, &mut post);
    Ok(tagged(&access, post))
}

/// While a file of a post is sent, that is what it waits for.
fn tell_sending(state: &AppState, post: &mut Post) {
    let Some(Sending { sent, total }) = state.ports.platform.sending(post.id) else { return };
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let told = format!("its video to arrive: {:.1} of {:.1} MiB are sent", mib(sent), mib(total));
    post.progress.waits_for = Some(told);
}

/// Replace a post's content and moment. Send the `ETag` in `If-Match`, so that nobody's changes are lost. Approvals of
/// other content start over.
#[utoipa::path(put, path = "/tenants/{tenant}/posts/{post}", tag = "posts", request_body = PostDocument,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of the post that was read.")),
    responses((status = 200, body = PostView)))]
async fn put_post(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<PostPath>,
    headers: HeaderMap,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<PostDocument>,
) -> Result<Response, Problem> {
    let before = find(&state, &access, &path.post).await?;
    require_version(&headers, &before)?;
    let allows_duplicates = document.allows_duplicates();
    let new = document.into_new(&state, &access).await?;
    let looked = PostSources::of(&state.ports).look_at(&access.tenant.id, &new.draft, Some(&before)).await?;
    refuse_duplicates(&looked, allows_duplicates || new.scheduled_at.is_none())?;
    let edited = access.caller.act(&state).edit_post(&access.tenant, &before, new, &looked)?;
    match store(&state, &access, edited).await {
        Err(problem) if problem.kind() == ProblemKind::Conflict => {
            // Somebody else was quicker by a moment: the same as if it had been by more.
            require_version(&headers, &find(&state, &access, &path.post).await?)?;
            Err(problem)
        }
        answer => answer,
    }
}

/// List what was tried for a post, oldest first.
#[utoipa::path(get, path = "/tenants/{tenant}/posts/{post}/job-logs", tag = "posts",
    responses((status = 200, body = Page<JobLogView>)))]
async fn list_job_logs(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<PostPath>,
    State(state): State<AppState>,
) -> Result<Json<Page<JobLogView>>, Problem> {
    let post = find(&state, &access, &path.post).await?;
    Ok(Json(Page::whole(state.ports.posts.job_logs(&access.tenant.id, &post.id).await?)))
}

/// Stores an edited post; says how it stands when somebody else was quicker.
async fn store(state: &AppState, access: &TenantAccess, edited: Edited) -> Result<Response, Problem> {
    let id = edited.post.id;
    match state.ports.store.commit(edited.changes).await {
        Ok(()) => {}
        Err(StoreError::Conflict(problem)) => {
            let present = find(state, access, &id).await?;
            return Err(Problem::conflict(problem)
                .with("present", present.state.as_str())
                .with("version", present.version));
        }
        Err(error) => return Err(error.into()),
    }
    tell(state, access);
    Ok(tagged(access, find(state, access, &id).await?))
}

async fn commit(state: &AppState, access: &TenantAccess, changes: Changes) -> Result<(), Problem> {
    state.ports.store.commit(changes).await?;
    tell(state, access);
    Ok(())
}

fn tell(state: &AppState, access: &TenantAccess) {
    let tenant = access.tenant.id;
    for hint in [Hint::Posts(tenant), Hint::Effects(tenant), Hint::Audit(tenant)] {
        state.ports.wake.send(hint);
    }
}

/// Whether somebody of this role may see the post at all.
fn is_seen_by(role: UserRole, post: &Post) -> bool {
    role != UserRole::Client || post.state.is_shared()
}

/// A post as somebody of this role may see it. What the agency says among itself about it, who of it does, and what its
/// installation lacks is not the client's business.
fn seen_by(role: UserRole, mut post: Post) -> Post {
    const AGENCY: &str = "agency";
    if role != UserRole::Client {
        return post;
    }
    for opinion in &mut post.approval.opinions {
        if opinion.approver == Approver::Internal {
            (opinion.by, opinion.comment) = (AGENCY.to_owned(), None);
        }
    }
    post.created_by = AGENCY.to_owned();
    post.error = post.error.map(|_| "it could not be published yet: the agency sees to it".to_owned());
    post.progress.waits_for = None;
    post
}

/// A post with its version as `ETag`.
fn tagged(access: &TenantAccess, post: Post) -> Response {
    let tag = HeaderValue::from_str(&format!("\"{}\"", post.version));
    let mut response = Json(PostView::from(seen_by(access.role, post))).into_response();
    response.headers_mut().extend(tag.ok().map(|tag| (header::ETAG, tag)));
    response
}

/// Refuses an edit of an older version, and says how the post stands now.
fn require_version(headers: &HeaderMap, present: &Post) -> Result<(), Problem> {
    let Some(wanted) = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()) else {
        return Ok(());
    };
    let fits = |tag: &str| {
        tag == "*" || tag.trim_start_matches("W/").trim_matches('"') == present.version.to_string()
    };
    if wanted.split(',').map(str::trim).any(fits) {
        return Ok(());
    }
    let detail = format!(
        "the post was changed in the meantime: it is at version {}, {}",
        present.version, present.state
    );
    Err(Problem::new(ProblemKind::PreconditionFailed, detail)
        .with("version", present.version)
        .with("present", serde_json::to_value(PostView::from(present.clone())).unwrap_or_default()))
}

/// The changes on the condition that nobody has planned the same at this moment.
fn unlike_others(changes: Changes, looked: &Looked, may_be_like_others: bool) -> Changes {
    if may_be_like_others {
        return changes;
    }
    Changes { list: std::iter::once(looked.expected()).chain(changes.list).collect(), ..changes }
}

fn refuse_duplicates(looked: &Looked, allowed: bool) -> Result<(), Problem> {
    match looked.duplicates.first() {
        Some(like) if !allowed => Err(PostError::Duplicate(like.id).into()),
        _ => Ok(()),
    }
}

impl From<PostError> for Problem {
    fn from(error: PostError) -> Self {
        let detail = error.to_string();
        match error {
            PostError::Problems(problems) => {
                let list: Vec<_> = problems.into_iter().map(ProblemView::from).collect();
                Problem::new(ProblemKind::InvalidContent, detail).with("problems", json!(list))
            }
            PostError::WrongState { state, .. } => Problem::conflict(detail).with("present", state.as_str()),
            PostError::Moment(problem) => Problem::invalid("scheduled_at", problem),
            PostError::NotApproved(policy) => Problem::conflict(detail).with("approval", policy.as_str()),
            PostError::Duplicate(post) => Problem::conflict(detail).with("duplicate_of", post.to_string()),
        }
    }
}
