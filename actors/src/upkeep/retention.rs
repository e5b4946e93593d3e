//! Old rows go, a bounded number at a time, so that nobody waits long for the writer.

use std::time::Duration;

use tenants::clock::Timestamp;
use tenants::ports::Trimmed;
use tracing::{info, warn};

use super::RetentionSettings;
use crate::Ports;

/// Removes what is too old. What the database does not take is left to the next sweep.
pub(super) async fn sweep(ports: &Ports, settings: &RetentionSettings, now: Timestamp) {
    for what in Trimmed::ALL {
        let days = settings.days(*what);
        if days == 0 {
            continue;
        }
        let before = now - Duration::from_secs(days.saturating_mul(86_400));
        let removed = trim(ports, settings, *what, before).await;
        if removed > 0 {
            info!(%what, removed, %before, "old rows were removed");
        }
    }
}

async fn trim(ports: &Ports, settings: &RetentionSettings, what: Trimmed, before: Timestamp) -> u64 {
    let mut removed = 0;
    for _ in 0..settings.batches.max(1) {
        match ports.store.trim(what, before, settings.batch.max(1)).await {
            Ok(some) => {
                removed += some;
                if some < u64::from(settings.batch.max(1)) {
                    break;
                }
            }
            Err(error) => {
                warn!(%what, %error, "old rows could not be removed, trying again");
                break;
            }
        }
        // Others have their turn at the writer in between.
        ports.clock.sleep(Duration::from_millis(5)).await;
    }
    removed
}
