//! What can be asked of the writer.

use tenants::alert::NewAlert;
use tenants::changes::Changes;
use tenants::clock::Timestamp;
use tenants::event::NewEvent;
use tenants::ids::{AccountId, AgencyId, AlertId, KeyId, ReservationId, TenantId};
use tenants::models::{BudgetLine, BudgetScope, BudgetState, LlmCall, Reservation, Reserved};
use tenants::ports::{
    Accepted, CronTick, Delivery, Heartbeat, KeptAnswer, KeyTimes, KeyedRequest, TickPlan, Trimmed, Watched,
};
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
    MarkPlans { catalogue: String, at: Timestamp },
    PutPlan(Box<TickPlan>),
    RunTick { before: Box<CronTick>, event: Option<Box<NewEvent>>, after: Box<CronTick> },
    PutWatched { tenant: TenantId, account: AccountId, watched: Box<Watched>, at: Timestamp },
    HurryPolls { tenants: Vec<TenantId>, by: Timestamp },
    Trim { what: Trimmed, before: Timestamp, limit: u32 },
    Ledger(Entry),
    ForgetReservations { before: Timestamp },
    InterruptRehearsals { at: Timestamp },
    ForgetGrants { at: Timestamp },
    ClaimRequest { request: Box<KeyedRequest>, times: KeyTimes, again: bool },
    KeepAnswer { request: Box<KeyedRequest>, answer: Box<KeptAnswer>, at: Timestamp },
    ForgetRequest { request: Box<KeyedRequest> },
    LeaveRequest { request: Box<KeyedRequest>, begun_at: Timestamp },
    PutOutsideBeat(Box<Heartbeat>),
    MarkAgentDown(Box<Heartbeat>),
    Ping,
}

impl Work {
    /// About how many rows it writes.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::Accept(delivery) => delivery.events.len() + delivery.orphans.len() + delivery.alerts.len(),
            Self::Commit(changes) => changes.list.len(),
            Self::Ledger(Entry::Settle { calls, .. }) => calls.len() + 1,
            Self::Trim { limit, .. } => usize::try_from(*limit).unwrap_or(usize::MAX),
            _ => 1,
        }
    }
}

/// What is asked of the budgets.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    Reserve(Box<Reservation>),
    /// `agency` where the tenant is paid for out of a budget that its agency's tenants share.
    Settle {
        reservation: ReservationId,
        calls: Vec<LlmCall>,
        agency: Option<AgencyId>,
    },
    Expire {
        at: Timestamp,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Per event of a delivery.
    Accepted(Vec<Accepted>),
    /// Number of rows, where that tells something.
    Changed(u64),
    /// Whether a reservation was granted.
    Reserved(Box<Reserved>),
    /// The budgets after a settlement.
    Settled(Vec<BudgetState>),
}

impl Work {
    /// Work with the same id is applied by the same committer, in order.
    pub(crate) fn lane(&self) -> Uuid {
        match self {
            Work::Accept(delivery) => delivery.events.first().map_or(Uuid::nil(), |event| event.tenant.0),
            Work::Commit(changes) => changes.chain.uuid(),
            Work::RunTick { before, .. } => before.tenant.0,
            Work::PutPlan(plan) => plan.tenant.0,
            Work::PutWatched { tenant, .. } => tenant.0,
            Work::ClaimRequest { request, .. }
            | Work::KeepAnswer { request, .. }
            | Work::ForgetRequest { request }
            | Work::LeaveRequest { request, .. } => request.tenant.map_or(Uuid::nil(), |tenant| tenant.0),
            Work::PutOutsideBeat(beat) | Work::MarkAgentDown(beat) => {
                beat.tenant.map_or(Uuid::nil(), |tenant| tenant.0)
            }
            Work::Ledger(entry) => entry.agency().map_or_else(|| entry.owner(), |agency| agency.0),
            Work::RaiseAlert { .. }
            | Work::ResolveAlert { .. }
            | Work::TouchKey { .. }
            | Work::InterruptEffects { .. }
            | Work::PutHeartbeats(_)
            | Work::MarkPlans { .. }
            | Work::HurryPolls { .. }
            | Work::Trim { .. }
            | Work::ForgetReservations { .. }
            | Work::InterruptRehearsals { .. }
            | Work::ForgetGrants { .. }
            | Work::Ping => Uuid::nil(),
        }
    }

    /// Whose it is, where those who wait take turns.
    pub(crate) fn owner(&self) -> Uuid {
        match self {
            Work::Ledger(entry) => entry.owner(),
            _ => self.lane(),
        }
    }
}

impl Entry {
    /// The agency whose budget is touched. Everything that touches it goes to one committer: several would wait for each
    /// other's transactions, each holding the row that all of them need.
    fn agency(&self) -> Option<AgencyId> {
        match self {
            Entry::Reserve(reservation) => agency_of_lines(&reservation.lines),
            Entry::Settle { agency, .. } => *agency,
            Entry::Expire { .. } => None,
        }
    }

    /// The tenant; a release names none and may go anywhere, because nobody settles before they have reserved.
    fn owner(&self) -> Uuid {
        match self {
            Entry::Reserve(reservation) => reservation.tenant.0,
            Entry::Settle { reservation, calls, .. } => {
                calls.first().map_or(reservation.0, |call| call.tenant.0)
            }
            Entry::Expire { .. } => Uuid::nil(),
        }
    }
}

/// The agency whose budget is among these.
pub(crate) fn agency_of_lines(lines: &[BudgetLine]) -> Option<AgencyId> {
    lines.iter().find_map(|line| match line.scope {
        BudgetScope::Agency(agency) => Some(agency),
        BudgetScope::Tenant(_) | BudgetScope::Share(..) => None,
    })
}
