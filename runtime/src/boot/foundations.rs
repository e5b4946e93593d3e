//! What everything stands on: clock, ids, tasks, database, vault.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use instagram::{Gateway, GatewayOptions, KeyRing, LoginCredentials, OwnLogins, Vault};
use llm::Catalogue;
use secrecy::ExposeSecret;
use storage::{Database, DatabaseOptions, LocalWake, MemoryOptions, TenantMemory};
use tenants::clock::Clock;
use tenants::ids::Ids;
use tenants::ports::Embedder;
use tenants::tasks::Tasks;

use super::embedder::ModelEmbedder;
use super::{media, models};
use crate::data_dir;
use crate::media::MediaDesk;
use crate::people::sso::Tickets;
use crate::posts::PostLinks;
use crate::settings::{OwnAppSettings, Secret, Settings};

/// An opened installation, without actors or HTTP. Cheap to clone.
#[derive(Clone)]
pub struct Foundations {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Ids,
    /// Background tasks.
    pub tasks: Tasks,
    /// The database.
    pub database: Database,
    /// What tenants remember.
    pub memory: TenantMemory,
    /// The media library.
    pub media: Arc<MediaDesk>,
    /// Signed addresses about posts.
    pub post_links: Arc<PostLinks>,
    /// Binds sign-ins through single sign-on to browsers.
    pub tickets: Arc<Tickets>,
    /// Makes vectors for the memory, when the catalogue names a model for it.
    pub(super) embedder: Option<Arc<ModelEmbedder>>,
    /// Seals secrets.
    pub vault: Arc<Vault>,
    /// Hints.
    pub wake: Arc<LocalWake>,
}

impl fmt::Debug for Foundations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Foundations")
    }
}

impl Foundations {
    /// Opens the database and the vault. The schema may still be an old one. Models are not looked at: their file may
    /// be missing or wrong, and the memory makes no vectors.
    ///
    /// # Errors
    /// When a part cannot be opened; the text says what to do.
    pub async fn open(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let indexes = settings.data.dir.join("memory");
        Self::open_with_indexes(settings, clock, indexes).await
    }

    /// The same with a memory whose vectors the models of the catalogue make, when it names some for that.
    ///
    /// # Errors
    /// As [`Foundations::open`], and when the catalogue of models makes no sense.
    pub async fn open_with_models(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let catalogue = models::read(&settings.models)?;
        Self::assemble(settings, clock, settings.data.dir.join("memory"), Some(&catalogue)).await
    }

    /// The same with the memory's indexes in a folder of their own: only one process may use a folder of indexes.
    ///
    /// # Errors
    /// As [`Foundations::open`].
    pub async fn open_with_indexes(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        indexes: PathBuf,
    ) -> anyhow::Result<Self> {
        Self::assemble(settings, clock, indexes, None).await
    }

    async fn assemble(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        indexes: PathBuf,
        catalogue: Option<&Catalogue>,
    ) -> anyhow::Result<Self> {
        data_dir::create(&settings.data.dir)?;
        let ids = Ids::system(clock.clone());
        let tasks = Tasks::default();
        let keys: Vec<_> = data_dir::vault_keys(&settings.vault.keys, &settings.data.dir, &ids)?
            .into_iter()
            .map(|(id, key)| (id, key.inner().clone()))
            .collect();
        let link_keys = media::link_keys(&keys);
        let post_links = Arc::new(media::post_links(&keys, settings));
        let tickets = Arc::new(media::tickets(&keys));
        let ring = KeyRing::from_base64(&keys).context("vault.keys cannot be used")?;
        let mut vault = Vault::new(ring, ids.clone());
        if settings.vault.keys.is_empty() {
            let dir = settings.data.dir.clone();
            vault = vault.with_source(move || key_file(&dir).map_err(|error| format!("{error:#}")));
        }
        let vault = Arc::new(vault);
        let url = settings.database_url();
        let options = DatabaseOptions::new(url.inner().clone(), clock.clone());
        let database = Database::open(options).await?;
        let embedder = catalogue.and_then(|it| ModelEmbedder::of(it, database.clone(), clock.clone()));
        let memory = MemoryOptions {
            embedder: embedder.clone().map(|embedder| embedder as Arc<dyn Embedder>),
            ..memory_options(settings, indexes, &clock, &ids, &tasks)
        };
        let memory = TenantMemory::new(database.clone(), memory)?;
        let wake = Arc::new(LocalWake::default());
        let parts = media::Around {
            clock: clock.clone(),
            ids: ids.clone(),
            tasks: tasks.clone(),
            database: database.clone(),
            wake: wake.clone(),
        };
        let media = media::open(settings, link_keys, parts)?;
        Ok(Self { clock, ids, tasks, database, memory, media, post_links, tickets, embedder, vault, wake })
    }

    /// What a memory with its indexes in another folder is made of.
    pub fn memory_options(&self, settings: &Settings, indexes: PathBuf) -> MemoryOptions {
        memory_options(settings, indexes, &self.clock, &self.ids, &self.tasks)
    }

    /// Refuses a database with an old schema.
    ///
    /// # Errors
    /// When migrations are missing.
    pub async fn require_migrated(&self) -> anyhow::Result<()> {
        let pending = self.database.pending_migrations().await?;
        anyhow::ensure!(
            !pending.first().is_some_and(|step| step.starts_with("0001 ")),
            "there is nothing in the database yet: run `troupe migrate`, and check data.dir or database.url if there \
             should be"
        );
        anyhow::ensure!(
            pending.is_empty(),
            "the database has an old schema ({} steps missing): run `troupe migrate`",
            pending.len()
        );
        Ok(())
    }

    /// A gateway to Instagram, or to what the settings put in its place.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn gateway(&self, settings: &Settings) -> anyhow::Result<Gateway> {
        let instagram = &settings.instagram;
        let options = GatewayOptions {
            instagram_base_url: instagram.instagram_base_url.clone(),
            facebook_base_url: instagram.facebook_base_url.clone(),
            upload_base_url: instagram.login_host(&instagram.upload_base_url, VIDEO_UPLOADS),
            instagram_login_url: instagram.login_host(&instagram.instagram_login_url, INSTAGRAM_LOGIN),
            instagram_token_url: instagram.login_host(&instagram.instagram_token_url, INSTAGRAM_TOKEN),
            facebook_login_url: instagram.login_host(&instagram.facebook_login_url, FACEBOOK_LOGIN),
            api_version: instagram.api_version.clone(),
            connect_timeout: Duration::from_millis(instagram.connect_timeout_ms),
            request_timeout: Duration::from_millis(instagram.request_timeout_ms),
            ..GatewayOptions::default()
        };
        let gateway = Gateway::new(&options, self.vault.clone(), Arc::new(self.database.clone()))?;
        let files = Arc::new(self.media.files().clone());
        Ok(gateway.with_logins(own_logins(&instagram.app)).with_files(files, self.clock.clone()))
    }

    /// Ends the tasks and closes the database; false when something was still running after `limit`.
    pub async fn close(&self, limit: Duration) -> bool {
        let ended = self.tasks.shut_down(limit).await;
        // Whatever is not durable in time is read from the rows again.
        if tokio::time::timeout(limit, self.memory.close()).await.is_err() {
            tracing::warn!(
                "some memory indexes were not closed in time; they read on when they are opened next"
            );
        }
        self.database.close().await;
        ended
    }
}

const INSTAGRAM_LOGIN: &str = "https://www.instagram.com";
/// Where videos are sent.
const VIDEO_UPLOADS: &str = "https://rupload.facebook.com";
const INSTAGRAM_TOKEN: &str = "https://api.instagram.com";
const FACEBOOK_LOGIN: &str = "https://www.facebook.com";

/// The ring as the key file has it now.
fn key_file(dir: &Path) -> anyhow::Result<KeyRing> {
    let keys = data_dir::read_key_file(dir)?.into_iter().map(|(id, key)| (id, key.inner().clone()));
    Ok(KeyRing::from_base64(&keys.collect::<Vec<_>>())?)
}

/// The logins of the installation's own app: Meta gives Instagram Login a pair of its own.
fn own_logins(app: &OwnAppSettings) -> OwnLogins {
    let given = |id: &str, secret: Option<&Secret>| {
        let secret = secret.filter(|secret| !secret.expose_secret().is_empty())?;
        let secret = secret.inner().clone();
        (!id.is_empty()).then(|| LoginCredentials { client_id: id.to_owned(), secret })
    };
    let first = app.secrets.first();
    let id = if app.instagram_id.is_empty() { &app.id } else { &app.instagram_id };
    let secret = Some(&app.instagram_secret).filter(|secret| !secret.expose_secret().is_empty()).or(first);
    OwnLogins { instagram: given(id, secret), facebook: given(&app.id, first) }
}

fn memory_options(
    settings: &Settings,
    indexes: PathBuf,
    clock: &Arc<dyn Clock>,
    ids: &Ids,
    tasks: &Tasks,
) -> MemoryOptions {
    MemoryOptions {
        folder: indexes,
        max_open: settings.memory.max_open,
        max_items: settings.memory.max_items,
        embedder: None,
        clock: clock.clone(),
        ids: ids.clone(),
        tasks: tasks.clone(),
    }
}
