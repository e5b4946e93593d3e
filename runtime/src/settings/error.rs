//! Settings that cannot be used.

use std::path::PathBuf;

use figment::error::{Actual, Kind};

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
    /// A file is not TOML. The line is not repeated: it may hold a secret.
    #[error("the settings file {path} is not TOML: line {line}: {problem}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A key is unknown, or a value has the wrong type.
    #[error("the settings cannot be used: {}; `troupe config print --defaults` explains every key", problems(.0))]
    Invalid(Box<figment::Error>),
    /// The catalogue of models, or a key for one of its providers, cannot be used.
    #[error("{0}")]
    Models(String),
    /// A variable that was surely meant for a setting.
    #[error("{found} sets nothing: two underscores stand between the parts of a key; did you mean {meant}?")]
    Misspelt {
        /// The variable.
        found: String,
        /// The one that sets something.
        meant: String,
    },
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
        key if key.is_empty() => told(&problem.kind),
        key => format!("{key}: {}", told(&problem.kind)),
    });
    each.collect::<Vec<_>>().join("; ")
}

/// What is wrong, without the text that was found: it may be a secret in the wrong place.
fn told(kind: &Kind) -> String {
    let listed = |names: &[&str]| names.join(", ");
    match kind {
        Kind::InvalidType(found, expected) => format!("it should be {expected}, and is {}", sort_of(found)),
        Kind::InvalidValue(_, expected) => format!("it should be {expected}"),
        Kind::UnknownField(name, known) => format!("`{name}` is not known; known are {}", listed(known)),
        Kind::UnknownVariant(_, known) => format!("it should be one of {}", listed(known)),
        other => other.to_string(),
    }
}

fn sort_of(found: &Actual) -> String {
    match found {
        Actual::Str(_) | Actual::Char(_) | Actual::Bytes(_) => "a text".to_owned(),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a table".to_owned(),
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number".to_owned(),
        Actual::Bool(_) => "true or false".to_owned(),
        other => other.to_string(),
    }
}
