//! Signatures over the bytes on the wire.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha1::Sha1;
use sha2::Sha256;

/// `X-Hub-Signature-256`.
pub(crate) fn sha256_header(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", sha256_hex(secret, body))
}

/// The code itself, which is also what `appsecret_proof` is over a token.
pub(crate) fn sha256_hex(secret: &str, body: &[u8]) -> String {
    hex::encode(keyed::<Hmac<Sha256>>(secret, body))
}

/// `X-Hub-Signature`, which often still comes along.
pub(crate) fn sha1_header(secret: &str, body: &[u8]) -> String {
    format!("sha1={}", hex::encode(keyed::<Hmac<Sha1>>(secret, body)))
}

/// The `signed_request` by which an app is told about a person.
pub(crate) fn signed_request(secret: &str, user_id: &str, now: DateTime<Utc>) -> String {
    let payload = json!({"user_id": user_id, "algorithm": "HMAC-SHA256", "issued_at": now.timestamp()});
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let code = keyed::<Hmac<Sha256>>(secret, payload.as_bytes());
    format!("{}.{payload}", URL_SAFE_NO_PAD.encode(code))
}

fn keyed<M: Mac + KeyInit>(secret: &str, body: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length, so this cannot fail; an empty code would simply not verify.
    let Ok(mut code) = <M as KeyInit>::new_from_slice(secret.as_bytes()) else { return Vec::new() };
    code.update(body);
    code.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_match_known_values() {
        let (secret, body) = ("key", b"The quick brown fox jumps over the lazy dog");
        assert_eq!(
            sha256_header(secret, body),
            "sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
        );
        assert_eq!(sha1_header(secret, body), "sha1=de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9");
    }
}
