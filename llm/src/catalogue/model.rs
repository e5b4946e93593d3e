//! Providers and models as the catalogue names them.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::price::MOST;
use super::{CatalogueError, Price, senseless};

/// A model of a provider, as `provider/model`; the model's own name may hold more slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ModelRef {
    /// The provider's name in the catalogue.
    pub provider: String,
    /// The model's name at the provider.
    pub model: String,
}

/// A text that names no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no model: expected `provider/model`")]
pub struct BadModelRef(pub String);

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

impl FromStr for ModelRef {
    type Err = BadModelRef;

    fn from_str(text: &str) -> Result<Self, BadModelRef> {
        match text.split_once('/') {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => {
                Ok(Self { provider: provider.to_owned(), model: model.to_owned() })
            }
            _ => Err(BadModelRef(text.to_owned())),
        }
    }
}

impl TryFrom<String> for ModelRef {
    type Error = BadModelRef;

    fn try_from(text: String) -> Result<Self, BadModelRef> {
        text.parse()
    }
}

/// How a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Anthropic's Messages.
    Anthropic,
    /// OpenAI's chat completions and embeddings.
    OpenAi,
    /// Ollama's own.
    Ollama,
}

/// A provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderEntry {
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Where it is.
    pub base_url: String,
    /// Whether it is left out when there is no key.
    #[serde(default = "yes")]
    pub needs_key: bool,
    /// Calls at once.
    pub concurrency: usize,
    /// Name of the field with the most tokens of an answer, for OpenAI's protocol.
    #[serde(default = "max_tokens")]
    pub max_tokens_field: String,
}

impl ProviderEntry {
    pub(super) fn check(&self, place: &str) -> Result<(), CatalogueError> {
        let is_url = reqwest::Url::parse(&self.base_url)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !is_url {
            return senseless(place, "base_url must be an address such as https://api.example.com/v1");
        }
        if self.concurrency == 0 {
            return senseless(place, "concurrency must be at least 1");
        }
        Ok(())
    }
}

/// What is known of a model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// What it costs; unknown when left out.
    pub price: Option<Price>,
    /// Whether it accepts a temperature.
    #[serde(default = "yes")]
    pub temperature: bool,
    /// Whether it keeps to a JSON schema by itself.
    #[serde(default = "yes")]
    pub keeps_schema: bool,
    /// Added to every request.
    #[serde(default)]
    pub extra: Map<String, Value>,
}

impl Default for ModelEntry {
    /// A model of which nothing is known.
    fn default() -> Self {
        Self { price: None, temperature: true, keeps_schema: true, extra: Map::new() }
    }
}

impl ModelEntry {
    pub(super) fn check(&self, place: &str) -> Result<(), CatalogueError> {
        match self.price {
            Some(price) if price.is_negative() => senseless(place, "price must not be negative"),
            Some(price) if price.is_absurd() => {
                senseless(place, &format!("price must be at most {MOST} micro-dollars per million tokens"))
            }
            _ => Ok(()),
        }
    }
}

fn yes() -> bool {
    true
}

fn max_tokens() -> String {
    "max_tokens".to_owned()
}
