//! What the running node knows about itself, for the HTTP side.

use std::collections::BTreeMap;
use std::time::Duration;

use actors::Ports;
use actors::dispatcher::Dispatcher;
use actors::supervision::Troupe;
use async_trait::async_trait;
use tenants::ids::TenantId;
use tenants::ports::AgentStatus;
use tracing::warn;

use crate::http::{BreakerStatus, BucketStatus, NodeView, QueueEstimate};

/// The node's actors and dispatcher, seen from outside.
pub(super) struct View {
    ports: Ports,
    troupe: Troupe,
    dispatcher: Dispatcher,
}

impl View {
    pub(super) fn new(ports: Ports, troupe: Troupe, dispatcher: Dispatcher) -> Self {
        Self { ports, troupe, dispatcher }
    }

    /// One account's estimate: the last of its kinds of effects to leave decides.
    async fn estimate(&self, tenant: &TenantId, account: &tenants::ids::AccountId) -> Option<QueueEstimate> {
        let waiting = match self.ports.store.waiting_effects(tenant, account).await {
            Ok(waiting) => waiting,
            Err(error) => {
                warn!(%error, "the waiting effects could not be counted");
                return None;
            }
        };
        let total: i64 = waiting.iter().map(|count| count.count).sum();
        if total == 0 {
            return None;
        }
        let now = self.ports.clock.now();
        let mut drained_in = Some(Duration::ZERO);
        let by_action: BTreeMap<_, i64> =
            waiting.iter().map(|count| (count.action_type, count.count)).collect();
        for action in by_action.keys() {
            let eta = self.dispatcher.eta(tenant, account, *action).await.ok().flatten();
            drained_in = drained_in.zip(eta).map(|(longest, eta)| longest.max(eta.since(now)));
        }
        Some(QueueEstimate { account: *account, waiting: total.unsigned_abs(), drained_in })
    }
}

#[async_trait]
impl NodeView for View {
    async fn breakers(&self, tenant: Option<&TenantId>) -> Vec<BreakerStatus> {
        let of_accounts = self.dispatcher.breakers().into_iter().map(|breaker| BreakerStatus {
            dependency: "graph".to_owned(),
            name: breaker.account.to_string(),
            tenant: Some(breaker.tenant),
            account: Some(breaker.account),
            view: breaker.view,
            rests_until: None,
        });
        let of_models = self.ports.llm.breakers().into_iter().map(|breaker| BreakerStatus {
            dependency: "llm".to_owned(),
            name: breaker.name,
            tenant: None,
            account: None,
            view: breaker.view,
            rests_until: breaker.rests_until,
        });
        of_accounts.chain(of_models).filter(|breaker| concerns(breaker.tenant, tenant)).collect()
    }

    async fn buckets(&self, tenant: Option<&TenantId>) -> Vec<BucketStatus> {
        let buckets = self.dispatcher.buckets().into_iter().map(|bucket| BucketStatus {
            name: bucket.bucket.to_owned(),
            tenant: bucket.tenant,
            account: bucket.account,
            app: bucket.app,
            capacity: bucket.capacity,
            available: bucket.available,
            factor: bucket.factor,
            blocked_until: bucket.blocked_until,
        });
        buckets.filter(|bucket| concerns(bucket.tenant, tenant)).collect()
    }

    async fn queue_estimates(&self, tenant: &TenantId) -> Vec<QueueEstimate> {
        let accounts = match self.ports.store.list_accounts(tenant).await {
            Ok(accounts) => accounts,
            Err(error) => {
                warn!(%error, "the accounts could not be listed");
                return Vec::new();
            }
        };
        let mut estimates = Vec::new();
        for account in accounts {
            estimates.extend(self.estimate(tenant, &account.id).await);
        }
        estimates
    }

    async fn obstacles(&self) -> Vec<String> {
        let parts = self.troupe.heartbeats();
        let down = parts.iter().filter(|beat| beat.tenant.is_none() && beat.status == AgentStatus::Down);
        down.map(|beat| format!("{} is down", beat.agent)).collect()
    }

    async fn refresh_metrics(&self) {
        // The dispatcher and the actors keep their gauges themselves.
    }
}

/// What all tenants share concerns everybody; the rest only its tenant.
fn concerns(owner: Option<TenantId>, asked: Option<&TenantId>) -> bool {
    match (owner, asked) {
        (Some(owner), Some(asked)) => owner == *asked,
        _ => true,
    }
}
