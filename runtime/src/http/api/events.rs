//! Events as they came in.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenants::clock::Timestamp;
use tenants::event::{EventKind, EventSource, InboxEvent};
use tenants::ids::{AccountId, EventId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::TenantRead;
use crate::http::extract::PathIds;
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_event))
}

/// Something that came in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
struct EventView {
    #[schema(value_type = schema::Id)]
    id: EventId,
    /// The account it came to; `null` for ticks.
    #[schema(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// How it reached us.
    #[schema(value_type = schema::EventSource)]
    source: EventSource,
    /// What it is about.
    #[schema(value_type = schema::EventKind)]
    kind: EventKind,
    /// The same delivery gives the same text.
    external_id: String,
    /// Events with the same key are worked on in order.
    conversation_key: String,
    /// When it happened, by Instagram's word.
    #[schema(value_type = schema::Moment)]
    occurred_at: Timestamp,
    /// When it was stored.
    #[schema(value_type = schema::Moment)]
    received_at: Timestamp,
    /// How many times work on it has failed.
    attempts: u32,
    /// The item of the payload as it came.
    raw: Value,
}

impl EventView {
    fn new(event: InboxEvent, raw: Value) -> Self {
        Self {
            id: event.id,
            account: event.account,
            source: event.source,
            kind: event.kind,
            external_id: event.external_id,
            conversation_key: event.conversation_key,
            occurred_at: event.occurred_at,
            received_at: event.received_at,
            attempts: event.attempts,
            raw,
        }
    }
}

#[derive(Debug, Deserialize)]
struct EventPath {
    event: EventId,
}

/// Read an event as it came in.
#[utoipa::path(get, path = "/tenants/{tenant}/events/{event}", tag = "events",
    responses((status = 200, body = EventView)))]
async fn get_event(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<EventPath>,
    State(state): State<AppState>,
) -> Result<Json<EventView>, Problem> {
    let event = state.ports.store.find_event(&access.tenant.id, &path.event).await?;
    let (event, raw) = event.ok_or_else(|| Problem::not_found("event"))?;
    Ok(Json(EventView::new(event, raw)))
}
