//! What the admin role looks after over all tenants, without waking any: effects that do not move, approvals whose time is
//! over, programs outside that have gone silent, and rows that are old.

pub mod forecast;
mod overdue;
mod retention;
mod silent;
mod stuck;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenants::ports::{Outside, Trimmed};

use crate::Ports;
use crate::supervision::{Part, PartResult};

pub use silent::outside_down_key;

/// How old rows may become. Every field has a default; unknown fields are errors. 0 keeps them for ever; the audit log is
/// always kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionSettings {
    /// Days for which events that are done, or set aside, are kept with their payload.
    pub events_days: u64,
    /// Days for which events of unknown accounts are kept.
    pub orphans_days: u64,
    /// Days for which resolved alerts are kept.
    pub alerts_days: u64,
    /// Days for which records of calls to language models are kept.
    pub calls_days: u64,
    /// Days for which deliveries to webhooks are kept, with their tries.
    pub deliveries_days: u64,
    /// Seconds between two sweeps.
    pub every_s: u64,
    /// Rows removed in one transaction.
    pub batch: u32,
    /// Transactions of one kind in one sweep; the rest waits for the next.
    pub batches: u32,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self {
            events_days: 400,
            orphans_days: 30,
            alerts_days: 180,
            calls_days: 400,
            deliveries_days: 30,
            every_s: 3_600,
            batch: 500,
            batches: 20,
        }
    }
}

impl RetentionSettings {
    /// The least days that events can be kept: a comparison with Instagram must not take an old comment for a missing
    /// one, nor a late webhook for a new one.
    pub const LEAST_EVENTS_DAYS: u64 = 14;

    fn days(&self, what: Trimmed) -> u64 {
        match what {
            Trimmed::Events => match self.events_days {
                0 => 0,
                days => days.max(Self::LEAST_EVENTS_DAYS),
            },
            Trimmed::Orphans => self.orphans_days,
            Trimmed::Alerts => self.alerts_days,
            Trimmed::Calls => self.calls_days,
            Trimmed::Deliveries => self.deliveries_days,
            // What the API promises: a repeated request is known for a day.
            Trimmed::Requests => 1,
        }
    }
}

/// Time between two looks for stuck effects.
const STUCK_EVERY: Duration = Duration::from_secs(300);
/// Time between two looks for overdue approvals. Nobody can approve one in between: its time is asked for again.
const OVERDUE_EVERY: Duration = Duration::from_secs(60);
/// Time between two looks for programs outside that are silent.
const SILENT_EVERY: Duration = Duration::from_secs(15);

/// Looks after effects and rows until the node stops. To be supervised.
///
/// # Errors
/// None: failures of the database are waited out.
pub async fn run(
    ports: Ports,
    outside: Arc<dyn Outside>,
    settings: RetentionSettings,
    part: Part,
) -> PartResult {
    let began = ports.clock.now();
    let (mut stuck_at, mut trim_at) = (began + STUCK_EVERY, began + STUCK_EVERY);
    let (mut overdue_at, mut silent_at) = (began + OVERDUE_EVERY, began + SILENT_EVERY);
    loop {
        let now = ports.clock.now();
        if stuck_at <= now {
            stuck::sweep(&ports, now).await;
            stuck_at = now + STUCK_EVERY;
        }
        if overdue_at <= now {
            overdue::sweep(&ports, now).await;
            overdue_at = now + OVERDUE_EVERY;
        }
        if silent_at <= now {
            silent::sweep(&ports, &*outside, now).await;
            silent_at = now + SILENT_EVERY;
        }
        if trim_at <= now {
            retention::sweep(&ports, &settings, now).await;
            trim_at = now + Duration::from_secs(settings.every_s.max(60));
        }
        tokio::select! {
            () = part.stopping() => return Ok(()),
            () = ports.clock.sleep_until(stuck_at.min(trim_at).min(overdue_at).min(silent_at)) => {}
        }
    }
}
