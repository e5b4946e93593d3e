//! The handle: starting, addressing and stopping a sandbox.

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::net::TcpListener;

use crate::{
    control::requests::NewApp,
    core::Core,
    errors::SandboxError,
    options::SandboxOptions,
    saving,
    server::{self, ConnectionSwitch, SwitchedListener},
    state::World,
    webhooks::{deliver, queue::DeliveryQueue},
};

/// How long `stop` waits for running calls and deliveries.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// A running sandbox. Clones are handles to the same one; it stops with [`Sandbox::stop`] or when the last
/// handle is dropped.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) core: Arc<Core>,
    address: SocketAddr,
    /// Absent in the handle that the sandbox's own server holds.
    _stop_on_drop: Option<Arc<StopOnDrop>>,
}

struct StopOnDrop(Arc<Core>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.shutdown.cancel();
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts listening. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError::PortTaken`] when somebody else listens there; [`SandboxError::StateDamaged`] when the state
    /// file is not what a sandbox wrote.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let listener =
            TcpListener::bind(options.listen).await.map_err(|error| refused(options.listen, error))?;
        let address = listener.local_addr().map_err(|error| refused(options.listen, error))?;
        let client = webhook_client(&options)?;
        let (deliveries, updates) = DeliveryQueue::new();
        let world = first_world(&options);
        let core = Arc::new(Core::new(options, world, deliveries, client));
        saving::open(&core).await?;
        let sandbox = Self {
            core: Arc::clone(&core),
            address,
            _stop_on_drop: Some(Arc::new(StopOnDrop(Arc::clone(&core)))),
        };
        let router = server::router(Self { _stop_on_drop: None, ..sandbox.clone() });
        let shutdown = core.shutdown.clone();
        core.tracker.spawn(async move {
            let service = router.into_make_service_with_connect_info::<ConnectionSwitch>();
            let served = axum::serve(SwitchedListener(listener), service)
                .with_graceful_shutdown(shutdown.cancelled_owned())
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "sandbox server ended");
            }
        });
        core.tracker.spawn(deliver::run(Arc::clone(&core), updates));
        core.tracker.spawn(saving::run(Arc::clone(&core)));
        tracing::info!(%address, "sandbox started");
        Ok(sandbox)
    }

    /// `http://host:port`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening and delivering. Waits at most 5 seconds for what is running. With a state file, everything
    /// is saved, undelivered webhooks too; without one they are forgotten.
    pub async fn stop(&self) {
        self.core.shutdown.cancel();
        self.core.tracker.close();
        if tokio::time::timeout(STOP_WITHIN, self.core.tracker.wait()).await.is_err() {
            tracing::warn!("sandbox stopped before every connection was closed");
        }
        saving::save_or_warn(&self.core).await;
    }
}

/// The state a sandbox begins with, and returns to after a reset: one app.
pub(crate) fn first_world(options: &SandboxOptions) -> World {
    let mut world = World::new(options.seed, options.content_ids_from);
    let callback_url = options.app.callback_url.clone().or_else(|| options.deliver.callback_url.clone());
    let app = NewApp { callback_url, ..options.app.clone() };
    if let Err(error) = world.create_app(app) {
        tracing::error!(%error, "first app not created");
    }
    world
}

fn refused(address: SocketAddr, error: io::Error) -> SandboxError {
    if error.kind() == io::ErrorKind::AddrInUse {
        SandboxError::PortTaken { address }
    } else {
        SandboxError::Listen { address, source: error }
    }
}

fn webhook_client(options: &SandboxOptions) -> Result<reqwest::Client, SandboxError> {
    // The process may have chosen a TLS provider already; then that one is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(options.deliver.timeout)
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(options.deliver.concurrency)
        .build()
        .map_err(SandboxError::WebhookClient)
}
