//! The keys that seal secrets.

use std::fmt;

use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::{ExposeSecret, SecretString};
use tenants::ids::Ids;

/// Length of a key in bytes.
const KEY_BYTES: usize = 32;

/// Why a list of keys makes no ring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// The list is empty.
    #[error("the key ring is empty: give it at least one key of 32 bytes in base64")]
    Empty,
    /// A key has no id, or the same id as another.
    #[error("key id `{id}` is empty or used twice: give every key of the ring its own id")]
    BadId {
        /// The id.
        id: String,
    },
    /// A key is not 32 bytes in base64.
    #[error("key `{id}` is not 32 bytes in base64: make one with `openssl rand -base64 32`")]
    BadKey {
        /// The id.
        id: String,
    },
}

/// Several AES-256 keys with ids. The first one seals, all of them open: to rotate, put a new key in front and
/// keep the old ones until everything is sealed anew.
pub struct KeyRing {
    keys: Vec<RingKey>,
}

struct RingKey {
    id: String,
    cipher: Aes256Gcm,
}

impl KeyRing {
    /// A ring of keys given as (id, base64 of 32 bytes), the current one first.
    ///
    /// # Errors
    /// Tells which key is wrong; never shows a key.
    pub fn from_base64(entries: &[(String, SecretString)]) -> Result<Self, KeyRingError> {
        if entries.is_empty() {
            return Err(KeyRingError::Empty);
        }
        let mut keys: Vec<RingKey> = Vec::with_capacity(entries.len());
        for (id, text) in entries {
            if id.is_empty() || keys.iter().any(|key| key.id == *id) {
                return Err(KeyRingError::BadId { id: id.clone() });
            }
            let cipher = BASE64
                .decode(text.expose_secret().trim())
                .ok()
                .and_then(|bytes| Aes256Gcm::new_from_slice(&bytes).ok())
                .ok_or_else(|| KeyRingError::BadKey { id: id.clone() })?;
            keys.push(RingKey { id: id.clone(), cipher });
        }
        Ok(Self { keys })
    }

    /// A fresh key as (id, base64 of 32 bytes), ready for [`KeyRing::from_base64`] and for a key file.
    pub fn generate(ids: &Ids) -> (String, SecretString) {
        let mut key = [0u8; KEY_BYTES];
        ids.fill(&mut key);
        let id = format!("k{:08x}", ids.random_u64() as u32);
        (id, SecretString::from(BASE64.encode(key)))
    }

    /// Ids of all keys, the one that seals first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.id.as_str())
    }

    /// Id of the key that seals.
    pub fn current_id(&self) -> &str {
        self.current().0
    }

    pub(super) fn current(&self) -> (&str, &Aes256Gcm) {
        // `from_base64` is the only constructor and refuses an empty list.
        let key = &self.keys[0];
        (&key.id, &key.cipher)
    }

    pub(super) fn find(&self, id: &str) -> Option<&Aes256Gcm> {
        self.keys.iter().find(|key| key.id == id).map(|key| &key.cipher)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.keys.iter().map(|key| key.id.as_str()).collect();
        f.debug_struct("KeyRing").field("ids", &ids).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tenants::clock::ManualClock;

    fn entry(id: &str, text: &str) -> (String, SecretString) {
        (id.to_owned(), SecretString::from(text))
    }

    #[test]
    fn a_ring_names_the_entry_that_is_wrong() {
        let good = BASE64.encode([7u8; 32]);
        let short = BASE64.encode([7u8; 31]);
        let refused = |entries: &[(String, SecretString)]| KeyRing::from_base64(entries).unwrap_err();
        assert_eq!(refused(&[]), KeyRingError::Empty);
        assert_eq!(refused(&[entry("", &good)]), KeyRingError::BadId { id: String::new() });
        assert_eq!(refused(&[entry("a", &good), entry("a", &good)]), KeyRingError::BadId { id: "a".into() });
        assert_eq!(
            refused(&[entry("a", &good), entry("b", &short)]),
            KeyRingError::BadKey { id: "b".into() }
        );
        assert_eq!(refused(&[entry("a", "not base64!")]), KeyRingError::BadKey { id: "a".into() });
    }

    #[test]
    fn a_ring_shows_ids_but_no_keys() {
        let text = BASE64.encode([7u8; 32]);
        let ring = KeyRing::from_base64(&[entry("k1", &text)]).unwrap();
        let shown = format!("{ring:?}");
        assert!(shown.contains("k1"));
        assert!(!shown.contains(&text) && !shown.contains("7, 7"));
    }

    #[test]
    fn a_generated_key_makes_a_ring() {
        let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 1);
        let (first, second) = (KeyRing::generate(&ids), KeyRing::generate(&ids));
        assert_ne!(first.1.expose_secret(), second.1.expose_secret());
        let ring = KeyRing::from_base64(&[first.clone(), second]).unwrap();
        assert_eq!(ring.current_id(), first.0);
    }
}
