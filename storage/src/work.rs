//! What can be asked of the writer.

use tenants::alert::NewAlert;
use tenants::changes::Changes;
use tenants::clock::Timestamp;
use tenants::event::NewEvent;
use tenants::ids::{AgencyId, AlertId, KeyId};
use tenants::ports::{Accepted, CronTick, Delivery, Heartbeat};
use uuid::Uuid;

/// One unit of work: applied wholly or not at all.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    Accept(Delivery),
    Commit(Changes),
    RaiseAlert { alert: Box<NewAlert>, at: Timestamp },
    ResolveAlert { agency: AgencyId, alert: AlertId, by: String, at: Timestamp },
    TouchKey { key: KeyId, at: Timestamp },
    InterruptEffects { at: Timestamp },
    PutHeartbeats(Vec<Heartbeat>),
    AddTicks(Vec<CronTick>),
    RunTick { tick: CronTick, event: Option<Box<NewEvent>>, next_run: Timestamp },
    Ping,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Per event of a delivery.
    Accepted(Vec<Accepted>),
    /// Number of rows, where that tells something.
    Changed(u64),
}

impl Work {
    /// Work with the same id is applied by the same committer, in order.
    pub(crate) fn lane(&self) -> Uuid {
        match self {
            Work::Accept(delivery) => delivery.events.first().map_or(Uuid::nil(), |event| event.tenant.0),
            Work::Commit(changes) => changes.chain.uuid(),
            Work::RunTick { tick, .. } => tick.tenant.0,
            Work::RaiseAlert { .. }
            | Work::ResolveAlert { .. }
            | Work::TouchKey { .. }
            | Work::InterruptEffects { .. }
            | Work::PutHeartbeats(_)
            | Work::AddTicks(_)
            | Work::Ping => Uuid::nil(),
        }
    }
}
