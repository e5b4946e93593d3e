//! Settings that cannot be used.

use std::path::PathBuf;

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file is missing or unreadable.
    #[error("cannot read the settings file {path}: {source}; give its path with --config")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key is unknown, or a value has the wrong type.
    #[error("the settings cannot be used: {}; `troupe config print --defaults` explains every key", problems(.0))]
    Invalid(Box<figment::Error>),
    /// The catalogue of models, or a key for one of its providers, cannot be used.
    #[error("{0}")]
    Models(String),
    /// A value is not allowed.
    #[error("{key}: {problem}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong and what is allowed.
        problem: String,
    },
}

impl From<Box<figment::Error>> for SettingsError {
    fn from(error: Box<figment::Error>) -> Self {
        Self::Invalid(error)
    }
}

/// Every problem with its key.
fn problems(error: &figment::Error) -> String {
    let each = error.clone().into_iter().map(|problem| match problem.path.join(".") {
        key if key.is_empty() => problem.kind.to_string(),
        key => format!("{key}: {}", problem.kind),
    });
    each.collect::<Vec<_>>().join("; ")
}
