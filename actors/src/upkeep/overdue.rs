//! Approvals whose time is over: nobody can act on them any more, so they do not wait for people either.

use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ports::StoreError;
use tracing::warn;

use crate::Ports;

/// Looks once. What the database does not answer is left to the next sweep.
pub(super) async fn sweep(ports: &Ports, now: Timestamp) {
    if let Err(error) = expire(ports, now).await {
        warn!(%error, "overdue approvals could not be expired, trying again");
    }
}

async fn expire(ports: &Ports, now: Timestamp) -> Result<(), StoreError> {
    for tenant in ports.store.tenants_with_overdue_approvals(now).await? {
        let expired = Change::ExpireOverdueApprovals { at: now };
        // The trouble of one tenant is not that of the others.
        if let Err(error) = ports.store.commit(Changes::of_tenant(tenant).with(expired)).await {
            warn!(tenant.id = %tenant, %error, "overdue approvals stay until the next sweep");
        }
    }
    Ok(())
}
