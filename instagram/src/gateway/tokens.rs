//! Opened tokens, in memory only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use tenants::account::{Account, SealedSecret};
use tenants::effect::ErrorCategory;
use tenants::ids::AccountId;
use tenants::ports::{Directory, SendError};

use super::errors;
use crate::vault::{Owner, Vault};

/// Opened tokens kept at most; beyond that the cache starts over.
const MAX_OPEN: usize = 20_000;

/// Opens tokens on first use and keeps them until they are refused or forgotten.
pub(super) struct Tokens {
    vault: Arc<Vault>,
    directory: Arc<dyn Directory>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    open: HashMap<AccountId, Arc<SecretString>>,
    /// Grows with every forgetting: a token read before it must not be kept after it.
    forgettings: u64,
}

impl Tokens {
    pub(super) fn new(vault: Arc<Vault>, directory: Arc<dyn Directory>) -> Self {
        Self { vault, directory, cache: Mutex::default() }
    }

    pub(super) fn vault(&self) -> &Vault {
        &self.vault
    }

    pub(super) fn directory(&self) -> &dyn Directory {
        self.directory.as_ref()
    }

    /// Another token than the refused one, when the account has got one meanwhile: connected again here or on another
    /// node, or refreshed.
    pub(super) async fn newer_than(
        &self,
        account: &Account,
        refused: &SecretString,
    ) -> Option<Arc<SecretString>> {
        self.forget(&account.id);
        let token = self.get(account).await.ok()?;
        (token.expose_secret() != refused.expose_secret()).then_some(token)
    }

    pub(super) async fn get(&self, account: &Account) -> Result<Arc<SecretString>, SendError> {
        let forgettings = {
            let cache = self.cache();
            if let Some(token) = cache.open.get(&account.id) {
                return Ok(Arc::clone(token));
            }
            cache.forgettings
        };
        let token = Arc::new(self.open(account).await?);
        let mut cache = self.cache();
        if cache.forgettings == forgettings {
            if cache.open.len() >= MAX_OPEN {
                cache.open.clear();
            }
            cache.open.insert(account.id, Arc::clone(&token));
        }
        Ok(token)
    }

    pub(super) fn forget(&self, account: &AccountId) {
        let mut cache = self.cache();
        cache.open.remove(account);
        cache.forgettings += 1;
    }

    async fn open(&self, account: &Account) -> Result<SecretString, SendError> {
        let sealed = self.directory.sealed_token(&account.tenant, &account.id).await;
        let sealed = sealed.map_err(|error| errors::failure(ErrorCategory::Transient, error.to_string()))?;
        let Some(sealed) = sealed else {
            let message = "the account has no token: connect it";
            return Err(errors::failure(ErrorCategory::AuthFailure, message));
        };
        self.unseal(account, &sealed)
    }

    /// Opens a token that may not be stored yet.
    pub(super) fn unseal(&self, account: &Account, sealed: &SealedSecret) -> Result<SecretString, SendError> {
        self.vault
            .open(Owner::Account(&account.tenant, &account.id), sealed)
            .map_err(|error| errors::failure(ErrorCategory::AuthFailure, error.to_string()))
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes tokens out of a text of Instagram: some of its messages quote the token they refuse.
pub(super) fn redact(text: &str, token: &SecretString) -> String {
    let exposed = token.expose_secret();
    let text = if exposed.is_empty() { text.to_owned() } else { text.replace(exposed, "[token]") };
    if !TOKEN_STARTS.iter().any(|start| text.contains(start)) {
        return text;
    }
    let words = text.split(' ').map(|word| if looks_like_token(word) { "[token]" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

const TOKEN_STARTS: [&str; 3] = ["IGAA", "IGQV", "EAA"];

fn looks_like_token(word: &str) -> bool {
    word.len() > 20 && TOKEN_STARTS.iter().any(|start| word.contains(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_quoted_by_instagram_are_taken_out() {
        let token = SecretString::from("my-odd-token");
        let foreign = format!("Malformed access token EAA{} is refused", "x".repeat(40));
        assert_eq!(redact("bad (my-odd-token)", &token), "bad ([token])");
        assert_eq!(redact(&foreign, &token), "Malformed access token [token] is refused");
        assert_eq!(redact("EAA is short", &token), "EAA is short");
    }
}
