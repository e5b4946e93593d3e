//! New API keys.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use tenants::ids::Ids;

/// A new key: the text is shown once, the hash is stored.
#[derive(Debug)]
pub struct MintedKey {
    /// What the caller sends in `X-API-Key`.
    pub text: SecretString,
    /// SHA-256 of the text, hex.
    pub hash: String,
}

impl MintedKey {
    /// A key of 256 random bits. The prefix lets secret scanners recognise it.
    pub fn new(ids: &Ids) -> Self {
        let mut random = [0_u8; 32];
        ids.fill(&mut random);
        let text = format!("troupe_{}", URL_SAFE_NO_PAD.encode(random));
        Self { hash: key_hash(&text), text: text.into() }
    }
}

/// The form in which a key is stored and looked up: SHA-256, hex. Keys are random, so a fast hash is enough.
pub fn key_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}
