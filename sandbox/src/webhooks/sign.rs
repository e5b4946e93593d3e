//! Signatures over the bytes on the wire.

use hmac::{Hmac, KeyInit, Mac};
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
