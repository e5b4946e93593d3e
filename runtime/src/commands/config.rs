//! `troupe config`.

use std::sync::Arc;

use clap::Subcommand;
use tenants::clock::SystemClock;

use super::{Common, Finding, Output};
use crate::boot::models;
use crate::settings::{self, Settings, SettingsError};

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Check the settings of all layers and say what is wrong.
    Check,
    /// Print the settings as they take effect, secrets masked.
    Print {
        /// Print the embedded defaults with their explanations instead: a file to start from.
        #[arg(long)]
        defaults: bool,
    },
}

pub(super) fn run(command: ConfigCommand, common: &Common, output: Output) -> anyhow::Result<Finding> {
    match command {
        ConfigCommand::Check => {
            check_models(&common.settings()?)?;
            output.result(&serde_json::json!({ "valid": true }), || "the settings are valid".to_owned())?;
        }
        ConfigCommand::Print { defaults: true } => super::output::write(settings::DEFAULTS)?,
        ConfigCommand::Print { defaults: false } => {
            let value = settings::printable(common.config.as_deref(), common.environment())?;
            let json = serde_json::to_value(&value)?;
            output.result(&json, || flat(&json, String::new()).join("\n"))?;
        }
    }
    Ok(Finding::Fine)
}

/// The catalogue of models and the keys of its providers are settings, too.
fn check_models(settings: &Settings) -> Result<(), SettingsError> {
    let survey = models::survey(&settings.models, Arc::new(SystemClock))
        .map_err(|error| SettingsError::Models(format!("{error:#}")))?;
    if survey.idle_keys.is_empty() { Ok(()) } else { Err(SettingsError::Models(survey.idle_keys.join("; "))) }
}

/// One `section.key = value` per line, as TOML reads it.
fn flat(value: &serde_json::Value, path: String) -> Vec<String> {
    match value {
        serde_json::Value::Object(map) => map
            .iter()
            .flat_map(|(key, inner)| {
                flat(inner, if path.is_empty() { key.clone() } else { format!("{path}.{key}") })
            })
            .collect(),
        leaf => vec![format!("{path} = {leaf}")],
    }
}
