//! The `[http]` section.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::http::HttpSettings;

/// The HTTP server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSection {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Largest request body, in bytes.
    pub body_limit_bytes: usize,
    /// Longest time for an API request, in milliseconds.
    pub request_timeout_ms: u64,
    /// Web pages that may call the API from a browser.
    pub allowed_origins: Vec<String>,
    /// API requests per second and key; 0 does not limit.
    pub requests_per_second: u32,
    /// Time between two keep-alives on a live feed, in milliseconds.
    pub feed_keep_alive_ms: u64,
    /// Tell browsers to use HTTPS only.
    pub strict_transport_security: bool,
}

impl HttpSection {
    /// What the HTTP side takes.
    pub fn to_http_settings(&self) -> HttpSettings {
        HttpSettings {
            body_limit_bytes: self.body_limit_bytes,
            request_timeout: Duration::from_millis(self.request_timeout_ms),
            allowed_origins: self.allowed_origins.clone(),
            requests_per_second: (self.requests_per_second > 0).then_some(self.requests_per_second),
            feed_keep_alive: Duration::from_millis(self.feed_keep_alive_ms),
            strict_transport_security: self.strict_transport_security,
        }
    }
}
