//! How much of the queue is where, and when it will be empty.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tenants::ids::AccountId;
use utoipa::ToSchema;

use crate::http::access::TenantRead;
use crate::http::node::QueueEstimate;
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

/// How much of the queue is where.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueueStatus)]
pub struct StatusView {
    /// `action_type::status` → number of effects; pairs without effects are left out.
    #[schema(example = json!({ "reply_comment::sent": 120, "reply_comment::pending": 3 }))]
    counts: BTreeMap<String, i64>,
    /// Number of all effects.
    total: i64,
    /// Accounts with effects that wait.
    accounts: Vec<EstimateView>,
}

/// When the waiting effects of one account will have left.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueueEstimate)]
struct EstimateView {
    #[schema(value_type = schema::Id)]
    account: AccountId,
    /// Effects that wait.
    waiting: u64,
    /// Seconds until the last of them has left, by the present limits; `null` while the account's queue is stopped.
    eta_seconds: Option<u64>,
}

impl From<QueueEstimate> for EstimateView {
    fn from(estimate: QueueEstimate) -> Self {
        let eta_seconds = estimate.drained_in.map(|left| left.as_secs() + u64::from(left.subsec_nanos() > 0));
        Self { account: estimate.account, waiting: estimate.waiting, eta_seconds }
    }
}

/// Count the effects by action and status, with an estimate per account.
#[utoipa::path(get, path = "/tenants/{tenant}/queue/status", tag = "queue",
    responses((status = 200, body = StatusView)))]
pub async fn get_status(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<StatusView>, Problem> {
    let counts = state.ports.store.effect_counts(Some(&access.tenant.id)).await?;
    let estimates = state.node.queue_estimates(&access.tenant.id).await;
    Ok(Json(StatusView {
        total: counts.iter().map(|count| count.count).sum(),
        counts: counts
            .into_iter()
            .map(|count| (format!("{}::{}", count.action_type, count.state), count.count))
            .collect(),
        accounts: estimates.into_iter().map(Into::into).collect(),
    }))
}
