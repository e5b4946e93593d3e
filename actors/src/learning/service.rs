//! Learns from verdicts that nobody learned from at once: those of take-overs, and those before a crash.

use std::sync::Arc;
use std::time::Duration;

use tenants::ids::TenantId;
use tenants::ports::{Hint, StoreError};
use tracing::warn;

use super::Learner;
use crate::supervision::Part;

/// Hints can be lost; this often verdicts are looked for without one.
const PERIOD: Duration = Duration::from_secs(60);

/// Runs until the node stops.
pub async fn run(learner: Arc<Learner>, part: Part) {
    let mut hints = learner.ports.wake.subscribe();
    loop {
        if let Err(error) = learner.sweep().await {
            warn!(%error, "verdicts could not be looked up, trying again later");
        }
        let sleep = learner.ports.clock.sleep(PERIOD);
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                () = part.stopping() => return,
                () = &mut sleep => break,
                hint = hints.recv() => match hint {
                    Ok(Hint::Verdict(tenant)) => learner.learn_for(&tenant).await,
                    Ok(_) => {}
                    Err(_) => break,
                },
            }
        }
    }
}

impl Learner {
    async fn sweep(&self) -> Result<(), StoreError> {
        for tenant in self.ports.store.tenants_with_unlearned_verdicts().await? {
            self.learn_for(&tenant).await;
        }
        Ok(())
    }

    /// [`Learner::catch_up`], for those who have something else to do: failures are logged, and made up for later.
    pub async fn learn_for(&self, tenant: &TenantId) {
        if let Err(error) = self.catch_up(tenant).await {
            warn!(tenant.id = %tenant, %error, "verdicts wait to be learned from");
        }
    }
}
