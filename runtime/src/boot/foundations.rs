//! What everything stands on: clock, ids, tasks, database, vault.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use instagram::{Gateway, GatewayOptions, KeyRing, Vault};
use storage::{Database, DatabaseOptions, LocalWake};
use tenants::clock::Clock;
use tenants::ids::Ids;
use tenants::tasks::Tasks;

use crate::data_dir;
use crate::settings::Settings;

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
    /// Opens the database and the vault. The schema may still be an old one.
    ///
    /// # Errors
    /// When a part cannot be opened; the text says what to do.
    pub async fn open(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        data_dir::create(&settings.data.dir)?;
        let ids = Ids::system(clock.clone());
        let tasks = Tasks::default();
        let keys: Vec<_> = data_dir::vault_keys(&settings.vault.keys, &settings.data.dir, &ids)?
            .into_iter()
            .map(|(id, key)| (id, key.inner().clone()))
            .collect();
        let ring = KeyRing::from_base64(&keys).context("vault.keys cannot be used")?;
        let vault = Arc::new(Vault::new(ring, ids.clone()));
        let url = settings.database_url();
        let options = DatabaseOptions::new(url.inner().clone(), clock.clone());
        let database = Database::open(options).await?;
        Ok(Self { clock, ids, tasks, database, vault, wake: Arc::new(LocalWake::default()) })
    }

    /// Refuses a database with an old schema.
    ///
    /// # Errors
    /// When migrations are missing.
    pub async fn require_migrated(&self) -> anyhow::Result<()> {
        let pending = self.database.pending_migrations().await?;
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
            api_version: instagram.api_version.clone(),
            connect_timeout: Duration::from_millis(instagram.connect_timeout_ms),
            request_timeout: Duration::from_millis(instagram.request_timeout_ms),
            ..GatewayOptions::default()
        };
        Ok(Gateway::new(&options, self.vault.clone(), Arc::new(self.database.clone()))?)
    }

    /// Ends the tasks and closes the database; false when something was still running after `limit`.
    pub async fn close(&self, limit: Duration) -> bool {
        let ended = self.tasks.shut_down(limit).await;
        self.database.close().await;
        ended
    }
}
