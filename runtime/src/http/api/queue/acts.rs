//! What people do to effects. The state decides: a second try finds the effect elsewhere and gets 409.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use tenants::changes::{Change, Changes, EffectMove};
use tenants::effect::{Effect, EffectState};
use tenants::ids::EffectId;
use tenants::ports::{Hint, StoreError};
use utoipa::ToSchema;

use super::view::EffectView;
use super::{EffectPath, find};
use crate::http::access::TenantAccess;
use crate::http::extract::PathIds;
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

/// A dead letter that is queued again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Retried {
    #[schema(value_type = schema::Id)]
    id: EffectId,
    /// Tries that had failed before.
    previous_retry_count: u32,
    /// What happens now.
    message: String,
}

/// Queue a dead letter again, with a fresh count of tries.
#[utoipa::path(post, path = "/tenants/{tenant}/queue/{effect}/retry", tag = "queue",
    responses((status = 200, body = Retried)))]
pub async fn retry(
    access: TenantAccess,
    PathIds(path): PathIds<EffectPath>,
    State(state): State<AppState>,
) -> Result<Json<Retried>, Problem> {
    let effect = find(&state, &access, &path.effect).await?;
    let now = state.ports.clock.now();
    let step = EffectMove {
        retry_count: Some(0),
        next_retry_at: Some(now),
        ..EffectMove::new(effect.id, &[EffectState::Dlq], EffectState::Pending, now)
    };
    commit(&state, &access, &effect, step, "effect.retried").await?;
    let message = "it is queued again and goes out as soon as limits allow".to_owned();
    Ok(Json(Retried { id: effect.id, previous_retry_count: effect.retry_count, message }))
}

/// Call an effect off that has not been sent.
#[utoipa::path(post, path = "/tenants/{tenant}/queue/{effect}/cancel", tag = "queue",
    responses((status = 200, body = EffectView)))]
pub async fn cancel(
    access: TenantAccess,
    PathIds(path): PathIds<EffectPath>,
    State(state): State<AppState>,
) -> Result<Json<EffectView>, Problem> {
    let effect = find(&state, &access, &path.effect).await?;
    let waiting = [EffectState::Pending, EffectState::Failed, EffectState::Dlq];
    let step = EffectMove::new(effect.id, &waiting, EffectState::Cancelled, state.ports.clock.now());
    commit(&state, &access, &effect, step, "effect.cancelled").await?;
    Ok(Json(find(&state, &access, &effect.id).await?.into()))
}

async fn commit(
    state: &AppState,
    access: &TenantAccess,
    effect: &Effect,
    step: EffectMove,
    event_type: &str,
) -> Result<(), Problem> {
    let tenant = access.tenant.id;
    let details = json!({ "from": effect.state, "to": step.to, "retry_count": effect.retry_count });
    let audit = access.caller.act(state).audit(event_type, ("effect", effect.id.to_string()), details);
    let changes = Changes::of_tenant(tenant).with(Change::MoveEffect(step)).with(audit);
    match state.ports.store.commit(changes).await {
        Ok(()) => {}
        Err(StoreError::Conflict(_)) => {
            let present = find(state, access, &effect.id).await?.state;
            let problem =
                Problem::conflict(format!("the effect is {present}: this is not possible any more"));
            return Err(problem.with("present", present.as_str()));
        }
        Err(error) => return Err(error.into()),
    }
    state.ports.wake.send(Hint::Effects(tenant));
    state.ports.wake.send(Hint::Audit(tenant));
    Ok(())
}
