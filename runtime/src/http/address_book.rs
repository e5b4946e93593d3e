//! Who is behind an external account id. The webhook asks for every item, so the answer is in memory.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tenants::account::Account;
use tenants::clock::{Clock, Timestamp};
use tenants::ports::{Store, StoreError};
use tokio::sync::Mutex;

/// A miss asks the database at most this often: floods of unknown accounts must not become floods of queries.
const MISS_PAUSE: Duration = Duration::from_secs(1);

/// External account id → account, over all tenants.
pub struct AddressBook {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    pages: ArcSwap<HashMap<Box<str>, Arc<Account>>>,
    /// When a miss last read the database. Held while reading, so that others with a miss wait for the answer.
    last_miss_read: Mutex<Option<Timestamp>>,
}

impl AddressBook {
    /// An empty book; [`Self::refresh`] fills it.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, pages: ArcSwap::default(), last_miss_read: Mutex::new(None) }
    }

    /// Reads all accounts from the database.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let accounts = self.store.all_accounts().await?;
        let pages =
            accounts.into_iter().map(|account| (account.external_id.as_str().into(), Arc::new(account)));
        self.pages.store(Arc::new(pages.collect()));
        Ok(())
    }

    /// The account with Instagram's id `external_id`. An unknown id reads the database again, at most once a
    /// second: the account may have been connected a moment ago, on another node.
    pub async fn find(&self, external_id: &str) -> Result<Option<Arc<Account>>, StoreError> {
        if let Some(account) = self.look_up(external_id) {
            return Ok(Some(account));
        }
        let mut last_read = self.last_miss_read.lock().await;
        if let Some(account) = self.look_up(external_id) {
            return Ok(Some(account));
        }
        let now = self.clock.now();
        if last_read.is_some_and(|last| now.since(last) < MISS_PAUSE) {
            return Ok(None);
        }
        self.refresh().await?;
        *last_read = Some(now);
        Ok(self.look_up(external_id))
    }

    fn look_up(&self, external_id: &str) -> Option<Arc<Account>> {
        self.pages.load().get(external_id).cloned()
    }
}

impl std::fmt::Debug for AddressBook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AddressBook({} accounts)", self.pages.load().len())
    }
}
