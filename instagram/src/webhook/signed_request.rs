//! `signed_request`: how Meta tells that a person removed the app, or wants their data deleted.
//!
//! Two parts in base64url with a dot between them: HMAC-SHA256 over the second part as it came, and a JSON object.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use tenants::clock::Timestamp;

use super::fields;

/// Longest request that is looked at, in bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// Why a signed request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignedRequestError {
    /// It does not have the two parts, or they cannot be read: answer 400.
    #[error("a signed request has a signature and a payload in base64url, with a dot between them")]
    Malformed,
    /// No secret of the app gives this signature: answer 401.
    #[error("the signature does not match: check that the app secret in the settings is the one of this app")]
    Wrong,
}

/// What a signed request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// Meta's id of the person, or of the account.
    pub user_id: String,
    /// When Meta signed it, when told.
    pub issued_at: Option<Timestamp>,
}

/// Believes a request that one of the secrets signed. Takes the same time whichever it is, or none.
pub(super) fn read(text: &str, secrets: &[SecretString]) -> Result<SignedRequest, SignedRequestError> {
    if text.len() > MAX_LENGTH {
        return Err(SignedRequestError::Malformed);
    }
    let (signature, payload) = text.trim().split_once('.').ok_or(SignedRequestError::Malformed)?;
    let claimed = decode(signature)?;
    let claimed: [u8; 32] = claimed.try_into().map_err(|_| SignedRequestError::Malformed)?;
    let mut matches = Choice::from(0);
    for secret in secrets {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { continue };
        mac.update(payload.as_bytes());
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        matches |= digest.ct_eq(&claimed);
    }
    if !bool::from(matches) {
        return Err(SignedRequestError::Wrong);
    }
    let body: Value = serde_json::from_slice(&decode(payload)?).map_err(|_| SignedRequestError::Malformed)?;
    let is_hmac = body["algorithm"].as_str().is_none_or(|name| name.eq_ignore_ascii_case("HMAC-SHA256"));
    let user_id = fields::id(&body, "user_id").filter(|id| id.len() <= 64);
    match user_id {
        Some(user_id) if is_hmac => {
            Ok(SignedRequest { user_id, issued_at: fields::moment(&body, "issued_at") })
        }
        _ => Err(SignedRequestError::Malformed),
    }
}

/// With or without the padding that some libraries add.
fn decode(part: &str) -> Result<Vec<u8>, SignedRequestError> {
    URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).map_err(|_| SignedRequestError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(payload: &str, secret: &str) -> String {
        let payload = URL_SAFE_NO_PAD.encode(payload);
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(payload.as_bytes());
        format!("{}.{payload}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn secrets() -> Vec<SecretString> {
        ["other", "s3cret"].map(SecretString::from).to_vec()
    }

    #[test]
    fn a_request_signed_with_any_secret_of_the_app_is_believed() {
        let text = signed(r#"{"user_id":"178","algorithm":"HMAC-SHA256","issued_at":1}"#, "s3cret");
        assert_eq!(read(&text, &secrets()).unwrap().user_id, "178");
        let as_number = signed(r#"{"user_id":17841400000000123}"#, "other");
        assert_eq!(read(&as_number, &secrets()).unwrap().user_id, "17841400000000123");
    }

    #[test]
    fn a_foreign_or_altered_signature_is_refused() {
        let text = signed(r#"{"user_id":"178"}"#, "foreign");
        assert_eq!(read(&text, &secrets()), Err(SignedRequestError::Wrong));
        let good = signed(r#"{"user_id":"178"}"#, "s3cret");
        let (signature, _) = good.split_once('.').unwrap();
        let moved = format!("{signature}.{}", URL_SAFE_NO_PAD.encode(r#"{"user_id":"179"}"#));
        assert_eq!(read(&moved, &secrets()), Err(SignedRequestError::Wrong));
        assert_eq!(read(&good, &[]), Err(SignedRequestError::Wrong), "without a secret nobody is believed");
    }

    #[test]
    fn what_cannot_be_read_is_told_apart_and_never_a_panic() {
        let odd_algorithm = signed(r#"{"user_id":"1","algorithm":"none"}"#, "s3cret");
        let nobody = signed(r#"{"algorithm":"HMAC-SHA256"}"#, "s3cret");
        let no_json = signed("x", "s3cret");
        let long = "a".repeat(MAX_LENGTH + 1);
        for text in ["", ".", "a.b", "a.b.c", "ä.ö", &odd_algorithm, &nobody, &no_json, &long] {
            assert_eq!(read(text, &secrets()), Err(SignedRequestError::Malformed), "{text}");
        }
    }
}
