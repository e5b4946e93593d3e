//! `X-Hub-Signature-256`: HMAC-SHA256 over the bytes as they came.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// Why a delivery is not believed. All mean: answer 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature header.
    #[error("the header X-Hub-Signature-256 is missing")]
    Missing,
    /// The header is not `sha256=` and 64 hex digits.
    #[error("the header X-Hub-Signature-256 is not `sha256=` followed by 64 hex digits")]
    Malformed,
    /// No secret of the app gives this signature.
    #[error("the signature does not match: check that the app secret in the settings is the one of this app")]
    Wrong,
}

/// Checks a signature header against every candidate secret of an app.
///
/// The body must be the raw bytes: Instagram signs the form with `\u00e4` and `\/`, which a JSON library does not
/// give back. Takes the same time whichever secret matches, or none.
pub fn verify(raw: &[u8], header: Option<&str>, secrets: &[SecretString]) -> Result<(), SignatureError> {
    let claimed = claimed_digest(header)?;
    let mut matches = Choice::from(0);
    for secret in secrets {
        // HMAC takes keys of every length; should it ever refuse one, that secret matches nothing.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { continue };
        mac.update(raw);
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        matches |= digest.ct_eq(&claimed);
    }
    if bool::from(matches) { Ok(()) } else { Err(SignatureError::Wrong) }
}

fn claimed_digest(header: Option<&str>) -> Result<[u8; 32], SignatureError> {
    let header = header.ok_or(SignatureError::Missing)?;
    let digits = header.trim().strip_prefix("sha256=").ok_or(SignatureError::Malformed)?;
    let mut digest = [0u8; 32];
    hex::decode_to_slice(digits, &mut digest).map_err(|_| SignatureError::Malformed)?;
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Test vector 2 of RFC 4231.
    const KEY: &str = "Jefe";
    const DATA: &[u8] = b"what do ya want for nothing?";
    const DIGEST: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    fn secrets(texts: &[&str]) -> Vec<SecretString> {
        texts.iter().map(|text| SecretString::from(*text)).collect()
    }

    #[test]
    fn any_candidate_secret_is_accepted_in_either_case_of_hex() {
        let lower = format!("sha256={DIGEST}");
        let upper = format!("sha256={}", DIGEST.to_uppercase());
        for header in [lower, upper] {
            assert_eq!(verify(DATA, Some(&header), &secrets(&[KEY])), Ok(()));
            assert_eq!(verify(DATA, Some(&header), &secrets(&["other", KEY])), Ok(()));
            assert_eq!(verify(DATA, Some(&header), &secrets(&[KEY, "other"])), Ok(()));
        }
    }

    #[test]
    fn a_wrong_body_secret_or_no_secret_is_refused() {
        let header = format!("sha256={DIGEST}");
        assert_eq!(verify(b"something else", Some(&header), &secrets(&[KEY])), Err(SignatureError::Wrong));
        assert_eq!(verify(DATA, Some(&header), &secrets(&["other"])), Err(SignatureError::Wrong));
        assert_eq!(verify(DATA, Some(&header), &[]), Err(SignatureError::Wrong));
    }

    #[test]
    fn a_missing_or_malformed_header_is_told_apart() {
        assert_eq!(verify(DATA, None, &secrets(&[KEY])), Err(SignatureError::Missing));
        for header in ["", DIGEST, "sha1=00", "sha256=", "sha256=zz", &format!("sha256={DIGEST}00")] {
            assert_eq!(
                verify(DATA, Some(header), &secrets(&[KEY])),
                Err(SignatureError::Malformed),
                "{header}"
            );
        }
    }

    #[test]
    fn the_escaped_form_is_signed_as_it_is_on_the_wire() {
        let body = br#"{"text":"sch\u00f6n \ud83d\ude00 https:\/\/x.example"}"#;
        let digest = Hmac::<Sha256>::new_from_slice(b"s").unwrap().chain_update(body).finalize().into_bytes();
        let header = format!("sha256={}", hex::encode(digest));
        assert_eq!(verify(body, Some(&header), &secrets(&["s"])), Ok(()));
        let again = serde_json::to_vec(&serde_json::from_slice::<serde_json::Value>(body).unwrap()).unwrap();
        assert_eq!(verify(&again, Some(&header), &secrets(&["s"])), Err(SignatureError::Wrong));
    }
}
