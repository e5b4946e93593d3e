//! Sealing and opening.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aes_gcm::aead::{Aead, Payload};
use secrecy::{ExposeSecret, SecretString};
use tenants::account::SealedSecret;
use tenants::ids::{AccountId, ChannelId, Ids, TenantId, WebhookId};

use super::key_ring::KeyRing;
use super::owner::Owner;

/// Length of a nonce in bytes.
const NONCE_BYTES: usize = 12;

/// Why a secret cannot be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key that sealed it is not in the ring.
    #[error(
        "the secret was sealed with key `{key_id}`, which is not in the key ring: put that key back into it"
    )]
    UnknownKey {
        /// The id of the missing key.
        key_id: String,
    },
    /// It was altered, or belongs to another tenant, account or app.
    #[error("the secret was altered or belongs to somebody else: store it anew")]
    Refused,
    /// The cipher does not take a text of this length (64 GiB and more).
    #[error("the secret is too long to be sealed")]
    TooLong,
}

/// Reads the keys anew; an error in words leaves the ring as it is.
type KeySource = Box<dyn Fn() -> Result<KeyRing, String> + Send + Sync>;

/// Seals secrets for the database and, inside this crate only, opens them again.
pub struct Vault {
    ring: RwLock<Arc<KeyRing>>,
    ids: Ids,
    source: Option<KeySource>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("ring", &self.ring()).finish_non_exhaustive()
    }
}

impl Vault {
    /// A vault that seals with the current key of `ring`; nonces come from `ids`.
    pub fn new(ring: KeyRing, ids: Ids) -> Self {
        Self { ring: RwLock::new(Arc::new(ring)), ids, source: None }
    }

    /// The same with a place to look for new keys in: another process may have put one in front.
    #[must_use]
    pub fn with_source(self, source: impl Fn() -> Result<KeyRing, String> + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    /// Looks for new keys. True when the ring is another one now; what cannot be read changes nothing.
    pub fn reload(&self) -> bool {
        let Some(source) = &self.source else { return false };
        match source() {
            Ok(ring) if ring.ids().eq(self.ring().ids()) => false,
            Ok(ring) => {
                *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
                true
            }
            Err(error) => {
                tracing::warn!(error, "the vault's keys cannot be read anew; the known ones stay in use");
                false
            }
        }
    }

    /// Ids of all keys, the one that seals first.
    pub fn key_ids(&self) -> Vec<String> {
        self.ring().ids().map(str::to_owned).collect()
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Seals the token of an account; it opens for this tenant and account only.
    pub fn seal_token(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        token: &SecretString,
    ) -> Result<SealedSecret, VaultError> {
        self.seal(Owner::Account(tenant, account), token)
    }

    /// Seals the secret of a Meta app; it opens for this app id only.
    pub fn seal_app_secret(
        &self,
        app_external_id: &str,
        secret: &SecretString,
    ) -> Result<SealedSecret, VaultError> {
        self.seal(Owner::App(app_external_id), secret)
    }

    /// Seals what a channel to people needs to be reached; it opens for this channel only.
    pub fn seal_channel(
        &self,
        channel: &ChannelId,
        secret: &SecretString,
    ) -> Result<SealedSecret, VaultError> {
        self.seal(Owner::Channel(channel), secret)
    }

    /// Opens what was sealed for a channel. Whoever carries messages to people needs it; tokens and app secrets do not
    /// open here, because they were sealed for accounts and apps.
    pub fn open_channel(
        &self,
        channel: &ChannelId,
        sealed: &SealedSecret,
    ) -> Result<SecretString, VaultError> {
        self.open(Owner::Channel(channel), sealed)
    }

    /// Seals the secret of a webhook; it opens for this webhook only.
    pub fn seal_webhook(
        &self,
        webhook: &WebhookId,
        secret: &SecretString,
    ) -> Result<SealedSecret, VaultError> {
        self.seal(Owner::Webhook(webhook), secret)
    }

    /// Opens what was sealed for a webhook, and nothing else: whoever signs needs it.
    pub fn open_webhook(
        &self,
        webhook: &WebhookId,
        sealed: &SealedSecret,
    ) -> Result<SecretString, VaultError> {
        self.open(Owner::Webhook(webhook), sealed)
    }

    /// Seals a token with the current key; `None` when it is already. For the rotation of keys.
    pub fn reseal_token(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        sealed: &SealedSecret,
    ) -> Result<Option<SealedSecret>, VaultError> {
        self.reseal(Owner::Account(tenant, account), sealed)
    }

    /// Seals an app secret with the current key; `None` when it is already. For the rotation of keys.
    pub fn reseal_app_secret(
        &self,
        app_external_id: &str,
        sealed: &SealedSecret,
    ) -> Result<Option<SealedSecret>, VaultError> {
        self.reseal(Owner::App(app_external_id), sealed)
    }

    pub(crate) fn open(&self, owner: Owner<'_>, sealed: &SealedSecret) -> Result<SecretString, VaultError> {
        let mut ring = self.ring();
        // Somebody may have sealed it with a key that was made a moment ago.
        if ring.find(&sealed.key_id).is_none() && self.reload() {
            ring = self.ring();
        }
        let cipher = ring
            .find(&sealed.key_id)
            .ok_or_else(|| VaultError::UnknownKey { key_id: sealed.key_id.clone() })?;
        let (nonce, msg) = sealed.sealed.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Refused)?;
        let payload = Payload { msg, aad: &owner.additional_data() };
        let plain = cipher.decrypt(&(*nonce).into(), payload).map_err(|_| VaultError::Refused)?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| VaultError::Refused)
    }

    pub(crate) fn seal(&self, owner: Owner<'_>, plain: &SecretString) -> Result<SealedSecret, VaultError> {
        let ring = self.ring();
        let (key_id, cipher) = ring.current();
        let mut nonce = [0u8; NONCE_BYTES];
        self.ids.fill(&mut nonce);
        let payload = Payload { msg: plain.expose_secret().as_bytes(), aad: &owner.additional_data() };
        let ciphertext = cipher.encrypt(&nonce.into(), payload).map_err(|_| VaultError::TooLong)?;
        Ok(SealedSecret { key_id: key_id.to_owned(), sealed: [nonce.as_slice(), &ciphertext].concat() })
    }

    pub(crate) fn reseal(
        &self,
        owner: Owner<'_>,
        sealed: &SealedSecret,
    ) -> Result<Option<SealedSecret>, VaultError> {
        let plain = self.open(owner, sealed)?;
        if sealed.key_id == self.ring().current_id() {
            return Ok(None);
        }
        self.seal(owner, &plain).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tenants::clock::ManualClock;

    struct Room {
        ids: Ids,
        keys: Vec<(String, SecretString)>,
        tenant: TenantId,
        account: AccountId,
    }

    impl Room {
        fn new() -> Self {
            let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 3);
            let keys = vec![KeyRing::generate(&ids), KeyRing::generate(&ids)];
            Self { tenant: TenantId::new(&ids), account: AccountId::new(&ids), keys, ids }
        }

        fn vault(&self, keys: &[usize]) -> Vault {
            let keys: Vec<_> = keys.iter().map(|index| self.keys[*index].clone()).collect();
            Vault::new(KeyRing::from_base64(&keys).unwrap(), self.ids.clone())
        }

        fn sealed(&self, vault: &Vault) -> SealedSecret {
            vault.seal_token(&self.tenant, &self.account, &SecretString::from("IGAA-secret")).unwrap()
        }

        fn open(&self, vault: &Vault, sealed: &SealedSecret) -> Result<String, VaultError> {
            let owner = Owner::Account(&self.tenant, &self.account);
            vault.open(owner, sealed).map(|token| token.expose_secret().to_owned())
        }
    }

    #[test]
    fn a_sealed_token_opens_for_its_account_and_hides_its_text() {
        let room = Room::new();
        let vault = room.vault(&[0]);
        let sealed = room.sealed(&vault);
        assert_eq!(room.open(&vault, &sealed).unwrap(), "IGAA-secret");
        assert!(!sealed.sealed.windows(4).any(|part| part == b"IGAA"));
        assert_ne!(sealed.sealed, room.sealed(&vault).sealed, "every sealing takes a fresh nonce");
    }

    #[test]
    fn a_token_moved_to_another_account_tenant_or_purpose_does_not_open() {
        let room = Room::new();
        let vault = room.vault(&[0]);
        let sealed = room.sealed(&vault);
        let (other_tenant, other_account) = (TenantId::new(&room.ids), AccountId::new(&room.ids));
        let app = room.account.0.to_string();
        for owner in [
            Owner::Account(&room.tenant, &other_account),
            Owner::Account(&other_tenant, &room.account),
            Owner::App(&app),
        ] {
            assert_eq!(vault.open(owner, &sealed).unwrap_err(), VaultError::Refused);
        }
    }

    #[test]
    fn only_what_was_sealed_for_a_channel_opens_as_one() {
        let room = Room::new();
        let vault = room.vault(&[0]);
        let channel = ChannelId(room.account.0);
        let sealed = vault.seal_channel(&channel, &SecretString::from("https://hook")).unwrap();
        assert_eq!(vault.open_channel(&channel, &sealed).unwrap().expose_secret(), "https://hook");
        let other = ChannelId(room.tenant.0);
        assert_eq!(vault.open_channel(&other, &sealed).unwrap_err(), VaultError::Refused);

        let token = room.sealed(&vault);
        let app = vault.seal_app_secret(&room.account.0.to_string(), &SecretString::from("s3cret")).unwrap();
        for secret in [token, app] {
            assert_eq!(vault.open_channel(&channel, &secret).unwrap_err(), VaultError::Refused);
        }
    }

    #[test]
    fn an_altered_or_shortened_token_does_not_open() {
        let room = Room::new();
        let vault = room.vault(&[0]);
        let sealed = room.sealed(&vault);
        for position in 0..sealed.sealed.len() {
            let mut altered = sealed.clone();
            altered.sealed[position] ^= 1;
            assert_eq!(room.open(&vault, &altered), Err(VaultError::Refused));
            altered.sealed.truncate(position);
            assert_eq!(room.open(&vault, &altered), Err(VaultError::Refused));
        }
    }

    #[test]
    fn an_old_key_still_opens_and_resealing_moves_to_the_current_one() {
        let room = Room::new();
        let sealed = room.sealed(&room.vault(&[0]));
        let rotated = room.vault(&[1, 0]);
        assert_eq!(room.open(&rotated, &sealed).unwrap(), "IGAA-secret");

        let anew = rotated.reseal_token(&room.tenant, &room.account, &sealed).unwrap().unwrap();
        assert_eq!(room.open(&room.vault(&[1]), &anew).unwrap(), "IGAA-secret");
        assert_eq!(rotated.reseal_token(&room.tenant, &room.account, &anew).unwrap(), None);
    }

    #[test]
    fn a_key_that_was_put_in_front_meanwhile_is_found_when_it_is_needed() {
        let room = Room::new();
        let keys = room.keys.clone();
        let running = room.vault(&[0]).with_source(move || {
            KeyRing::from_base64(&[keys[1].clone(), keys[0].clone()]).map_err(|error| error.to_string())
        });
        let old = room.sealed(&running);
        let sealed_elsewhere = room.sealed(&room.vault(&[1, 0]));
        assert_eq!(room.open(&running, &sealed_elsewhere).unwrap(), "IGAA-secret");
        assert_eq!(room.open(&running, &old).unwrap(), "IGAA-secret");
        assert_eq!(running.key_ids(), [room.keys[1].0.clone(), room.keys[0].0.clone()]);
        assert!(!running.reload(), "nothing is new");
    }

    #[test]
    fn keys_that_cannot_be_read_leave_the_known_ones_in_use() {
        let room = Room::new();
        let vault = room.vault(&[0]).with_source(|| Err("the file is empty".to_owned()));
        let sealed = room.sealed(&vault);
        assert!(!vault.reload());
        assert_eq!(room.open(&vault, &sealed).unwrap(), "IGAA-secret");
    }

    #[test]
    fn a_missing_key_is_named() {
        let room = Room::new();
        let sealed = room.sealed(&room.vault(&[0]));
        let error = room.open(&room.vault(&[1]), &sealed).unwrap_err();
        assert_eq!(error, VaultError::UnknownKey { key_id: room.keys[0].0.clone() });
        assert!(error.to_string().contains("put that key back"));
    }

    #[test]
    fn an_app_secret_opens_for_its_app_only() {
        let room = Room::new();
        let vault = room.vault(&[0]);
        let sealed = vault.seal_app_secret("1234", &SecretString::from("s3cret")).unwrap();
        assert_eq!(vault.open(Owner::App("1234"), &sealed).unwrap().expose_secret(), "s3cret");
        assert_eq!(vault.open(Owner::App("1235"), &sealed).unwrap_err(), VaultError::Refused);
    }
}
