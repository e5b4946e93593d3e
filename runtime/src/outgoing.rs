//! Connections that the node or a command opens: one way to trust certificates.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// TLS that trusts the roots of Mozilla and those of this machine.
///
/// # Errors
/// When this machine can make no connection.
pub fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// The causes of a failed request, without the address.
pub fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    message
}

/// The name that requests carry.
pub const USER_AGENT: &str = concat!("troupe/", env!("CARGO_PKG_VERSION"));

/// Reads an answer that must not be larger than so many bytes.
///
/// # Errors
/// Says why it could not be read to its end.
pub async fn read(mut answer: reqwest::Response, largest: usize) -> Result<Vec<u8>, String> {
    let mut read = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(describe)? {
        if read.len() + part.len() > largest {
            return Err(format!("the answer has more than {largest} bytes"));
        }
        read.extend_from_slice(&part);
    }
    Ok(read)
}
