//! The section `[models]`.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::Secret;

/// Language models.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSettings {
    /// A file laid over the built-in catalogue of models; empty for none.
    pub file: PathBuf,
    /// How often the file is looked at, in milliseconds.
    pub reload_every_ms: u64,
    /// Longest time to connect, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Keys by the providers' names in the catalogue.
    pub keys: BTreeMap<String, Secret>,
}

impl ModelSettings {
    /// The file, if there is one.
    pub fn file(&self) -> Option<&std::path::Path> {
        (!self.file.as_os_str().is_empty()).then_some(self.file.as_path())
    }

    /// How often the file is looked at.
    pub fn reload_every(&self) -> Duration {
        Duration::from_millis(self.reload_every_ms.max(100))
    }

    /// Longest time to connect.
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    /// The keys as providers take them.
    pub fn keys(&self) -> HashMap<String, SecretString> {
        self.keys.iter().map(|(name, key)| (name.clone(), key.inner().clone())).collect()
    }
}
