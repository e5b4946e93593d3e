//! The actors of Troupe: supervision, decisions and the dispatcher.
//!
//! The way of an event: the [`supervision`] tree wakes the tenant's actor, which hands the event to the role
//! actor and its conversation lane; the lane [`decide`]s and commits; the [`dispatcher`] performs the effects.
//! Actors see only the ports of `tenants` and the `llm` router: no HTTP, no SQL, no Graph API.

mod briefings;
pub mod budgets;
pub mod connect;
pub mod decide;
pub mod dispatcher;
pub mod intel;
mod leads;
pub mod learning;
pub mod notices;
pub mod oversight;
pub mod ports;
pub mod publishing;
pub mod rehearsal;
pub mod supervision;
#[cfg(test)]
pub(crate) mod testing;
mod ticks;
pub mod upkeep;
pub mod watch;
pub mod webhooks;

pub use ports::Ports;
