//! The end of an attempt: an account with a token, or a reason.

use actors::Ports;
use actors::connect::switch_on_webhooks;
use serde_json::json;
use tenants::account::{Account, AccountStatus, SealedSecret};
use tenants::changes::{Change, Changes};
use tenants::connect::{ConnectAttempt, ConnectChange, ConnectStatus, FoundAccount, missing_scopes};
use tenants::ids::AccountId;
use tenants::ports::{Hint, StoreError};

use super::{Came, ConnectingError};
use crate::administration::Act;

/// Takes one of the accounts that were allowed. `external_id` is Instagram's id of it.
///
/// # Errors
/// When there is nothing to choose (any more), or no such account among them.
pub async fn choose(
    ports: &Ports,
    attempt: ConnectAttempt,
    external_id: &str,
) -> Result<Came, ConnectingError> {
    if attempt.status != ConnectStatus::Choosing || attempt.expires_at <= ports.clock.now() {
        let text = "there is nothing to choose in this attempt (any more): begin another one";
        return Err(ConnectingError::Conflict(text.to_owned()));
    }
    if !attempt.found.iter().any(|found| found.external_id == external_id) {
        return Err(ConnectingError::NotFound("account among those that were allowed"));
    }
    let grant = ports.connections.grant_of(&attempt.tenant, &attempt.id).await?;
    let grant = grant.ok_or_else(|| {
        ConnectingError::Conflict("the tokens of this attempt are gone: begin another one".to_owned())
    })?;
    Ok(connect(ports, attempt, ConnectStatus::Choosing, &grant, external_id).await?)
}

/// Stores the account with its token and ends the attempt, both or neither; then switches webhooks on.
pub(super) async fn connect(
    ports: &Ports,
    attempt: ConnectAttempt,
    from: ConnectStatus,
    grant: &SealedSecret,
    external_id: &str,
) -> Result<Came, StoreError> {
    let known = ports.store.list_accounts(&attempt.tenant).await?;
    let known = known.into_iter().find(|account| account.external_id == external_id);
    let Some(found) = attempt.found.iter().find(|found| found.external_id == external_id) else {
        return Ok(Came::Failed("this account was not among those that were allowed".to_owned()));
    };
    let account = account_of(ports, &attempt, found, known.as_ref());
    let token = match ports.connector.take(&attempt, grant, external_id, &account.id) {
        Ok(token) => token,
        Err(error) => return end(ports, attempt, from, error.to_string()).await,
    };
    let done = ConnectAttempt {
        status: ConnectStatus::Connected,
        message: Some(told(&attempt, &account)),
        connected: Some(account.id),
        ..attempt.clone()
    };
    let event_type = if known.is_some() { "account.reconnected" } else { "account.connected" };
    let (by, at) = (attempt.started_by.clone(), ports.clock.now());
    let mut changes = Act { by, at, ids: &ports.ids }.put_account(account.clone(), token, event_type);
    changes.push(Change::Connect(ConnectChange::Granted {
        account: account.id,
        scopes: attempt.scopes.clone(),
        granted_by: attempt.granted_by.clone(),
    }));
    changes.push(Change::Connect(ConnectChange::Move { attempt: Box::new(done.clone()), from, grant: None }));
    match ports.store.commit(changes).await {
        Ok(()) => {}
        Err(StoreError::Conflict(text)) => {
            let text = format!("{text}; disconnect it there first, or connect another account");
            return end(ports, attempt, from, text).await;
        }
        Err(error) => return Err(error),
    }
    let webhooks = after_connecting(ports, &account).await?;
    Ok(Came::Connected { username: account.username, webhooks, attempt: Box::new(done) })
}

/// What follows once a token is stored: the old one is forgotten, the queue goes on, webhooks are switched on. True
/// when they are.
///
/// # Errors
/// When the database does not answer.
pub async fn after_connecting(ports: &Ports, account: &Account) -> Result<bool, StoreError> {
    ports.connector.forget(&account.id);
    for hint in [
        Hint::DirectoryChanged,
        Hint::TenantChanged(account.tenant),
        Hint::Audit(account.tenant),
        Hint::AccountRestored(account.tenant, account.id),
    ] {
        ports.wake.send(hint);
    }
    let Some(tenant) = ports.store.find_tenant(&account.tenant).await? else { return Ok(false) };
    switch_on_webhooks(ports, tenant.agency, account).await
}

/// The account as it is from now on. A known one keeps its id, and with it its conversations and its queue.
fn account_of(
    ports: &Ports,
    attempt: &ConnectAttempt,
    found: &FoundAccount,
    known: Option<&Account>,
) -> Account {
    let username = match (found.username.is_empty(), known) {
        (true, Some(known)) => known.username.clone(),
        _ => found.username.clone(),
    };
    Account {
        id: known.map_or_else(|| AccountId::new(&ports.ids), |known| known.id),
        tenant: attempt.tenant,
        external_id: found.external_id.clone(),
        scoped_id: found.scoped_id.clone().or_else(|| known?.scoped_id.clone()),
        page_id: found.page_id.clone(),
        username,
        flavour: attempt.flavour,
        app: attempt.app,
        status: AccountStatus::Active,
        token_expires_at: found.token_expires_at,
        created_at: known.map_or(ports.clock.now(), |known| known.created_at),
    }
}

fn told(attempt: &ConnectAttempt, account: &Account) -> String {
    let missing = missing_scopes(attempt.flavour, &attempt.scopes);
    let missing: Vec<String> =
        missing.iter().map(|missing| format!("{} ({})", missing.scope, missing.without_it)).collect();
    match missing.as_slice() {
        [] => format!("@{} is connected", account.username),
        missing => format!(
            "@{} is connected, but these permissions were not given: {}; connect it again to give them",
            account.username,
            missing.join(", ")
        ),
    }
}

async fn end(
    ports: &Ports,
    attempt: ConnectAttempt,
    from: ConnectStatus,
    text: String,
) -> Result<Came, StoreError> {
    match fail(ports, attempt, from, &text).await {
        Ok(()) => Ok(Came::Failed(text)),
        // Somebody else has ended it meanwhile.
        Err(StoreError::Conflict(_)) => Ok(Came::Used),
        Err(error) => Err(error),
    }
}

/// Ends an attempt that came to nothing, with what to do next.
pub(super) async fn fail(
    ports: &Ports,
    attempt: ConnectAttempt,
    from: ConnectStatus,
    text: &str,
) -> Result<(), StoreError> {
    let act = Act { by: attempt.started_by.clone(), at: ports.clock.now(), ids: &ports.ids };
    let failed = ConnectAttempt { status: ConnectStatus::Failed, message: Some(text.to_owned()), ..attempt };
    let entry =
        act.audit("account.connect_failed", ("connect", failed.id.to_string()), json!({ "why": text }));
    let tenant = failed.tenant;
    let change = ConnectChange::Move { attempt: Box::new(failed), from, grant: None };
    let changes = Changes::of_tenant(tenant).with(Change::Connect(change)).with(entry);
    ports.store.commit(changes).await
}
