//! Which items of a delivery belong to whom.

use std::sync::Arc;

use instagram::webhook::{IncomingItem, Verified};
use serde_json::json;
use tenants::account::Account;
use tenants::alert::{AlertType, NewAlert};
use tenants::clock::Timestamp;
use tenants::ids::{AlertId, EventId, TenantId};
use tenants::ports::{Delivery, StoreError};

use crate::http::state::AppState;

/// A delivery ready to be stored.
pub struct Sorted {
    /// What to store.
    pub delivery: Delivery,
    /// Whose events are in it, each tenant once.
    pub tenants: Vec<TenantId>,
}

/// Finds the account of every item. Items of unknown accounts, and of accounts that belong to another app than the
/// one that signed, are kept as orphans with an alert: an app must not speak for accounts that are not its own.
pub async fn sort(
    state: &AppState,
    verified: &Verified,
    items: Vec<IncomingItem>,
    received_at: Timestamp,
) -> Result<Sorted, StoreError> {
    let ids = &state.ports.ids;
    let mut sorted = Sorted { delivery: Delivery::default(), tenants: Vec::with_capacity(1) };
    // Items of one delivery are nearly always for one account.
    let mut latest: Option<Arc<Account>> = None;
    for item in items {
        let account = match latest.take().filter(|account| account.external_id == item.external_account) {
            Some(account) => Some(account),
            None => state.address_book.find(&item.external_account).await?,
        };
        match account.filter(|account| account.app == verified.app) {
            Some(account) => {
                sorted.delivery.events.push(item.into_event(EventId::new(ids), &account, received_at));
                if !sorted.tenants.contains(&account.tenant) {
                    sorted.tenants.push(account.tenant);
                }
                latest = Some(account);
            }
            None => sorted.add_orphan(state, verified, item, received_at),
        }
    }
    Ok(sorted)
}

impl Sorted {
    fn add_orphan(
        &mut self,
        state: &AppState,
        verified: &Verified,
        item: IncomingItem,
        received_at: Timestamp,
    ) {
        let ids = &state.ports.ids;
        let dedup_key = format!("orphaned:{}", item.external_account);
        if !self.delivery.alerts.iter().any(|alert| alert.dedup_key == dedup_key) {
            self.delivery.alerts.push(NewAlert {
                id: AlertId::new(ids),
                agency: None,
                tenant: None,
                alert_type: AlertType::Gap,
                severity: None,
                message: format!(
                    "webhooks of app {} name the Instagram account {}, which is not connected through that app: \
                     connect it, or end its subscription at Meta",
                    verified.external_app_id, item.external_account
                ),
                details: json!({ "external_account": item.external_account, "app": verified.external_app_id }),
                dedup_key,
            });
        }
        self.delivery.orphans.push(item.into_orphan(EventId::new(ids), received_at));
    }
}
