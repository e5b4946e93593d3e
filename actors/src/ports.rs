//! What every actor is given.

use std::fmt;
use std::sync::Arc;

use llm::LlmRouter;
use tenants::clock::Clock;
use tenants::ids::Ids;
use tenants::ports::{Comms, Courier, Ledger, Memory, Messenger, Store, Wake};
use tenants::tasks::Tasks;

/// The outside world, as the actors see it. Built once at boot and shared.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Ids,
    /// Background tasks.
    pub tasks: Tasks,
    /// The database.
    pub store: Arc<dyn Store>,
    /// Money for language models, and what they cost: the same database.
    pub ledger: Arc<dyn Ledger>,
    /// What tenants remember.
    pub memory: Arc<dyn Memory>,
    /// Channels to people, notices, leads and briefings: the same database.
    pub comms: Arc<dyn Comms>,
    /// Carries messages to people, outside Instagram.
    pub courier: Arc<dyn Courier>,
    /// Instagram.
    pub messenger: Arc<dyn Messenger>,
    /// Language models.
    pub llm: Arc<dyn LlmRouter>,
    /// Hints.
    pub wake: Arc<dyn Wake>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}
