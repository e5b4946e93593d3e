//! Hints inside one process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tenants::ids::TenantId;
use tenants::ports::{Hint, Wake};
use tokio::sync::{broadcast, watch};

/// How many hints a listener may lag behind before it is told to look at everything.
const KEPT_HINTS: usize = 4_096;

/// Carries hints between the parts of one process.
#[derive(Debug, Clone)]
pub struct LocalWake {
    all: broadcast::Sender<Hint>,
    /// Logs that somebody follows.
    logs: Arc<Mutex<HashMap<TenantId, watch::Sender<()>>>>,
}

impl Default for LocalWake {
    fn default() -> Self {
        Self { all: broadcast::Sender::new(KEPT_HINTS), logs: Arc::default() }
    }
}

impl Wake for LocalWake {
    fn send(&self, hint: Hint) {
        if let Hint::Audit(tenant) = &hint {
            self.log_grew(tenant);
        }
        // An error says that nobody listens, which is no loss: whoever comes later looks at everything first.
        let _ = self.all.send(hint);
    }

    fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.all.subscribe()
    }

    fn watch_log(&self, tenant: &TenantId) -> watch::Receiver<()> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.entry(*tenant).or_insert_with(|| watch::Sender::new(())).subscribe()
    }
}

impl LocalWake {
    /// Tells who follows the log; a log that nobody follows any more is forgotten.
    fn log_grew(&self, tenant: &TenantId) {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = logs.get(tenant)
            && log.send(()).is_err()
        {
            logs.remove(tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: u128) -> TenantId {
        TenantId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn who_follows_a_log_is_woken_by_this_log_only() {
        let wake = LocalWake::default();
        let (bakery, florist) = (tenant(1), tenant(2));
        let (mut of_bakery, of_florist) = (wake.watch_log(&bakery), wake.watch_log(&florist));
        wake.send(Hint::Audit(bakery));
        wake.send(Hint::Events(florist));
        assert!(of_bakery.has_changed().unwrap());
        assert!(!of_florist.has_changed().unwrap());
        of_bakery.mark_unchanged();
        assert!(!of_bakery.has_changed().unwrap());
    }

    #[test]
    fn a_log_that_nobody_follows_any_more_takes_no_place() {
        let wake = LocalWake::default();
        let (one, other) = (wake.watch_log(&tenant(1)), wake.watch_log(&tenant(1)));
        drop(one);
        wake.send(Hint::Audit(tenant(1)));
        assert!(other.has_changed().unwrap());
        drop(other);
        wake.send(Hint::Audit(tenant(1)));
        assert!(wake.logs.lock().unwrap().is_empty());
    }
}
