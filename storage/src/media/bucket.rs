//! An S3-compatible bucket.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientOptions, RetryConfig};
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};

/// A bucket that speaks S3's language.
#[derive(Debug, Clone)]
pub struct BucketOptions {
    /// Its name.
    pub name: String,
    /// Its region, such as `eu-central-1`; many compatible services take any.
    pub region: String,
    /// Where it is, such as `https://s3.example.com`; `None` for Amazon's own.
    pub endpoint: Option<String>,
    /// The key's id; empty takes the credentials of the machine.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: SecretString,
    /// True when the bucket is the first part of the host name, false when it is the first part of the path.
    pub is_virtual_hosted: bool,
}

/// Longest time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest silence of a connection.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest time over all tries of a request: whoever uploads waits for it.
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) fn open(options: &BucketOptions) -> Result<AmazonS3, object_store::Error> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&options.name)
        .with_region(&options.region)
        .with_virtual_hosted_style_request(options.is_virtual_hosted)
        .with_allow_http(options.endpoint.as_ref().is_some_and(|url| url.starts_with("http://")))
        .with_retry(RetryConfig { max_retries: 3, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() })
        .with_http_connector(Connector(client()?));
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
    }
    if !options.access_key_id.is_empty() {
        builder = builder
            .with_access_key_id(&options.access_key_id)
            .with_secret_access_key(options.secret_access_key.expose_secret());
    }
    builder.build()
}

/// Hands out one client, whose TLS works on a machine without root certificates as well as behind a company's own
/// authority.
#[derive(Debug)]
struct Connector(reqwest::Client);

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

fn client() -> Result<reqwest::Client, object_store::Error> {
    let unusable = |source| object_store::Error::Generic { store: "S3", source };
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| unusable(error.into()))
}
