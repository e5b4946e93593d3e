//! Programs outside that said they were alive and have beaten no more: they are down, and their people are told.

use std::time::Duration;

use serde_json::json;
use tenants::alert::{AlertType, NewAlert};
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ids::{AlertId, TenantId};
use tenants::ports::{Heartbeat, Outside, StoreError};
use tracing::warn;

use crate::Ports;

/// How long a program may be silent; the same as for agents within.
const DOWN_AFTER: Duration = Duration::from_secs(60);
/// Programs that are looked at in one sweep; the rest waits for the next.
const AT_ONCE: u32 = 100;

/// Unresolved alerts about a silent program are one alert.
pub fn outside_down_key(tenant: TenantId, agent: &str) -> String {
    format!("agent_down:{tenant}:{agent}")
}

/// Raises an alert for each that has gone silent. What the database does not take is left to the next sweep.
pub(super) async fn sweep(ports: &Ports, outside: &dyn Outside, now: Timestamp) {
    let silent = match outside.silent_agents(now - DOWN_AFTER, AT_ONCE).await {
        Ok(silent) => silent,
        Err(error) => return warn!(%error, "silent programs outside could not be looked for"),
    };
    for beat in silent {
        if let Err(error) = take_for_down(ports, outside, &beat, now).await {
            warn!(%error, agent = beat.agent, "a silent program outside could not be marked");
        }
    }
}

/// The alert comes before the mark: a crash between them raises it once more, and none is lost. Who has beaten meanwhile
/// is not down after all.
async fn take_for_down(
    ports: &Ports,
    outside: &dyn Outside,
    beat: &Heartbeat,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(id) = beat.tenant else { return Ok(()) };
    let Some(tenant) = ports.store.find_tenant(&id).await? else { return Ok(()) };
    let agent = &beat.agent;
    let alert = NewAlert {
        id: AlertId::new(&ports.ids),
        agency: Some(tenant.agency),
        tenant: Some(id),
        alert_type: AlertType::AgentDown,
        severity: None,
        message: format!(
            "`{agent}`, a program outside, has given no sign of life since {}: look whether it runs, and can reach this \
             installation",
            beat.last_beat_at
        ),
        details: json!({ "agent": agent, "outside": true, "last_beat_at": beat.last_beat_at }),
        dedup_key: outside_down_key(id, agent),
    };
    ports.store.commit(Changes::of_tenant(id).with(Change::RaiseAlert(Box::new(alert), now))).await?;
    if !outside.mark_agent_down(beat).await? {
        let dedup_key = outside_down_key(id, agent);
        let over = Change::ResolveAlert { dedup_key, by: "upkeep".to_owned(), at: now };
        ports.store.commit(Changes::of_tenant(id).with(over)).await?;
    }
    Ok(())
}
