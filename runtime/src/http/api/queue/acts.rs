//! What people do to effects. The state decides: a second try finds the effect elsewhere and gets 409.

use actors::dispatcher::{self, OperationError};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tenants::changes::Changes;
use tenants::effect::{Effect, EffectState};
use tenants::ids::EffectId;
use tenants::ports::{Hint, StoreError};
use utoipa::ToSchema;

use super::view::EffectView;
use super::{EffectPath, find};
use crate::http::access::{TenantAccess, TenantOperate};
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
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<EffectPath>,
    State(state): State<AppState>,
) -> Result<Json<Retried>, Problem> {
    let effect = find(&state, &access, &path.effect).await?;
    let act = access.caller.act(&state);
    commit(&state, &access, &effect, dispatcher::retry_from_dlq(&effect, &act.by, act.ids, act.at)?).await?;
    let message = "it is queued again and goes out as soon as limits allow".to_owned();
    Ok(Json(Retried { id: effect.id, previous_retry_count: effect.retry_count, message }))
}

/// Call an effect off that has not been sent.
#[utoipa::path(post, path = "/tenants/{tenant}/queue/{effect}/cancel", tag = "queue",
    responses((status = 200, body = EffectView)))]
pub async fn cancel(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<EffectPath>,
    State(state): State<AppState>,
) -> Result<Json<EffectView>, Problem> {
    let effect = find(&state, &access, &path.effect).await?;
    let act = access.caller.act(&state);
    commit(&state, &access, &effect, dispatcher::cancel(&effect, &act.by, act.ids, act.at)?).await?;
    Ok(Json(find(&state, &access, &effect.id).await?.into()))
}

async fn commit(
    state: &AppState,
    access: &TenantAccess,
    effect: &Effect,
    changes: Changes,
) -> Result<(), Problem> {
    let tenant = access.tenant.id;
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

fn moved_on(detail: String, present: EffectState) -> Problem {
    Problem::conflict(detail).with("present", present.as_str())
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        let present = match &error {
            OperationError::NotWaiting(present) | OperationError::NotDead(present) => *present,
            OperationError::StepOfPost(post) => {
                return Self::conflict(error.to_string()).with("post", post.to_string());
            }
        };
        moved_on(error.to_string(), present)
    }
}
