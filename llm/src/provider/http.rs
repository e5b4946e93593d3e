//! The real providers: one HTTP client, one adapter per protocol.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tenants::clock::Clock;

use super::anthropic::Anthropic;
use super::ollama::Ollama;
use super::openai::OpenAi;
pub use super::transport::ClientError;
use super::{Provider, ProviderSource, transport};
use crate::catalogue::{CatalogueError, Protocol, ProviderEntry};

/// Makes providers that speak over HTTP.
pub struct HttpProviders {
    client: Client,
    keys: HashMap<String, SecretString>,
    clock: Arc<dyn Clock>,
}

impl HttpProviders {
    /// `keys` are by the providers' names in the catalogue; `connect_timeout` is for the connection alone.
    ///
    /// # Errors
    /// [`ClientError`] when the machine has no working TLS.
    pub fn new(
        keys: HashMap<String, SecretString>,
        connect_timeout: Duration,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ClientError> {
        Ok(Self { client: transport::client(connect_timeout)?, keys, clock })
    }

    fn key(&self, name: &str) -> Result<Option<HeaderValue>, CatalogueError> {
        let Some(key) = self.keys.get(name).filter(|key| !key.expose_secret().trim().is_empty()) else {
            return Ok(None);
        };
        let mut value = HeaderValue::from_str(key.expose_secret().trim())
            .map_err(|_| CatalogueError::UnusableKey(name.to_owned()))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

impl ProviderSource for HttpProviders {
    fn provider(
        &self,
        name: &str,
        entry: &ProviderEntry,
    ) -> Result<Option<Arc<dyn Provider>>, CatalogueError> {
        let key = self.key(name)?;
        if entry.needs_key && key.is_none() {
            return Ok(None);
        }
        let endpoint = Endpoint {
            client: self.client.clone(),
            base_url: entry.base_url.trim_end_matches('/').to_owned(),
            key,
            clock: Arc::clone(&self.clock),
        };
        Ok(Some(match entry.protocol {
            Protocol::Anthropic => Arc::new(Anthropic::new(endpoint)),
            Protocol::OpenAi => Arc::new(OpenAi::new(endpoint, entry.max_tokens_field.clone())),
            Protocol::Ollama => Arc::new(Ollama::new(endpoint)),
        }))
    }
}

/// Where a provider is, and how to get in.
pub(super) struct Endpoint {
    pub client: Client,
    /// Without a slash at the end.
    pub base_url: String,
    pub key: Option<HeaderValue>,
    pub clock: Arc<dyn Clock>,
}

impl Endpoint {
    /// The key as OpenAI and its likes want it.
    pub fn bearer(&self) -> Option<HeaderValue> {
        let key = self.key.as_ref()?.to_str().ok()?;
        let mut value = HeaderValue::from_str(&format!("Bearer {key}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}
