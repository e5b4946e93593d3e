//! Rotation of the vault's keys: what an old key sealed is sealed anew, a little at a time.

use futures::future::join_all;
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::connect::ConnectChange;
use tenants::ports::{Connections, Connector, SealedByOldKey, SecretPlace, Store, StoreError};
use tenants::webhook::WebhookChange;

/// Secrets sealed anew between two looks at the database.
const BATCH: u32 = 50;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resealed {
    /// Secrets that the present key seals now.
    pub done: u64,
    /// Secrets that cannot be opened: their key is missing, or they were altered.
    pub unreadable: u64,
}

/// Seals anew everything that another key than the present one sealed, in batches of 50. A secret that is replaced
/// meanwhile is left alone. Opens nothing outside the connector.
///
/// # Errors
/// When the database does not answer; what was done stays done.
pub async fn reseal_all(
    store: &dyn Store,
    connections: &dyn Connections,
    connector: &dyn Connector,
    now: tenants::clock::Timestamp,
) -> Result<Resealed, StoreError> {
    let current = connector.sealing_key();
    let mut sum = Resealed::default();
    for key in connections.key_uses(now).await? {
        if key.key_id == current || key.lasting() == 0 {
            continue;
        }
        loop {
            let secrets = connections.sealed_by(&key.key_id, BATCH).await?;
            let commits: Vec<Changes> =
                secrets.iter().filter_map(|secret| resealed(connector, secret)).collect();
            let unreadable = (secrets.len() - commits.len()) as u64;
            let done = commits.len() as u64;
            for outcome in join_all(commits.into_iter().map(|changes| store.commit(changes))).await {
                outcome?;
            }
            sum.done += done;
            // Those that cannot be opened come again with every batch: they must not make it go round for ever.
            if done == 0 {
                sum.unreadable += unreadable;
                break;
            }
        }
    }
    Ok(sum)
}

fn resealed(connector: &dyn Connector, secret: &SealedByOldKey) -> Option<Changes> {
    let new = match connector.reseal(&secret.owner, &secret.sealed) {
        Ok(new) => new?,
        Err(error) => {
            tracing::error!(place = ?secret.place, %error, "a secret cannot be sealed with the new key");
            return None;
        }
    };
    let old = secret.sealed.clone();
    Some(match secret.place {
        SecretPlace::Account(tenant, account) => {
            Changes::of_tenant(tenant).with(Change::Connect(ConnectChange::Reseal { account, old, new }))
        }
        SecretPlace::App { agency, app, of_instagram_login } => {
            let change = ConnectChange::ResealApp { app, of_instagram_login, old, new };
            Changes { chain: Chain::Agency(agency), list: vec![Change::Connect(change)] }
        }
        SecretPlace::Webhook(agency, id) => {
            let change = Change::Webhook(WebhookChange::Reseal { id, old, new });
            Changes { chain: Chain::Agency(agency), list: vec![change] }
        }
        SecretPlace::Channel(chain, channel) => {
            let change = ConnectChange::ResealChannel { channel, old, new };
            Changes { chain, list: vec![Change::Connect(change)] }
        }
    })
}
