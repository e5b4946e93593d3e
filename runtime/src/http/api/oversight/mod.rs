//! Asking why: conversations about a tenant, whose answers name their records.

mod chat;
mod views;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tenants::ids::OversightId;
use tenants::oversight::OversightChange;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::views::{ConversationView, SessionView};
use crate::http::access::TenantRead;
use crate::http::extract::{Page, PageOf, PathIds};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;
use crate::oversight::AskError;

/// Turns of a conversation that are shown.
const TURNS: u32 = 200;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_oversight_sessions))
        .routes(routes!(get_oversight_session, delete_oversight_session))
        .routes(routes!(close_oversight_session))
}

/// Questions, whose answers have five minutes.
pub(super) fn questions() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(chat::ask_why))
}

#[derive(Debug, Deserialize)]
struct SessionPath {
    oversight: OversightId,
}

/// List your conversations about a tenant, newest first. Nobody sees those of others.
#[utoipa::path(get, path = "/tenants/{tenant}/oversight/sessions", tag = "oversight",
    responses((status = 200, body = Page<SessionView>)))]
async fn list_oversight_sessions(
    TenantRead(access): TenantRead,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<SessionView>>, Problem> {
    let (tenant, by) = (&access.tenant.id, access.caller.actor());
    let found = state.oversight.sessions().list_oversight(tenant, &by, page.request()).await?;
    Ok(Json(page.page(found, |session| session.id.0)))
}

/// Read one of your conversations with everything that was asked and answered, oldest first.
#[utoipa::path(get, path = "/tenants/{tenant}/oversight/sessions/{oversight}", tag = "oversight",
    responses((status = 200, body = ConversationView)))]
async fn get_oversight_session(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<SessionPath>,
    State(state): State<AppState>,
) -> Result<Json<ConversationView>, Problem> {
    let (tenant, by, sessions) = (&access.tenant.id, access.caller.actor(), state.oversight.sessions());
    let session = sessions.find_oversight(tenant, &by, &path.oversight).await?;
    let session = session.ok_or_else(|| Problem::not_found("conversation"))?;
    let first = tenants::ports::PageRequest::first(TURNS);
    let mut turns = sessions.oversight_turns(tenant, &path.oversight, first).await?;
    turns.reverse();
    Ok(Json(ConversationView::new(session, turns)))
}

/// Close one of your conversations: it stays to be read and takes no further question.
#[utoipa::path(post, path = "/tenants/{tenant}/oversight/sessions/{oversight}/close", tag = "oversight",
    responses((status = 204, description = "It is closed.")))]
async fn close_oversight_session(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<SessionPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    let by = access.caller.actor();
    state.oversight.end(&access.tenant, &by, OversightChange::Close(path.oversight)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete one of your conversations with everything that was said.
#[utoipa::path(delete, path = "/tenants/{tenant}/oversight/sessions/{oversight}", tag = "oversight",
    responses((status = 204, description = "It is gone.")))]
async fn delete_oversight_session(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<SessionPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    let by = access.caller.actor();
    state.oversight.end(&access.tenant, &by, OversightChange::Delete(path.oversight)).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::TooMany(left) => Problem::new(
                ProblemKind::TooManyRequests,
                format!("{error}: wait as long as `Retry-After` says"),
            )
            .retry_after(left.as_secs().max(1)),
            AskError::AgentDown => {
                let detail = "the tenant's agent shows no sign of life, so its state is not known: ask again in a minute, \
                              and look at its heartbeats and alerts if it stays";
                Problem::new(ProblemKind::Unavailable, detail).with("code", "AGENT_DOWN").retry_after(60)
            }
            AskError::NoSession => Problem::not_found("conversation"),
            AskError::Closed => Problem::conflict(error.to_string()),
            AskError::Store(error) => error.into(),
        }
    }
}
