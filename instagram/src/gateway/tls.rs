//! TLS: ring, and the roots of Mozilla plus those of the machine.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// A client configuration that works on a machine without root certificates (a bare container) as well as behind
/// a company's own authority. It names its cryptography, so no process-wide default is needed.
pub(super) fn client_config() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
