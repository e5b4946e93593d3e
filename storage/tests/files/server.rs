//! A server that speaks S3's language, in a folder.

use std::path::Path;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use secrecy::SecretString;
use tenants::tasks::Tasks;
use tokio::net::TcpListener;
use troupe_storage::BucketOptions;

/// The only bucket.
pub const BUCKET: &str = "troupe-media";
const KEY_ID: &str = "AKIATEST";
const KEY: &str = "a secret of forty letters, more or less.";

/// A running server; it ends with the test.
pub struct Server {
    port: u16,
    tasks: Tasks,
}

impl Server {
    pub async fn start(folder: &Path) -> Self {
        std::fs::create_dir(folder.join(BUCKET)).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder).unwrap());
        service.set_auth(SimpleAuth::from_single(KEY_ID, KEY));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let tasks = Tasks::default();
        let connections = tasks.clone();
        tasks.spawn("s3", async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                connections.spawn("s3.connection", async move {
                    let http = Builder::new(TokioExecutor::new());
                    let _ = http.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self { port, tasks }
    }

    pub fn options(&self) -> BucketOptions {
        BucketOptions {
            name: BUCKET.to_owned(),
            region: "eu-central-1".to_owned(),
            endpoint: Some(format!("http://127.0.0.1:{}", self.port)),
            access_key_id: KEY_ID.to_owned(),
            secret_access_key: SecretString::from(KEY),
            is_virtual_hosted: false,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

/// Somebody without a key.
pub fn client() -> reqwest::Client {
    // The HTTP client wants one, although nothing here speaks TLS. When there is one already, that is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().build().unwrap()
}
