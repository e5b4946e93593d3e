//! What every handler is given.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use actors::Ports;

use super::access::KeyRing;
use super::address_book::AddressBook;
use super::metrics::HttpMetrics;
use super::node::NodeView;
use super::platform::{SecretSealer, WebhookPlatform};

/// What boot puts together for the HTTP side of a node.
pub struct AppParts {
    /// Clock, ids, tasks, store, language models, hints: the same that the actors have.
    pub ports: Ports,
    /// Verifies and reads Instagram's webhooks.
    pub webhooks: Arc<dyn WebhookPlatform>,
    /// Seals tokens and app secrets before they are stored.
    pub sealer: Arc<dyn SecretSealer>,
    /// Who is behind an external account id. Boot loads it and keeps it fresh.
    pub address_book: Arc<AddressBook>,
    /// What the running node knows about itself.
    pub node: Arc<dyn NodeView>,
    /// All metrics of the process; `/metrics` prints it, and the HTTP side adds its own.
    pub registry: prometheus::Registry,
    /// Limits and allowances.
    pub settings: HttpSettings,
}

/// Limits and allowances of the HTTP side.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpSettings {
    /// Largest request body, in bytes; larger ones are answered with 413.
    pub body_limit_bytes: usize,
    /// Longest time an API request may take before it is answered with 503; live feeds are exempt.
    pub request_timeout: Duration,
    /// Origins of web pages that may call the API from a browser, such as `https://ops.example.com`; none by
    /// default.
    pub allowed_origins: Vec<String>,
    /// API requests per second and key, with bursts of twice as many; `None` does not limit.
    pub requests_per_second: Option<u32>,
    /// Time between two keep-alives on a live feed.
    pub feed_keep_alive: Duration,
    /// Whether every answer says over HTTPS only (`Strict-Transport-Security`); set it behind a TLS proxy.
    pub strict_transport_security: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            body_limit_bytes: 3 << 20,
            request_timeout: Duration::from_secs(30),
            allowed_origins: Vec::new(),
            requests_per_second: None,
            feed_keep_alive: Duration::from_secs(15),
            strict_transport_security: false,
        }
    }
}

/// The parts, shared by all handlers. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// What an [`AppState`] points to: the parts of boot and what the HTTP side keeps for itself.
pub struct Shared {
    parts: AppParts,
    /// API keys seen within the last seconds.
    pub(super) keys: KeyRing,
    /// Counters and durations of requests.
    pub(super) metrics: HttpMetrics,
}

impl AppState {
    /// Shares the parts. Fails when the registry already holds the metrics of another HTTP side.
    pub fn new(parts: AppParts) -> Result<Self, prometheus::Error> {
        let metrics = HttpMetrics::register(&parts.registry)?;
        let keys = KeyRing::new(parts.settings.requests_per_second);
        Ok(Self(Arc::new(Shared { parts, keys, metrics })))
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Deref for Shared {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.parts
    }
}

impl std::fmt::Debug for AppState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AppState")
    }
}
