//! Signs of life, circuit breakers and token buckets.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tenants::breaker::BreakerState;
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, AppId, TenantId};
use tenants::ports::{AgentStatus, Heartbeat};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::{InstallationAccess, TenantRead};
use crate::http::extract::Page;
use crate::http::node::{BreakerStatus, BucketStatus};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

/// An agent that has not beaten for so long is down, whatever it said last.
const DOWN_AFTER: Duration = Duration::from_secs(60);

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_heartbeats))
        .routes(routes!(list_tenant_breakers))
        .routes(routes!(list_tenant_buckets))
        .routes(routes!(list_breakers))
        .routes(routes!(list_buckets))
}

/// The last sign of life of an agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Heartbeat)]
pub(super) struct HeartbeatView {
    /// `tenant`, a role, or the name of a program outside.
    agent: String,
    /// It is a program outside, which beats at `/agents/heartbeat`.
    outside: bool,
    /// `down` after 60 seconds of silence; `asleep` when there was nothing to do.
    #[schema(value_type = schema::AgentStatus)]
    status: AgentStatus,
    /// Last beat.
    #[schema(value_type = schema::Moment)]
    last_beat_at: Timestamp,
}

impl HeartbeatView {
    pub(super) fn at(now: Timestamp, beat: Heartbeat) -> Self {
        let is_silent = beat.status == AgentStatus::Alive && now.since(beat.last_beat_at) > DOWN_AFTER;
        let status = if is_silent { AgentStatus::Down } else { beat.status };
        let outside = !super::agents::is_inner(&beat.agent);
        Self { agent: beat.agent, outside, status, last_beat_at: beat.last_beat_at }
    }
}

/// A circuit breaker.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Breaker)]
struct BreakerView {
    /// What it protects against: `graph` for an account's Graph API, `llm` for a model.
    dependency: String,
    /// The account, or provider and model.
    name: String,
    /// The account, for `graph`.
    #[schema(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// The tenant whose account it is; `null` for what all tenants share.
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
    /// What it does with calls.
    #[schema(value_type = schema::BreakerState)]
    state: BreakerState,
    /// Failures since the last success.
    consecutive_failures: u32,
    /// Times it opened since this node started.
    times_opened: u64,
    /// When calls may be tried again; `null` while closed.
    #[schema(value_type = Option<schema::Moment>)]
    retry_at: Option<Timestamp>,
    /// Until when a model is left alone because its provider has asked for that (`Retry-After`, at most an hour); `null`
    /// when it is not.
    #[schema(value_type = Option<schema::Moment>)]
    rests_until: Option<Timestamp>,
}

impl From<BreakerStatus> for BreakerView {
    fn from(status: BreakerStatus) -> Self {
        Self {
            dependency: status.dependency,
            name: status.name,
            account: status.account,
            tenant: status.tenant,
            state: status.view.state,
            consecutive_failures: status.view.consecutive_failures,
            times_opened: status.view.times_opened,
            retry_at: status.view.retry_at.map(Timestamp::from_micros),
            rests_until: status.rests_until,
        }
    }
}

/// A token bucket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bucket)]
struct BucketView {
    /// What it limits.
    name: String,
    /// The account; `null` for what all accounts share.
    #[schema(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// The tenant whose account it is; `null` for what all tenants share.
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
    /// The agency's Meta app the calls are made with; `null` is the installation's own.
    #[schema(value_type = Option<schema::Id>)]
    app: Option<AppId>,
    /// Calls allowed in any hour; `null` without a cap of our own.
    capacity: Option<u32>,
    /// Calls left now.
    available: Option<u32>,
    /// Pace learned from Instagram's usage headers, as a part of the full one: 0 to 1.
    factor: f32,
    /// No call before this moment: paused by Instagram, or empty.
    #[schema(value_type = Option<schema::Moment>)]
    blocked_until: Option<Timestamp>,
}

impl From<BucketStatus> for BucketView {
    fn from(status: BucketStatus) -> Self {
        Self {
            name: status.name,
            account: status.account,
            tenant: status.tenant,
            app: status.app,
            capacity: status.capacity,
            available: status.available,
            factor: status.factor,
            blocked_until: status.blocked_until,
        }
    }
}

/// List the last signs of life of a tenant's agents.
#[utoipa::path(get, path = "/tenants/{tenant}/heartbeats", tag = "operations",
    responses((status = 200, body = Page<HeartbeatView>)))]
async fn list_heartbeats(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<Page<HeartbeatView>>, Problem> {
    let now = state.ports.clock.now();
    let beats = state.ports.store.list_heartbeats(&access.tenant.id).await?;
    Ok(Json(Page::whole(beats.into_iter().map(|beat| HeartbeatView::at(now, beat)))))
}

/// List the circuit breakers of a tenant's accounts, and those that all tenants share.
#[utoipa::path(get, path = "/tenants/{tenant}/breakers", tag = "operations",
    responses((status = 200, body = Page<BreakerView>)))]
async fn list_tenant_breakers(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Json<Page<BreakerView>> {
    Json(Page::whole(state.node.breakers(Some(&access.tenant.id)).await))
}

/// List the token buckets of a tenant's accounts, and those that all tenants share.
#[utoipa::path(get, path = "/tenants/{tenant}/buckets", tag = "operations",
    responses((status = 200, body = Page<BucketView>)))]
async fn list_tenant_buckets(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Json<Page<BucketView>> {
    Json(Page::whole(state.node.buckets(Some(&access.tenant.id)).await))
}

/// List all circuit breakers of this node. Needs a key of the installation.
#[utoipa::path(get, path = "/breakers", tag = "operations", responses((status = 200, body = Page<BreakerView>)))]
async fn list_breakers(
    _access: InstallationAccess,
    State(state): State<AppState>,
) -> Json<Page<BreakerView>> {
    Json(Page::whole(state.node.breakers(None).await))
}

/// List all token buckets of this node. Needs a key of the installation.
#[utoipa::path(get, path = "/buckets", tag = "operations", responses((status = 200, body = Page<BucketView>)))]
async fn list_buckets(_access: InstallationAccess, State(state): State<AppState>) -> Json<Page<BucketView>> {
    Json(Page::whole(state.node.buckets(None).await))
}
