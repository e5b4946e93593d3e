//! Looks at accounts: compares what webhooks told with what Instagram shows and makes up for what is missing, and looks
//! after their health.
//!
//! When an account is looked at next stands in the database, so sleeping tenants need no actor for it, and 100,000 idle
//! accounts cost a few reads a second: the quieter an account, the less often it is polled (see
//! `WatchSettings::next_poll`); a webhook of a quiet one brings the next poll near again. A poll reads the list of
//! media with their numbers of comments, the comments of those whose number has changed, and the threads that moved.
//!
//! What is made up for is an event like a webhook's, with the same ids, so that a late webhook is a duplicate. What was
//! written a day or more ago is shown to a person instead of being answered (see `decide::suspicion`).

mod alerts;
mod compare;
mod engagement;
mod health;
mod poll;
mod settings;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use tenants::account::{Account, Tenant};
use tenants::clock::Timestamp;
use tenants::ids::TenantId;
use tenants::ports::{AccountWatch, Hint, StoreError};
use tokio::sync::broadcast::error::RecvError;
use tracing::warn;

use crate::Ports;
use crate::dispatcher::Dispatcher;
use crate::supervision::{Part, PartResult};

pub use settings::WatchSettings;

/// Accounts taken from the database at a time.
const BATCH: u32 = 200;
/// Longest sleep: new accounts are noticed at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// Tenants whose webhooks are remembered at most; beyond that the memory starts over.
const MAX_HEARD: usize = 50_000;

/// Looks at accounts. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Watcher(Arc<Shared>);

struct Shared {
    ports: Ports,
    dispatcher: Dispatcher,
    settings: WatchSettings,
    at_work: AtomicUsize,
    /// Tenants whose webhooks came since the last round, and when polls of others were brought near.
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    new: HashSet<TenantId>,
    hurried: HashMap<TenantId, Timestamp>,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watcher")
    }
}

impl Watcher {
    /// A watcher that does nothing before [`run`](Self::run).
    pub fn new(ports: Ports, dispatcher: Dispatcher, settings: WatchSettings) -> Self {
        let (at_work, heard) = (AtomicUsize::new(0), Mutex::default());
        Self(Arc::new(Shared { ports, dispatcher, settings, at_work, heard }))
    }

    /// Works until the node stops. To be supervised.
    ///
    /// # Errors
    /// None: failures of the database are waited out.
    pub async fn run(self, part: Part) -> PartResult {
        let ports = &self.0.ports;
        let mut hints = ports.wake.subscribe();
        loop {
            let sleep = match self.round().await {
                Ok(next) => next.map_or(LONGEST_SLEEP, |next| next.since(ports.clock.now())),
                Err(error) => {
                    warn!(%error, "accounts could not be looked at, trying again");
                    Duration::from_secs(5)
                }
            };
            let sleep = ports.clock.sleep(sleep.clamp(Duration::from_millis(20), LONGEST_SLEEP));
            tokio::pin!(sleep);
            loop {
                tokio::select! {
                    () = part.stopping() => return Ok(()),
                    () = &mut sleep => break,
                    hint = hints.recv() => match hint {
                        Ok(Hint::Events(tenant)) => self.heard_of(tenant),
                        Err(RecvError::Closed) => return Ok(()),
                        Ok(_) | Err(RecvError::Lagged(_)) => {}
                    },
                }
            }
        }
    }

    /// What is due now or under way; empty when all is quiet.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn busy(&self) -> Result<Vec<String>, StoreError> {
        let ports = &self.0.ports;
        let mut busy = Vec::new();
        if self.0.at_work.load(Ordering::SeqCst) > 0 {
            busy.push("accounts are being looked at".to_owned());
        }
        if ports.store.next_watch_at().await?.is_some_and(|at| at <= ports.clock.now()) {
            busy.push("an account is due to be looked at".to_owned());
        }
        Ok(busy)
    }

    /// Looks at every account that is due, and tells when the next one is.
    async fn round(&self) -> Result<Option<Timestamp>, StoreError> {
        let shared = &self.0;
        let store = &shared.ports.store;
        self.hurry().await?;
        loop {
            let now = shared.ports.clock.now();
            let (polls, checks) = (store.due_polls(now, BATCH).await?, store.due_checks(now, BATCH).await?);
            let looks = polls.iter().map(Look::Poll).chain(checks.iter().map(Look::Check));
            let looks: Vec<_> = looks.map(|look| self.look(look)).collect();
            let done = futures::stream::iter(looks)
                .buffer_unordered(shared.settings.at_once.max(1))
                .fold(Ok(()), |so_far, one| async move { so_far.and(one) });
            done.await?;
            if polls.len().max(checks.len()) < BATCH as usize {
                return store.next_watch_at().await;
            }
        }
    }

    async fn look(&self, look: Look<'_>) -> Result<(), StoreError> {
        let _at_work = AtWork::begin(&self.0.at_work);
        match look {
            Look::Poll(watch) => self.poll(watch).await,
            Look::Check(watch) => self.check(watch).await,
        }
    }

    /// The account and its tenant; `None` when one of them is gone, and the next plan takes the watch away.
    async fn find(&self, watch: &AccountWatch) -> Result<Option<(Tenant, Account)>, StoreError> {
        let store = &self.0.ports.store;
        let tenant = store.find_tenant(&watch.tenant).await?;
        Ok(tenant.zip(store.find_account(&watch.tenant, &watch.account).await?))
    }

    fn heard_of(&self, tenant: TenantId) {
        let mut heard = self.0.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.new.len() < MAX_HEARD {
            heard.new.insert(tenant);
        }
    }

    /// Something happens at these tenants: they are polled within the shortest period. Once per period and tenant, so
    /// that a flood of webhooks is one statement.
    async fn hurry(&self) -> Result<(), StoreError> {
        let now = self.0.ports.clock.now();
        let period = Duration::from_secs(self.0.settings.poll_every_s.max(1));
        let tenants: Vec<TenantId> = {
            let mut heard = self.0.heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.hurried.retain(|_, at| now.since(*at) < period);
            let new = std::mem::take(&mut heard.new);
            let tenants: Vec<_> =
                new.into_iter().filter(|tenant| !heard.hurried.contains_key(tenant)).collect();
            heard.hurried.extend(tenants.iter().map(|tenant| (*tenant, now)));
            tenants
        };
        for some in tenants.chunks(BATCH as usize) {
            self.0.ports.store.hurry_polls(some, now + period).await?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Look<'w> {
    Poll(&'w AccountWatch),
    Check(&'w AccountWatch),
}

/// Counts a look as under way as long as it lives.
struct AtWork<'a>(&'a AtomicUsize);

impl<'a> AtWork<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
