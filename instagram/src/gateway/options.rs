//! Settings of the gateway.

use std::time::Duration;

/// Where Instagram is and how patient we are with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayOptions {
    /// Host of accounts connected by Instagram Login; a sandbox in tests.
    pub instagram_base_url: String,
    /// Host of accounts connected by Facebook Login for Business.
    pub facebook_base_url: String,
    /// Host that videos are sent to.
    pub upload_base_url: String,
    /// Host of the consent page of Instagram Login.
    pub instagram_login_url: String,
    /// Host that exchanges the codes of Instagram Login.
    pub instagram_token_url: String,
    /// Host of the consent page of Facebook Login for Business.
    pub facebook_login_url: String,
    /// Version in front of every path, such as `v25.0`.
    pub api_version: String,
    /// For a whole call, answer included. When it runs out after the request was sent, the outcome is unknown.
    pub request_timeout: Duration,
    /// For opening a connection; shorter than `request_timeout`.
    pub connect_timeout: Duration,
    /// Idle connections kept per host.
    pub pool_size: usize,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            instagram_base_url: "https://graph.instagram.com".to_owned(),
            facebook_base_url: "https://graph.facebook.com".to_owned(),
            upload_base_url: "https://rupload.facebook.com".to_owned(),
            instagram_login_url: "https://www.instagram.com".to_owned(),
            instagram_token_url: "https://api.instagram.com".to_owned(),
            facebook_login_url: "https://www.facebook.com".to_owned(),
            api_version: "v25.0".to_owned(),
            request_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            pool_size: 64,
        }
    }
}

/// Why no gateway can be made of these options.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// A base address is not usable.
    #[error("`{address}` is not an http or https address without query: correct it in the settings")]
    BadAddress {
        /// The address.
        address: String,
    },
    /// The version is not usable.
    #[error("`{version}` is not a Graph API version: write it like `v25.0`")]
    BadVersion {
        /// The version.
        version: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

impl GatewayOptions {
    /// A base address without a slash at the end.
    pub(super) fn unversioned(&self, address: &str) -> Result<String, GatewayError> {
        self.versioned(address)?;
        Ok(address.trim_end_matches('/').to_owned())
    }

    /// A base address with the version appended, without a slash at the end.
    pub(super) fn versioned(&self, address: &str) -> Result<String, GatewayError> {
        let usable = reqwest::Url::parse(address).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        if !usable {
            return Err(GatewayError::BadAddress { address: address.to_owned() });
        }
        let version = &self.api_version;
        let digits = version.strip_prefix('v').unwrap_or_default();
        if !digits.starts_with(|c: char| c.is_ascii_digit())
            || !digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        {
            return Err(GatewayError::BadVersion { version: version.clone() });
        }
        Ok(format!("{}/{version}", address.trim_end_matches('/')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_versions_are_checked_before_the_first_call() {
        let options = GatewayOptions::default();
        assert_eq!(options.versioned("http://127.0.0.1:9/ig/").unwrap(), "http://127.0.0.1:9/ig/v25.0");
        for address in ["", "graph.instagram.com", "ftp://x", "https://x/?token=1"] {
            assert!(matches!(options.versioned(address), Err(GatewayError::BadAddress { .. })), "{address}");
        }
        for version in ["", "25.0", "v", "v25.0/me", "latest"] {
            let options = GatewayOptions { api_version: version.to_owned(), ..GatewayOptions::default() };
            assert!(
                matches!(options.versioned("https://x"), Err(GatewayError::BadVersion { .. })),
                "{version}"
            );
        }
    }
}
