//! What every handler is given.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use actors::Ports;
use actors::learning::Learner;
use actors::webhooks::WebhookDesk;
use axum::http::HeaderName;
use instagram::{Vault, WebhookApps};
use tenants::ports::{Hint, Outside, Overview, Prompts, StoreError};
use tokio::sync::broadcast;

use super::access::{KeyRing, SignIns};
use super::address_book::AddressBook;
use super::metrics::HttpMetrics;
use super::node::NodeView;
use crate::couriers::Addresses;
use crate::media::MediaDesk;
use crate::oversight::OversightDesk;
use crate::people::PeopleDesk;
use crate::people::sso::SingleSignOn;
use crate::posts::PostLinks;
use crate::rehearsals::RehearsalDesk;

/// Hints can be lost between nodes; this often accounts and apps are read again without one.
const DIRECTORY_PERIOD: Duration = Duration::from_secs(30);

/// What boot puts together for the HTTP side of a node.
pub struct AppParts {
    /// Clock, ids, tasks, store, language models, hints: the same that the actors have.
    pub ports: Ports,
    /// Versions of prompts, and experiments with them.
    pub prompts: Arc<dyn Prompts>,
    /// Requests that may be repeated, and programs outside.
    pub outside: Arc<dyn Outside>,
    /// What waits at many tenants.
    pub overview: Arc<dyn Overview>,
    /// Whose webhooks are believed.
    pub apps: Arc<WebhookApps>,
    /// Seals tokens and app secrets before they are stored.
    pub vault: Arc<Vault>,
    /// Which addresses of webhooks users may name.
    pub addresses: Addresses,
    /// The media library.
    pub media: Arc<MediaDesk>,
    /// Signed addresses about posts.
    pub post_links: Arc<PostLinks>,
    /// Rehearses recorded events.
    pub rehearsals: Arc<RehearsalDesk>,
    /// Signs people in.
    pub people: Arc<PeopleDesk>,
    /// Tells agencies' own programs what happens.
    pub webhooks: WebhookDesk,
    /// Answers people who ask why.
    pub oversight: OversightDesk,
    /// Signs people in through their provider of identities, where one is set.
    pub single_sign_on: Option<Arc<SingleSignOn>>,
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
    /// Where people and Meta reach this installation, such as `https://troupe.example.com`; no slash at the end.
    pub public_url: String,
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
    /// The header in which a proxy names who calls, such as `x-forwarded-for`; without one it is whoever connects.
    pub client_ip_header: Option<HeaderName>,
    /// Whether every answer says over HTTPS only (`Strict-Transport-Security`); set it behind a TLS proxy.
    pub strict_transport_security: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            body_limit_bytes: 3 << 20,
            request_timeout: Duration::from_secs(30),
            allowed_origins: Vec::new(),
            requests_per_second: None,
            feed_keep_alive: Duration::from_secs(15),
            client_ip_header: None,
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
    /// Who is behind an external account id.
    pub(super) address_book: AddressBook,
    /// API keys seen within the last seconds.
    pub(super) keys: KeyRing,
    /// How often networks try to sign in.
    pub(super) sign_ins: SignIns,
    /// Counters and durations of requests.
    pub(super) metrics: HttpMetrics,
    /// Learns from verdicts as they are given.
    pub(crate) learner: Arc<Learner>,
}

impl AppState {
    /// Shares the parts. Fails when the registry already holds the metrics of another HTTP side.
    pub fn new(parts: AppParts) -> Result<Self, prometheus::Error> {
        let metrics = HttpMetrics::register(&parts.registry)?;
        let keys = KeyRing::new(parts.settings.requests_per_second);
        let learner = Arc::new(Learner::new(parts.ports.clone()));
        let address_book = AddressBook::new(parts.ports.store.clone());
        Ok(Self(Arc::new(Shared {
            parts,
            address_book,
            keys,
            sign_ins: SignIns::default(),
            metrics,
            learner,
        })))
    }

    /// Reads the accounts and the agencies' apps from the database.
    pub async fn refresh_directory(&self) -> Result<(), StoreError> {
        self.address_book.refresh().await?;
        self.apps.reload(self.ports.store.as_ref(), &self.vault).await
    }

    /// Keeps accounts and apps fresh until shutdown: reads them on every hint that the directory changed, and
    /// every half minute, because hints can be lost between nodes.
    pub fn keep_directory_fresh(&self) {
        let state = self.clone();
        let mut hints = self.ports.wake.subscribe();
        self.ports.tasks.spawn("directory", async move {
            loop {
                tokio::select! {
                    () = state.ports.tasks.stopping() => return,
                    () = directory_changed(&mut hints) => {}
                    () = state.ports.clock.sleep(DIRECTORY_PERIOD) => {}
                }
                if let Err(error) = state.refresh_directory().await {
                    tracing::warn!(%error, "accounts and apps could not be read; the known ones stay in use");
                }
            }
        });
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

async fn directory_changed(hints: &mut broadcast::Receiver<Hint>) {
    loop {
        match hints.recv().await {
            Ok(Hint::DirectoryChanged) | Err(broadcast::error::RecvError::Lagged(_)) => return,
            Ok(_) => {}
            // Nobody will ever send again; the period alone goes on.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
