//! Signatures of ID tokens (RFC 7515), by the cryptography that TLS uses here. Which algorithms are believed is said by us
//! and not by the token; an algorithm works with its own kind of key only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Longest token that is looked at, in bytes.
const LONGEST: usize = 32 << 10;

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotBelieved {
    /// It is no token.
    #[error("it is no signed token")]
    Malformed,
    /// It is not signed, or in a way that is not believed.
    #[error("it is signed with an algorithm that is not accepted")]
    Algorithm,
    /// The provider has no such key.
    #[error("it is signed with a key that the provider does not publish")]
    UnknownKey,
    /// Somebody else has signed it, or it was altered.
    #[error("its signature is wrong")]
    Signature,
}

/// The keys that a provider publishes (RFC 7517). Those of other kinds are passed over.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<Key>);

#[derive(Debug, Clone)]
struct Key {
    id: Option<String>,
    algorithm: Option<String>,
    material: Material,
}

#[derive(Debug, Clone)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// The point, uncompressed, and the name of its curve.
    Curve {
        name: String,
        point: Vec<u8>,
    },
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct KeyDocument {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// Extensions that must be understood; none is.
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

impl Keys {
    /// The keys of a document; `None` when it is none.
    pub fn read(document: &serde_json::Value) -> Option<Self> {
        let keys = document.get("keys")?.as_array()?;
        Some(Self(keys.iter().filter_map(|key| Key::read(key.clone())).collect()))
    }

    /// The claims of a token that one of the keys has signed.
    ///
    /// # Errors
    /// [`NotBelieved`].
    pub fn verify<Claims: DeserializeOwned>(&self, token: &str) -> Result<Claims, NotBelieved> {
        if token.len() > LONGEST {
            return Err(NotBelieved::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(NotBelieved::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(NotBelieved::Malformed)?;
        let header: Header = part(header).ok_or(NotBelieved::Malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| NotBelieved::Malformed)?;
        if header.crit.is_some() {
            return Err(NotBelieved::Algorithm);
        }
        let scheme = Scheme::named(&header.alg).ok_or(NotBelieved::Algorithm)?;
        let mut known = false;
        for key in self.0.iter().filter(|key| key.fits(&header)) {
            known = true;
            if scheme.verify(&key.material, message.as_bytes(), &signature) {
                return part(claims).ok_or(NotBelieved::Malformed);
            }
        }
        Err(if known { NotBelieved::Signature } else { NotBelieved::UnknownKey })
    }
}

impl Key {
    fn read(document: serde_json::Value) -> Option<Self> {
        let key: KeyDocument = serde_json::from_value(document).ok()?;
        if key.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        let material = match (key.kty.as_str(), key.crv.as_deref()) {
            ("RSA", _) => Material::Rsa { n: bytes(&key.n)?, e: bytes(&key.e)? },
            ("EC", Some(curve)) => {
                let point = [vec![4], bytes(&key.x)?, bytes(&key.y)?].concat();
                Material::Curve { name: curve.to_owned(), point }
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(&key.x)?),
            _ => return None,
        };
        Some(Self { id: key.kid, algorithm: key.alg, material })
    }

    /// Whether it may have signed a token with this header: a provider with one key need not name it.
    fn fits(&self, header: &Header) -> bool {
        let named = header.kid.is_none() || self.id.is_none() || self.id == header.kid;
        named && self.algorithm.as_ref().is_none_or(|algorithm| *algorithm == header.alg)
    }
}

/// An algorithm that is believed.
enum Scheme {
    Rsa(&'static RsaParameters),
    Curve(&'static str, &'static dyn VerificationAlgorithm),
    Ed25519,
}

impl Scheme {
    /// `none` and those with shared secrets are not among them.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Self::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Self::Rsa(&RSA_PKCS1_2048_8192_SHA512),
            "PS256" => Self::Rsa(&RSA_PSS_2048_8192_SHA256),
            "PS384" => Self::Rsa(&RSA_PSS_2048_8192_SHA384),
            "PS512" => Self::Rsa(&RSA_PSS_2048_8192_SHA512),
            "ES256" => Self::Curve("P-256", &ECDSA_P256_SHA256_FIXED),
            "ES384" => Self::Curve("P-384", &ECDSA_P384_SHA384_FIXED),
            "EdDSA" | "Ed25519" => Self::Ed25519,
            _ => return None,
        })
    }

    fn verify(&self, key: &Material, message: &[u8], signature: &[u8]) -> bool {
        match (self, key) {
            (Self::Rsa(parameters), Material::Rsa { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
            (Self::Curve(curve, algorithm), Material::Curve { name, point }) if curve == name => {
                UnparsedPublicKey::new(*algorithm, point).verify(message, signature).is_ok()
            }
            (Self::Ed25519, Material::Ed25519(key)) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// RFC 7515, appendix A.2.
    const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    const RSA_KEY: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
    /// RFC 7515, appendix A.3.
    const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    const EC_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

    fn keys(keys: &[&str]) -> Keys {
        let keys: Vec<Value> = keys.iter().map(|key| serde_json::from_str(key).unwrap()).collect();
        Keys::read(&json!({ "keys": keys })).unwrap()
    }

    #[test]
    fn the_examples_of_the_standard_are_believed() {
        let both = keys(&[RSA_KEY, EC_KEY]);
        for token in [RS256, ES256] {
            assert_eq!(both.verify::<Value>(token).unwrap()["iss"], "joe");
        }
    }

    #[test]
    fn an_altered_token_and_one_of_another_key_are_not() {
        let (header, rest) = ES256.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let claims = URL_SAFE_NO_PAD.encode(r#"{"iss":"eve"}"#);
        let forged = format!("{header}.{claims}.{signature}");
        assert_eq!(keys(&[EC_KEY]).verify::<Value>(&forged), Err(NotBelieved::Signature));
        assert_eq!(keys(&[RSA_KEY]).verify::<Value>(ES256), Err(NotBelieved::Signature));
        assert_eq!(Keys::default().verify::<Value>(ES256), Err(NotBelieved::UnknownKey));
    }

    #[test]
    fn the_token_does_not_say_how_it_is_believed() {
        let with = |header: &str| {
            let rest = ES256.split_once('.').unwrap().1;
            keys(&[RSA_KEY, EC_KEY]).verify::<Value>(&format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header)))
        };
        for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256"}"#, r#"{"alg":"ES256","crit":["b64"]}"#] {
            assert_eq!(with(header), Err(NotBelieved::Algorithm), "{header}");
        }
        assert_eq!(with("7"), Err(NotBelieved::Malformed));
        for token in ["", "a", "a.b", "a.b.c", "....", &"x".repeat(LONGEST + 1)] {
            assert_eq!(keys(&[EC_KEY]).verify::<Value>(token), Err(NotBelieved::Malformed), "{token:.10}");
        }
    }

    #[test]
    fn keys_that_are_not_understood_are_passed_over() {
        let strange = r#"{"kty":"oct","k":"AAAA"}"#;
        let encrypts = r#"{"kty":"EC","crv":"P-256","use":"enc","x":"AA","y":"AA"}"#;
        assert!(keys(&[strange, encrypts, EC_KEY]).verify::<Value>(ES256).is_ok());
        assert!(Keys::read(&json!({ "keys": "none" })).is_none());
    }
}
