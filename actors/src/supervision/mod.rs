//! The supervision tree: root, router, tenants, roles and conversation lanes.
//!
//! ```text
//! Root ── Router ── TenantActor ── RoleActor × 5 ── lanes (one task per conversation at work)
//!   ├──── Health     reads events,    keeps one queue     decide and commit
//!   └──── parts      hands them out   per conversation
//! ```
//!
//! Messages say "look"; the work itself waits in the database until a tenant's actor reads it. An actor that
//! fails is started again by the one above it, after a back-off; one that fails too often is quarantined with an
//! alert while the rest go on. What is in hand is known to the `workload`, which outlives every actor: that is
//! why a crash neither loses an event nor changes the order within a conversation.
//!
//! *One more background part of the node* (a scheduler, a poller) is a loop given to [`Troupe::supervise`].

mod alarms;
mod decider;
mod desk;
mod health;
mod hints;
mod lane;
mod metrics;
mod node;
mod panics;
mod part;
mod pull;
mod pulses;
mod restarts;
mod role;
mod root;
mod router;
mod settings;
mod tenant;
#[cfg(test)]
pub(crate) mod tests;
mod troupe;
mod watched;
mod workload;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use part::{Part, PartResult};
pub use settings::{ActorSettings, InvalidActorSetting};
#[cfg(any(test, feature = "testing"))]
pub use troupe::Misbehaviour;
pub use troupe::{StartError, Troupe};

/// Locks a mutex whose data are whole after every statement, so that a panic elsewhere has not harmed them.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
