//! Meta tells that a person removed the app.

use std::time::Duration;

use serde_json::json;
use tenants::account::{Account, AccountStatus};
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::connect::{ConnectChange, TokenTrouble};
use tenants::ids::AppId;
use tenants::ports::{Hint, StoreError};

use super::entry;
use super::words::refused_alert;
use crate::Ports;

/// Who is named in the audit log.
pub(super) const META: &str = "meta";
/// Clocks differ, and Meta tells whole seconds.
const LEEWAY: Duration = Duration::from_secs(60);

/// Marks the accounts that the person connected through this app, and erases their tokens. Their queues wait for a
/// reconnect. A word older than the present token (`issued_at`) is about an earlier connection and changes nothing.
///
/// # Errors
/// When the database does not answer; Meta tells it again.
pub async fn deauthorise(
    ports: &Ports,
    app: Option<AppId>,
    user_id: &str,
    issued_at: Option<Timestamp>,
) -> Result<usize, StoreError> {
    let accounts = ports.connections.accounts_of_user(user_id).await?;
    let mut marked = 0;
    for account in accounts.into_iter().filter(|account| account.app == app) {
        let facts = ports.connections.token_facts(&account.tenant).await?;
        let set_at = facts.into_iter().find(|facts| facts.account == account.id).and_then(|it| it.set_at);
        let is_stale = matches!((set_at, issued_at), (Some(set), Some(told)) if set > told + LEEWAY);
        let is_over = set_at.is_none() && account.status != AccountStatus::Active;
        if is_stale || is_over {
            continue;
        }
        withdraw(ports, &account, "account.deauthorised").await?;
        marked += 1;
    }
    Ok(marked)
}

/// Marks one account and erases its token.
pub(super) async fn withdraw(ports: &Ports, account: &Account, event_type: &str) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let tenant = ports.store.find_tenant(&account.tenant).await?;
    let agency = tenant.map(|tenant| tenant.agency);
    let trouble = TokenTrouble::AppRemoved;
    let alert = Box::new(refused_alert(&ports.ids, agency, account, trouble, ""));
    let refused = ConnectChange::TokenRefused {
        account: account.id,
        status: AccountStatus::Disconnected,
        trouble,
        error: trouble.what_happened().to_owned(),
        since: now,
        alert,
        at: now,
    };
    let details = json!({ "username": account.username });
    let changes = Changes::of_tenant(account.tenant)
        .with(Change::Connect(refused))
        .with(Change::Connect(ConnectChange::ForgetToken(account.id)))
        .with(entry(&ports.ids, (event_type, META), &account.id, None, details, now));
    ports.store.commit(changes).await?;
    ports.connector.forget(&account.id);
    ports.wake.send(Hint::TenantChanged(account.tenant));
    ports.wake.send(Hint::Audit(account.tenant));
    Ok(())
}
