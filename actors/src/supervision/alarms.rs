//! Alerts about the actors themselves. Raised in the background, so that no supervisor waits for the database.

use std::sync::Arc;

use serde_json::{Value, json};
use tenants::alert::{AlertType, NewAlert};
use tenants::changes::{Change, Changes};
use tenants::ids::{AlertId, EventId, TenantId};
use tenants::ports::StoreError;
use tracing::error;

use super::node::Node;
use super::pulses::Agent;

/// Who resolves alerts about parts that came back.
const RESOLVED_BY: &str = "supervision";
/// Tries before an alert that cannot be stored is given up; the log has it all the same.
const TRIES: u32 = 10;

/// Something about the actors that somebody must know.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Alarm {
    pub tenant: Option<TenantId>,
    pub alert_type: AlertType,
    pub message: String,
    pub details: Value,
    pub dedup_key: String,
}

impl Alarm {
    /// A part has failed too often.
    pub fn quarantine(tenant: Option<TenantId>, part: &str, reason: &str, pause_s: u64) -> Self {
        Self {
            tenant,
            alert_type: AlertType::Quarantine,
            message: format!(
                "`{part}` has failed repeatedly and was taken out of service; its events wait. It is tried again \
                 after {pause_s} s, or when it is released."
            ),
            details: json!({ "part": part, "error": reason }),
            dedup_key: quarantine_key(tenant, part),
        }
    }

    /// An event has failed too often. Raised in the commit that sets it aside.
    pub fn poison_event(tenant: TenantId, event: EventId, reason: &str) -> Self {
        Self {
            tenant: Some(tenant),
            alert_type: AlertType::Quarantine,
            message: format!("event {event} has failed repeatedly and was set aside; the others go on"),
            details: json!({ "event": event, "error": reason }),
            dedup_key: format!("quarantine:{tenant}:{event}"),
        }
    }

    /// An agent has been silent for too long.
    pub fn agent_down(agent: &Agent, silent_s: u64) -> Self {
        Self {
            tenant: agent.tenant,
            alert_type: AlertType::AgentDown,
            message: format!(
                "`{}` has given no sign of life for {silent_s} s and is being restarted",
                agent.name
            ),
            details: json!({ "agent": agent.name }),
            dedup_key: agent_down_key(agent),
        }
    }

    /// The alert, for the agency of the tenant (or the installation).
    pub fn into_alert(self, node: &Node, agency: Option<tenants::ids::AgencyId>) -> NewAlert {
        NewAlert {
            id: AlertId::new(&node.ports.ids),
            agency,
            tenant: self.tenant,
            alert_type: self.alert_type,
            severity: None,
            message: self.message,
            details: self.details,
            dedup_key: self.dedup_key,
        }
    }
}

/// Unresolved quarantine alerts of a part are one alert.
pub(super) fn quarantine_key(tenant: Option<TenantId>, part: &str) -> String {
    match tenant {
        Some(tenant) => format!("quarantine:{tenant}:{part}"),
        None => format!("quarantine:node:{part}"),
    }
}

/// Unresolved alerts about a silent agent are one alert.
pub(super) fn agent_down_key(agent: &Agent) -> String {
    match agent.tenant {
        Some(tenant) => format!("agent_down:{tenant}:{}", agent.name),
        None => format!("agent_down:node:{}", agent.name),
    }
}

impl Node {
    /// Raises an alert in the background.
    pub fn raise(self: &Arc<Self>, alarm: Alarm) {
        error!(alert = %alarm.alert_type, tenant.id = ?alarm.tenant, "{}", alarm.message);
        let node = Arc::clone(self);
        self.ports.tasks.spawn("raise-alert", async move {
            let dedup_key = alarm.dedup_key.clone();
            let stored = node.with_patience(|| store_alarm(&node, alarm.clone())).await;
            if let Err(error) = stored {
                error!(%error, dedup_key, "an alert could not be stored");
            }
        });
    }

    /// Resolves the alert of a tenant's part that came back, in the background. Alerts of the node itself have
    /// no chain to record it on and are left to a person.
    pub fn resolve(self: &Arc<Self>, tenant: TenantId, dedup_key: String) {
        let node = Arc::clone(self);
        self.ports.tasks.spawn("resolve-alert", async move {
            let stored = node
                .with_patience(|| {
                    let at = node.ports.clock.now();
                    let resolve =
                        Change::ResolveAlert { dedup_key: dedup_key.clone(), by: RESOLVED_BY.to_owned(), at };
                    node.ports.store.commit(Changes::of_tenant(tenant).with(resolve))
                })
                .await;
            if let Err(error) = stored {
                error!(%error, dedup_key, "an alert could not be resolved");
            }
        });
    }

    async fn with_patience<F, T>(&self, mut act: F) -> Result<(), StoreError>
    where
        F: FnMut() -> T,
        T: Future<Output = Result<(), StoreError>>,
    {
        let mut failures = 0;
        loop {
            match act().await {
                Err(StoreError::Unavailable(_)) if failures < TRIES && !self.ports.tasks.is_stopping() => {
                    failures += 1;
                    self.back_off(failures).await;
                }
                other => return other,
            }
        }
    }
}

async fn store_alarm(node: &Node, alarm: Alarm) -> Result<(), StoreError> {
    let agency = match alarm.tenant {
        Some(tenant) => node.ports.store.find_tenant(&tenant).await?.map(|tenant| tenant.agency),
        None => None,
    };
    node.ports.store.raise_alert(alarm.into_alert(node, agency), node.ports.clock.now()).await
}
