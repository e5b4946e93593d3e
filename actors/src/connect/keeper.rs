//! The background part: repeats what failed, deletes what is to be deleted, seals anew.

use std::time::Duration;

use tenants::changes::Changes;
use tenants::clock::Timestamp;
use tenants::ports::{Hint, StoreError};
use tracing::{info, warn};

use super::deletion::delete_all;
use super::refresh::renewal;
use super::reseal::reseal_all;
use crate::Ports;
use crate::supervision::Part;

/// Time between two sweeps.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// Time between two looks at what old keys have sealed, unless a new key comes.
const KEYS_EVERY: Duration = Duration::from_secs(600);
/// Renewals repeated in one sweep.
const BATCH: u32 = 50;

/// What was last done about keys.
#[derive(Debug, Default)]
struct Keys {
    current: String,
    looked_at: Option<Timestamp>,
}

/// Works until the node stops. Failures of the database are waited out.
pub async fn keep(ports: Ports, part: Part) {
    let mut hints = ports.wake.subscribe();
    let mut keys = Keys::default();
    loop {
        if let Err(error) = sweep(&ports, &mut keys).await {
            warn!(%error, "connections could not be looked after, trying again");
        }
        let sleep = ports.clock.sleep(SWEEP_EVERY);
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                () = part.stopping() => return,
                () = &mut sleep => break,
                hint = hints.recv() => match hint {
                    Ok(Hint::DirectoryChanged) => break,
                    Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    // Nobody will ever send again; the clock alone goes on.
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => {
                        tokio::select! {
                            () = part.stopping() => return,
                            () = &mut sleep => break,
                        }
                    }
                },
            }
        }
    }
}

async fn sweep(ports: &Ports, keys: &mut Keys) -> Result<(), StoreError> {
    repeat_renewals(ports).await?;
    delete_all(ports).await?;
    follow_keys(ports, keys).await
}

async fn repeat_renewals(ports: &Ports) -> Result<(), StoreError> {
    for (tenant, account) in ports.connections.refreshes_due(ports.clock.now(), BATCH).await? {
        let Some(agency) = ports.store.find_tenant(&tenant).await?.map(|tenant| tenant.agency) else {
            continue;
        };
        let Some(found) = ports.store.find_account(&tenant, &account).await? else { continue };
        let facts = ports.connections.token_facts(&tenant).await?;
        let Some(facts) = facts.into_iter().find(|facts| facts.account == account) else { continue };
        let mut changes = Changes::of_tenant(tenant);
        changes.list = renewal(ports, Some(agency), &found, &facts).await;
        if !changes.list.is_empty() {
            ports.store.commit(changes).await?;
            ports.connector.forget(&account);
            ports.wake.send(Hint::TenantChanged(tenant));
        }
    }
    Ok(())
}

async fn follow_keys(ports: &Ports, keys: &mut Keys) -> Result<(), StoreError> {
    let (now, current) = (ports.clock.now(), ports.connector.sealing_key());
    let is_fresh = keys.looked_at.is_some_and(|at| now.since(at) < KEYS_EVERY);
    if is_fresh && keys.current == current {
        return Ok(());
    }
    ports.connections.forget_old_grants(now).await?;
    let resealed =
        reseal_all(ports.store.as_ref(), ports.connections.as_ref(), ports.connector.as_ref(), now).await?;
    if resealed.done > 0 {
        info!(secrets = resealed.done, key = current, "secrets are sealed with the new key");
    }
    *keys = Keys { current, looked_at: Some(now) };
    Ok(())
}
