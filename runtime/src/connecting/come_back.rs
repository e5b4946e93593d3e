//! The person comes back from the consent page.

use actors::Ports;
use tenants::account::{Account, KeyScope};
use tenants::changes::{Change, Changes};
use tenants::connect::{ConnectAttempt, ConnectChange, ConnectStatus, missing_scopes};
use tenants::ids::{AgencyId, KeyId};
use tenants::ports::{ConnectError, StoreError};

use super::finish::{connect, fail};
use super::{CALLBACK_PATH, TIME_TO_CONSENT};
use crate::administration::key_hash;

/// What the browser brings.
#[derive(Debug, Clone, Default)]
pub struct Returned {
    /// The code, when the person allowed it.
    pub code: Option<String>,
    /// The state that we sent along.
    pub state: Option<String>,
    /// Meta's word for what went wrong.
    pub error: Option<String>,
    /// Meta's reason.
    pub reason: Option<String>,
}

/// What became of it, as the person is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Came {
    /// The account is connected.
    Connected {
        /// Its handle.
        username: String,
        /// Whether webhooks are switched on.
        webhooks: bool,
        /// The attempt, with what is missing.
        attempt: Box<ConnectAttempt>,
    },
    /// Several accounts were allowed; one is chosen where the attempt was begun.
    Choose(Box<ConnectAttempt>),
    /// The person said no.
    Denied,
    /// The state is not one of ours.
    Unknown,
    /// The state was used before.
    Used,
    /// It took too long.
    TooLate,
    /// It cannot be done; the text says why and what to do next.
    Failed(String),
    /// Instagram cannot be reached.
    Unreachable(String),
}

/// Takes a person's return. A state works once, whatever comes of it.
///
/// # Errors
/// When the database does not answer.
pub async fn come_back(ports: &Ports, returned: Returned, public_url: &str) -> Result<Came, StoreError> {
    let Some(state) = returned.state.as_deref().filter(|state| state.len() <= 200) else {
        return Ok(Came::Unknown);
    };
    let Some(attempt) = ports.connections.attempt_of_state(&key_hash(state)).await? else {
        return Ok(Came::Unknown);
    };
    if attempt.status != ConnectStatus::Waiting {
        return Ok(Came::Used);
    }
    let now = ports.clock.now();
    if attempt.expires_at <= now {
        let text = "nobody came back from Instagram in time: start again";
        return closed(fail(ports, attempt, ConnectStatus::Waiting, text).await, Came::TooLate);
    }
    if let Some(refusal) = refusal(ports, &attempt, &returned, public_url).await? {
        let text = match &refusal {
            Came::Denied => "the permission was denied at Instagram: start again and allow it",
            Came::Failed(text) => text,
            _ => "it could not be done: start again",
        };
        return closed(fail(ports, attempt, ConnectStatus::Waiting, text).await, refusal.clone());
    }
    let exchanging = ConnectAttempt { status: ConnectStatus::Exchanging, ..attempt };
    match step(ports, &exchanging, ConnectStatus::Waiting).await {
        Ok(()) => exchange(ports, exchanging, &returned.code.unwrap_or_default()).await,
        // Somebody came back with the same state at the same moment.
        Err(StoreError::Conflict(_)) => Ok(Came::Used),
        Err(error) => Err(error),
    }
}

/// Why an attempt ends before Instagram is asked; `None` when it may go on.
async fn refusal(
    ports: &Ports,
    attempt: &ConnectAttempt,
    returned: &Returned,
    public_url: &str,
) -> Result<Option<Came>, StoreError> {
    if let Some(error) = &returned.error {
        let is_denied = error == "access_denied" || returned.reason.as_deref() == Some("user_denied");
        let shown: String =
            error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect();
        let failed = || Came::Failed(format!("Instagram did not let you in ({shown}): start again"));
        return Ok(Some(if is_denied { Came::Denied } else { failed() }));
    }
    if returned.code.as_deref().is_none_or(str::is_empty) {
        return Ok(Some(Came::Failed("Instagram sent no code along: start again".to_owned())));
    }
    if attempt.redirect_uri != format!("{}{CALLBACK_PATH}", public_url.trim_end_matches('/')) {
        let text = "the public address of this installation has changed meanwhile: start again";
        return Ok(Some(Came::Failed(text.to_owned())));
    }
    if !may_still(ports, attempt).await? {
        let text = "whoever began this may not do so any more: somebody with a valid key must start again";
        return Ok(Some(Came::Failed(text.to_owned())));
    }
    Ok(None)
}

/// Whether the key that began the attempt is still valid.
async fn may_still(ports: &Ports, attempt: &ConnectAttempt) -> Result<bool, StoreError> {
    let Some(key) = attempt.started_by.strip_prefix("key:") else { return Ok(true) };
    let (Ok(key), Some(tenant)) = (key.parse::<KeyId>(), ports.store.find_tenant(&attempt.tenant).await?)
    else {
        return Ok(false);
    };
    let mut keys = ports.store.list_keys(&tenant.agency).await?;
    keys.extend(ports.store.list_keys(&AgencyId::INSTALLATION).await?);
    let now = ports.clock.now();
    Ok(keys.iter().find(|known| known.id == key).is_some_and(|key| {
        let sees_tenant = match key.scope {
            KeyScope::Installation => true,
            KeyScope::Agency { agency } => agency == tenant.agency,
            KeyScope::Tenant { tenant, .. } => tenant == attempt.tenant,
        };
        sees_tenant && key.revoked_at.is_none() && key.expires_at.is_none_or(|end| end > now)
    }))
}

async fn exchange(ports: &Ports, attempt: ConnectAttempt, code: &str) -> Result<Came, StoreError> {
    let now = ports.clock.now();
    let grant = match ports.connector.exchange(&attempt, code, now).await {
        Ok(grant) => grant,
        Err(error) => {
            let text = error.to_string();
            let came = match &error {
                ConnectError::Unreachable(_) => Came::Unreachable(text.clone()),
                _ => Came::Failed(text.clone()),
            };
            return closed(fail(ports, attempt, ConnectStatus::Exchanging, &text).await, came);
        }
    };
    let attempt = ConnectAttempt {
        found: grant.found.clone(),
        scopes: grant.scopes,
        granted_by: grant.granted_by,
        ..attempt
    };
    let from = ConnectStatus::Exchanging;
    if let Some(essential) = missing_essential(&attempt) {
        return closed(fail(ports, attempt, from, &essential).await, Came::Failed(essential.clone()));
    }
    match pick(ports, &attempt).await? {
        Ok(Some(external_id)) => connect(ports, attempt, from, &grant.sealed, &external_id).await,
        Ok(None) => {
            let choosing = ConnectAttempt {
                status: ConnectStatus::Choosing,
                message: Some("several accounts were allowed: choose one".to_owned()),
                expires_at: now + TIME_TO_CONSENT,
                ..attempt
            };
            let change =
                ConnectChange::Move { attempt: Box::new(choosing.clone()), from, grant: Some(grant.sealed) };
            ports.store.commit(Changes::of_tenant(choosing.tenant).with(Change::Connect(change))).await?;
            Ok(Came::Choose(Box::new(choosing)))
        }
        Err(text) => closed(fail(ports, attempt, from, &text).await, Came::Failed(text.clone())),
    }
}

fn missing_essential(attempt: &ConnectAttempt) -> Option<String> {
    let missing = missing_scopes(attempt.flavour, &attempt.scopes);
    let essential = missing.into_iter().find(|missing| missing.essential)?;
    Some(format!(
        "the permission {} was not given, and without it {}: start again and leave it switched on",
        essential.scope, essential.without_it
    ))
}

/// The account to connect: the one that is to be connected again, or the only one. `None` when one must be chosen.
async fn pick(ports: &Ports, attempt: &ConnectAttempt) -> Result<Result<Option<String>, String>, StoreError> {
    let Some(wanted) = &attempt.account else {
        return Ok(match attempt.found.as_slice() {
            [only] => Ok(Some(only.external_id.clone())),
            [] => Err("no account was allowed: start again and choose one".to_owned()),
            _ => Ok(None),
        });
    };
    let Some(wanted): Option<Account> = ports.store.find_account(&attempt.tenant, wanted).await? else {
        return Ok(Err(
            "the account that was to be connected again is gone: start again without it".to_owned()
        ));
    };
    let found = attempt.found.iter().any(|found| found.external_id == wanted.external_id);
    let names: Vec<String> = attempt.found.iter().map(|found| format!("@{}", found.username)).collect();
    Ok(if found {
        Ok(Some(wanted.external_id))
    } else {
        Err(format!(
            "@{} was to be connected again, but {} was allowed: log out at Instagram, start again, and log in as @{}",
            wanted.username,
            names.join(", "),
            wanted.username
        ))
    })
}

/// Moves an attempt on without secrets.
async fn step(ports: &Ports, attempt: &ConnectAttempt, from: ConnectStatus) -> Result<(), StoreError> {
    let change = ConnectChange::Move { attempt: Box::new(attempt.clone()), from, grant: None };
    ports.store.commit(Changes::of_tenant(attempt.tenant).with(Change::Connect(change))).await
}

/// The answer once an attempt is closed; the state was used when somebody else closed it.
fn closed(outcome: Result<(), StoreError>, came: Came) -> Result<Came, StoreError> {
    match outcome {
        Ok(()) => Ok(came),
        Err(StoreError::Conflict(_)) => Ok(Came::Used),
        Err(error) => Err(error),
    }
}
