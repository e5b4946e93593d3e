//! Switching on the webhooks of a connected account.

use tenants::account::Account;
use tenants::changes::{Change, Changes};
use tenants::connect::{ConnectChange, subscription_alert_key};
use tenants::event::Role;
use tenants::ids::AgencyId;
use tenants::ports::StoreError;

use super::words::no_webhooks_alert;
use crate::Ports;

/// Asks Instagram for the webhooks of an account and keeps what came of it. False when Instagram refused: people are
/// told, and it is tried again every day.
///
/// # Errors
/// When the database does not answer.
pub async fn switch_on_webhooks(
    ports: &Ports,
    agency: AgencyId,
    account: &Account,
) -> Result<bool, StoreError> {
    let (is_on, list) = subscription_changes(ports, Some(agency), account).await;
    let mut changes = Changes::of_tenant(account.tenant);
    changes.list = list;
    ports.store.commit(changes).await?;
    Ok(is_on)
}

/// What becomes of asking for the webhooks of an account.
pub(super) async fn subscription_changes(
    ports: &Ports,
    agency: Option<AgencyId>,
    account: &Account,
) -> (bool, Vec<Change>) {
    let answer = ports.connector.subscribe(account).await;
    let at = ports.clock.now();
    match answer {
        Ok(()) => {
            let subscribed = ConnectChange::Subscribed { account: account.id, at: Some(at) };
            let dedup_key = subscription_alert_key(&account.id);
            let resolved = Change::ResolveAlert { dedup_key, by: Role::Admin.to_string(), at };
            (true, vec![Change::Connect(subscribed), resolved])
        }
        Err(error) => {
            tracing::warn!(account.id = %account.id, error = error.message, "webhooks could not be switched on");
            let alert = no_webhooks_alert(&ports.ids, agency, account, &error.message);
            (false, vec![Change::RaiseAlert(Box::new(alert), at)])
        }
    }
}
