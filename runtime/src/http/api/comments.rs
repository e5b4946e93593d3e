//! Comments and mentions.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenants::clock::Timestamp;
use tenants::conversation::{Comment, CommentStatus};
use tenants::ids::{AccountId, CommentId, ConversationId, EventId};
use tenants::intent::{Intent, Language, Sentiment};
use tenants::ports::CommentFilter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::people::PersonView;
use crate::http::access::TenantRead;
use crate::http::extract::{Page, PageOf, PathIds, QueryOf};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_comments)).routes(routes!(get_comment))
}

/// A comment under the tenant's media, or a mention elsewhere.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comment)]
struct CommentView {
    #[schema(value_type = schema::Id)]
    id: CommentId,
    #[schema(value_type = schema::Id)]
    account: AccountId,
    /// Its thread.
    #[schema(value_type = schema::Id)]
    conversation: ConversationId,
    /// The event that brought it.
    #[schema(value_type = schema::Id)]
    event: EventId,
    /// Instagram's id.
    external_id: String,
    /// The top-level comment, on replies.
    parent_external_id: Option<String>,
    /// The media.
    media_external_id: Option<String>,
    /// Who wrote it.
    author: PersonView,
    /// What it says.
    text: String,
    /// Intent found.
    #[schema(value_type = Option<schema::Intent>)]
    intent: Option<Intent>,
    /// Its probability, 0 to 1.
    confidence: Option<f32>,
    /// Feeling found.
    #[schema(value_type = Option<schema::Sentiment>)]
    sentiment: Option<Sentiment>,
    /// Language found.
    #[schema(value_type = Option<schema::Language>)]
    language: Option<Language>,
    /// Where it stands.
    #[schema(value_type = schema::CommentStatus)]
    status: CommentStatus,
    /// The reply that was sent or drafted.
    reply: Option<String>,
    /// Tags set by rules.
    tags: Vec<String>,
    /// Person it was assigned to by a rule.
    assigned_to: Option<String>,
    /// When it was written.
    #[schema(value_type = schema::Moment)]
    occurred_at: Timestamp,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

impl From<Comment> for CommentView {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id,
            account: comment.account,
            conversation: comment.conversation,
            event: comment.event,
            external_id: comment.external_id,
            parent_external_id: comment.parent_external_id,
            media_external_id: comment.media_external_id,
            author: comment.author.into(),
            text: comment.text,
            intent: comment.intent,
            confidence: comment.confidence,
            sentiment: comment.sentiment,
            language: comment.language,
            status: comment.status,
            reply: comment.reply,
            tags: comment.tags,
            assigned_to: comment.assigned_to,
            occurred_at: comment.occurred_at,
            created_at: comment.created_at,
        }
    }
}

/// Which comments to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CommentQuery {
    /// Only this status.
    #[param(value_type = Option<schema::CommentStatus>)]
    status: Option<CommentStatus>,
    /// Only this intent.
    #[param(value_type = Option<schema::Intent>)]
    intent: Option<Intent>,
    /// Only this account.
    #[param(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// Only this conversation.
    #[param(value_type = Option<schema::Id>)]
    conversation: Option<ConversationId>,
}

/// List comments, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/comments", tag = "comments", params(CommentQuery),
    responses((status = 200, body = Page<CommentView>)))]
async fn list_comments(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<CommentQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<CommentView>>, Problem> {
    let CommentQuery { status, intent, account, conversation } = query;
    let filter = CommentFilter { status, intent, account, conversation };
    let comments = state.ports.store.list_comments(&access.tenant.id, &filter, page.request()).await?;
    Ok(Json(page.page(comments, |comment| comment.id.0)))
}

#[derive(Debug, Deserialize)]
struct CommentPath {
    comment: CommentId,
}

/// Read a comment.
#[utoipa::path(get, path = "/tenants/{tenant}/comments/{comment}", tag = "comments",
    responses((status = 200, body = CommentView)))]
async fn get_comment(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<CommentPath>,
    State(state): State<AppState>,
) -> Result<Json<CommentView>, Problem> {
    let comment = state.ports.store.find_comment(&access.tenant.id, &path.comment).await?;
    Ok(Json(comment.ok_or_else(|| Problem::not_found("comment"))?.into()))
}
