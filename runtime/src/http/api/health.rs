//! Health: whether a tenant's accounts work, and what will run out.

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::clocks::{HealthView, health_of};
use crate::http::access::TenantRead;
use crate::http::problem::Problem;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_tenant_health))
}

/// Read how a tenant's accounts are: token, webhooks, circuit breaker, queue, last event, and how they compare with
/// Instagram; which ticks fail; and when the budget for language models and tokens will run out at the present pace.
#[utoipa::path(get, path = "/tenants/{tenant}/health", tag = "operations",
    responses((status = 200, body = HealthView)))]
async fn get_tenant_health(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<HealthView>, Problem> {
    let ports = &state.ports;
    let breakers = state.node.breakers(Some(&access.tenant.id)).await;
    let (store, ledger) = (ports.store.as_ref(), ports.ledger.as_ref());
    Ok(Json(health_of(store, ledger, &access.tenant, &breakers, ports.clock.now()).await?))
}
