//! Programs outside that work for a tenant: their signs of life stand among those of its own agents.

use actors::upkeep::outside_down_key;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tenants::access::Permission;
use tenants::account::Tenant;
use tenants::changes::{Change, Changes};
use tenants::event::Role;
use tenants::ids::TenantId;
use tenants::ports::{AgentStatus, Heartbeat};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operations::HeartbeatView;
use crate::http::access::{Caller, require};
use crate::http::extract::JsonBody;
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

/// Longest name of a program.
const LONGEST_NAME: usize = 60;
/// Most programs of a tenant.
const MOST_AGENTS: usize = 50;
/// Parts of Troupe that are no roles.
const PARTS: [&str; 16] = [
    "tenant",
    "root",
    "router",
    "health",
    "dispatcher",
    "scheduler",
    "learner",
    "notices",
    "publishing",
    "budgets",
    "connections",
    "watch",
    "upkeep",
    "media",
    "database",
    "troupe",
];

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(beat))
}

/// Whether a name belongs to an agent within Troupe.
pub(super) fn is_inner(agent: &str) -> bool {
    PARTS.contains(&agent) || Role::ALL.iter().any(|role| role.as_str() == agent)
}

/// A sign of life.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewHeartbeat, example = json!({ "tenant": "ten_0190b6a0c0007000800000000000000a", "agent": "price-bot" }))]
struct Beat {
    /// The tenant it works for.
    #[schema(value_type = schema::Id)]
    tenant: TenantId,
    /// Its name: 1 to 60 small letters, digits, `-`, `_` and `.`; none of an agent within Troupe.
    #[schema(pattern = "^[a-z0-9._-]{1,60}$")]
    agent: String,
    /// `alive`, or `asleep` when it stops on purpose and nobody shall wait for it; `alive` when left out.
    #[serde(default = "alive")]
    #[schema(value_type = schema::AgentStatus)]
    status: AgentStatus,
}

fn alive() -> AgentStatus {
    AgentStatus::Alive
}

/// Give a sign of life, at least every 60 seconds: after a minute of silence the program is `down`, which raises an alert
/// until it beats again.
#[utoipa::path(post, path = "/agents/heartbeat", tag = "operations", request_body = Beat,
    responses((status = 200, body = HeartbeatView)))]
async fn beat(
    caller: Caller,
    State(state): State<AppState>,
    JsonBody(beat): JsonBody<Beat>,
) -> Result<Json<HeartbeatView>, Problem> {
    let tenant = tenant_of(&state, &caller, &beat.tenant).await?;
    check(&beat)?;
    let known = state.ports.store.list_heartbeats(&tenant.id).await?;
    let before = known.iter().find(|known| known.agent == beat.agent);
    let others = known.iter().filter(|known| !is_inner(&known.agent)).count();
    if before.is_none() && others >= MOST_AGENTS {
        let detail = format!("the tenant has {MOST_AGENTS} programs already: let some share a name");
        return Err(Problem::conflict(detail));
    }
    let now = state.ports.clock.now();
    let was_down = before.is_some_and(|before| before.status == AgentStatus::Down);
    let stored =
        Heartbeat { tenant: Some(tenant.id), agent: beat.agent, status: beat.status, last_beat_at: now };
    state.outside.put_outside_beat(&stored).await?;
    if was_down {
        let dedup_key = outside_down_key(tenant.id, &stored.agent);
        let over = Change::ResolveAlert { dedup_key, by: caller.actor(), at: now };
        state.ports.store.commit(Changes::of_tenant(tenant.id).with(over)).await?;
    }
    Ok(Json(HeartbeatView::at(now, stored)))
}

/// The tenant of the body, when the caller may do its daily work.
async fn tenant_of(state: &AppState, caller: &Caller, id: &TenantId) -> Result<Tenant, Problem> {
    let unknown = || Problem::not_found("tenant");
    let tenant = state.ports.store.find_tenant(id).await?.ok_or_else(unknown)?;
    let role = caller.role_for(&tenant).ok_or_else(unknown)?;
    require(caller, role, Permission::Operate)?;
    Ok(tenant)
}

fn check(beat: &Beat) -> Result<(), Problem> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if !(1..=LONGEST_NAME).contains(&beat.agent.len()) || !beat.agent.chars().all(is_plain) {
        return Err(Problem::invalid("agent", "must be 1 to 60 small letters, digits, `-`, `_` and `.`"));
    }
    if is_inner(&beat.agent) {
        return Err(Problem::invalid("agent", "this is the name of an agent within Troupe: choose another"));
    }
    if beat.status == AgentStatus::Down {
        return Err(Problem::invalid("status", "must be `alive` or `asleep`: who is down does not beat"));
    }
    Ok(())
}
