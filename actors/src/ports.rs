//! What every actor is given.

use std::fmt;
use std::sync::Arc;

use llm::LlmRouter;
use tenants::clock::Clock;
use tenants::ids::Ids;
use tenants::ports::{
    ActivityReader, Comms, Connections, Connector, Courier, Ledger, MediaLibrary, Memory, Messenger,
    PlatformAdapter, Posts, PublicMedia, Store, Wake,
};
use tenants::tasks::Tasks;

use crate::intel::Intel;

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
    /// The media library: the same database.
    pub media: Arc<dyn MediaLibrary>,
    /// Addresses under which Instagram fetches media.
    pub public_media: Arc<dyn PublicMedia>,
    /// Instagram.
    pub messenger: Arc<dyn Messenger>,
    /// The logins of Meta.
    pub connector: Arc<dyn Connector>,
    /// Attempts to connect accounts, and facts about tokens: the same database.
    pub connections: Arc<dyn Connections>,
    /// Posts: the same database.
    pub posts: Arc<dyn Posts>,
    /// Where posts are published.
    pub platform: Arc<dyn PlatformAdapter>,
    /// Numbers of accounts and media, and what is made of them.
    pub intel: Intel,
    /// What Instagram shows of comments and messages.
    pub activity: Arc<dyn ActivityReader>,
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
