//! Hints on their way to the router: many become one, so that its mailbox stays small.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenants::ids::TenantId;
use tenants::ports::Hint;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tracing::{debug, warn};

use super::locked;
use super::node::Node;
use super::part::Part;
use super::router::RouterMsg;

/// Least time between two looks at the whole database, however many hints were lost.
const LEAST_TIME_BETWEEN_POLLS: Duration = Duration::from_millis(200);
/// Ids in one query.
const VERSIONS_AT_ONCE: usize = 500;

/// Tenants somebody has said something about, and whether that concerned more than their events.
#[derive(Debug, Default)]
pub(super) struct PendingHints {
    tenants: Mutex<HashMap<TenantId, bool>>,
}

impl PendingHints {
    /// Adds a hint. True when it is the first one: then the router must be told.
    fn add(&self, tenant: TenantId, has_changed: bool) -> bool {
        let mut tenants = locked(&self.tenants);
        let is_first = tenants.is_empty();
        *tenants.entry(tenant).or_default() |= has_changed;
        is_first
    }

    /// Takes all of them: (tenant, settings or status changed).
    pub fn take(&self) -> HashMap<TenantId, bool> {
        std::mem::take(&mut locked(&self.tenants))
    }
}

/// Listens to hints and passes on those that concern the actors.
pub(super) async fn listen(
    node: Arc<Node>,
    mut hints: Receiver<Hint>,
    part: Part,
) -> super::part::PartResult {
    loop {
        let hint = tokio::select! {
            hint = hints.recv() => hint,
            () = part.stopping() => return Ok(()),
        };
        let is_first = match hint {
            Ok(Hint::Events(tenant)) => node.hints.add(tenant, false),
            Ok(Hint::TenantChanged(tenant)) => node.hints.add(tenant, true),
            Ok(Hint::DirectoryChanged) => {
                node.poll_now.notify_one();
                false
            }
            Ok(
                Hint::Effects(_)
                | Hint::Posts(_)
                | Hint::AccountRestored(..)
                | Hint::Audit(_)
                | Hint::AgencyAudit(_)
                | Hint::Verdict(_),
            ) => false,
            Err(RecvError::Lagged(lost)) => {
                debug!(lost, "hints were lost, looking at everything");
                node.poll_now.notify_one();
                false
            }
            Err(RecvError::Closed) => return Ok(()),
        };
        if is_first {
            node.tell_router(RouterMsg::Hints);
        }
    }
}

/// Looks into the database now and then for what hints should have told: at once at start, then every few
/// seconds.
pub(super) async fn poll(node: Arc<Node>, part: Part) -> super::part::PartResult {
    let mut versions_checked_at = node.now();
    loop {
        match node.ports.store.tenants_with_events().await {
            Ok(tenants) if tenants.is_empty() => {}
            Ok(tenants) => node.tell_router(RouterMsg::Found(tenants)),
            Err(error) => warn!(%error, "cannot look for waiting events"),
        }
        if node.now().since(versions_checked_at) >= node.settings.version_poll_every() {
            versions_checked_at = node.now();
            check_versions(&node).await;
        }
        part.beat();
        let pause = async {
            node.ports.clock.sleep(LEAST_TIME_BETWEEN_POLLS).await;
            tokio::select! {
                () = node.ports.clock.sleep(node.settings.poll_every()) => {}
                () = node.poll_now.notified() => {}
            }
        };
        tokio::select! {
            () = pause => {}
            () = part.stopping() => return Ok(()),
        }
    }
}

/// Finds tenants whose settings, rules, status or accounts have changed without a hint.
async fn check_versions(node: &Node) {
    let known = node.known_versions();
    let tenants: Vec<TenantId> = known.keys().copied().collect();
    for some in tenants.chunks(VERSIONS_AT_ONCE) {
        match node.ports.store.tenant_versions(some).await {
            Ok(found) => {
                let changed =
                    found.into_iter().filter(|(tenant, version)| known.get(tenant) != Some(version));
                for (tenant, _) in changed {
                    node.hints.add(tenant, true);
                }
                node.tell_router(RouterMsg::Hints);
            }
            Err(error) => warn!(%error, "cannot look for changed tenants"),
        }
    }
}
