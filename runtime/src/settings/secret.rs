//! Settings that must not be seen.

use figment::value::Value;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// A text that is shown nowhere by accident.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Secret {
    /// The wrapped secret.
    pub fn inner(&self) -> &SecretString {
        &self.0
    }
}

impl ExposeSecret<str> for Secret {
    fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Replaces every secret in a tree of settings; empty ones stay visible as empty.
pub(super) fn mask(settings: &mut Value) {
    for path in [
        ["database", "url", ""],
        ["vault", "keys", ""],
        ["instagram", "app", "secrets"],
        ["instagram", "app", "verify_token"],
        ["instagram", "app", "instagram_secret"],
        ["sso", "client_secret", ""],
        ["models", "keys", ""],
        ["mail", "password", ""],
        ["media", "bucket", "secret_access_key"],
    ] {
        mask_at(settings, &path);
    }
}

fn mask_at(value: &mut Value, path: &[&str]) {
    match (path, value) {
        ([key, rest @ ..], Value::Dict(_, dict)) if !key.is_empty() => {
            if let Some(inner) = dict.get_mut(*key) {
                mask_at(inner, rest);
            }
        }
        (["", ..] | [], Value::Dict(_, dict)) => dict.values_mut().for_each(|item| mask_at(item, &[])),
        (_, Value::Array(_, items)) => items.iter_mut().for_each(|item| mask_at(item, &[])),
        (_, Value::String(_, text)) if !text.is_empty() => *text = "(set, not shown)".to_owned(),
        _ => {}
    }
}
