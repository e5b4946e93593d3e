//! The layers of the settings: defaults, file, environment.

use std::path::{Path, PathBuf};

use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::{DEFAULTS, SettingsError};

/// Prefix of environment variables that set a key.
pub const ENV_PREFIX: &str = "TROUPE__";

/// All layers, the strongest last.
pub fn layers(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Figment, SettingsError> {
    let mut figment = Figment::from(Toml::string(DEFAULTS));
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
        refuse_other_than_toml(path, &text)?;
        figment = figment.merge(Toml::string(&text));
        // A file beside the settings file is found from wherever the program is started.
        if let Ok(models) = Figment::from(Toml::string(&text)).extract_inner::<PathBuf>(MODELS_FILE)
            && !models.as_os_str().is_empty()
        {
            let beside = path.parent().unwrap_or(Path::new("")).join(models);
            figment = figment.merge(Serialized::default(MODELS_FILE, beside));
        }
    }
    let environment: Vec<(String, String)> = environment.into_iter().collect();
    refuse_misspelt(&environment)?;
    let environment = Environment::new(environment, &figment);
    Ok(figment.merge(environment))
}

fn refuse_other_than_toml(path: &Path, text: &str) -> Result<(), SettingsError> {
    let Err(error) = text.parse::<toml::Table>() else { return Ok(()) };
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let (line, problem) = (before.matches('\n').count() + 1, error.message().replace('\n', ", "));
    Err(SettingsError::Syntax { path: path.to_owned(), line, problem })
}

/// `TROUPE_HTTP_LISTEN` would set nothing, and nobody would be told. Other names that begin with `TROUPE_` are somebody
/// else's: orchestrators make such for services of this name.
fn refuse_misspelt(environment: &[(String, String)]) -> Result<(), SettingsError> {
    let known = keys(&Figment::from(Toml::string(DEFAULTS)));
    for (found, _) in environment.iter().filter(|(found, _)| !found.starts_with(ENV_PREFIX)) {
        let Some(name) = found.strip_prefix("TROUPE_") else { continue };
        let name = name.to_lowercase().replace("__", "_");
        if let Some(key) = known.iter().find(|key| key.join("_") == name) {
            let meant = format!("{ENV_PREFIX}{}", key.join("__").to_uppercase());
            return Err(SettingsError::Misspelt { found: found.clone(), meant });
        }
    }
    Ok(())
}

/// Every key that has a default, as the names of its parts.
fn keys(defaults: &Figment) -> Vec<Vec<String>> {
    fn walk(values: &Dict, above: &[String], found: &mut Vec<Vec<String>>) {
        for (name, value) in values {
            let path = [above, std::slice::from_ref(name)].concat();
            match value {
                Value::Dict(_, inner) => walk(inner, &path, found),
                _ => found.push(path),
            }
        }
    }
    let mut found = Vec::new();
    for values in defaults.data().unwrap_or_default().values() {
        walk(values, &[], &mut found);
    }
    found
}

const MODELS_FILE: &str = "models.file";

/// `TROUPE__SECTION__KEY=value` as a layer. Values are read as TOML, or taken as text when they are not, or when the
/// setting is a text: ids of Meta's apps look like numbers.
struct Environment(Vec<(String, Value)>);

impl Environment {
    fn new(environment: impl IntoIterator<Item = (String, String)>, below: &Figment) -> Self {
        let ours = environment.into_iter().filter_map(|(key, value)| {
            let key = key.strip_prefix(ENV_PREFIX)?.to_lowercase().replace("__", ".");
            let is_text = matches!(below.find_value(&key), Ok(Value::String(..)));
            let value = match value.parse().unwrap_or_else(|never: std::convert::Infallible| match never {}) {
                text @ Value::String(..) => text,
                _ if is_text => Value::from(value),
                other => other,
            };
            Some((key, value))
        });
        Self(ours.collect())
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment")
            .interpolater(|_, keys| format!("{ENV_PREFIX}{}", keys.join("__").to_uppercase()))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut layer = Figment::new();
        for (key, value) in &self.0 {
            layer = layer.merge(Serialized::default(key, value));
        }
        layer.data()
    }
}
