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
    /// Where people and Meta reach this installation; empty: the address it listens on.
    pub public_url: String,
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
    /// The header in which a proxy names who calls; empty without a proxy.
    pub client_ip_header: String,
    /// Tell browsers to use HTTPS only.
    pub strict_transport_security: bool,
}

impl HttpSection {
    /// Where people and Meta reach an installation that listens on `address`, without a slash at the end.
    pub fn public_url(&self, address: SocketAddr) -> String {
        if !self.public_url.is_empty() {
            return self.public_url.trim_end_matches('/').to_owned();
        }
        if address.ip().is_unspecified() {
            return format!("http://127.0.0.1:{}", address.port());
        }
        format!("http://{address}")
    }

    /// What the HTTP side takes when it listens on `address`.
    pub fn to_http_settings(&self, address: SocketAddr) -> HttpSettings {
        HttpSettings {
            public_url: self.public_url(address),
            body_limit_bytes: self.body_limit_bytes,
            request_timeout: Duration::from_millis(self.request_timeout_ms),
            allowed_origins: self.allowed_origins.clone(),
            requests_per_second: (self.requests_per_second > 0).then_some(self.requests_per_second),
            feed_keep_alive: Duration::from_millis(self.feed_keep_alive_ms),
            client_ip_header: self.client_ip_header.parse().ok(),
            strict_transport_security: self.strict_transport_security,
        }
    }
}
