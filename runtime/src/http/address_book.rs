//! Who is behind an external account id. The webhook asks for every item, so the answer is in memory.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tenants::account::Account;
use tenants::ports::{Store, StoreError};

type Pages = HashMap<Box<str>, Arc<Account>>;

/// External account id → account, over all tenants.
pub struct AddressBook {
    store: Arc<dyn Store>,
    pages: ArcSwap<Pages>,
}

impl AddressBook {
    /// An empty book; [`Self::refresh`] fills it.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, pages: ArcSwap::default() }
    }

    /// Reads all accounts from the database.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let accounts = self.store.all_accounts().await?;
        let pages =
            accounts.into_iter().map(|account| (account.external_id.as_str().into(), Arc::new(account)));
        self.pages.store(Arc::new(pages.collect()));
        Ok(())
    }

    /// The account with Instagram's id `external_id`. For an unknown id the database is asked every time: the account
    /// may have been connected a moment ago, on another node, and what is taken for nobody's is never decided. The look
    /// costs less than keeping the orphan does.
    pub async fn find(&self, external_id: &str) -> Result<Option<Arc<Account>>, StoreError> {
        if let Some(account) = self.look_up(external_id) {
            return Ok(Some(account));
        }
        let Some(account) = self.store.find_account_by_external_id(external_id).await?.map(Arc::new) else {
            return Ok(None);
        };
        self.pages.rcu(|pages| {
            let mut pages = Pages::clone(pages);
            pages.insert(external_id.into(), Arc::clone(&account));
            pages
        });
        Ok(Some(account))
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
