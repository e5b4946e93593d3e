//! Settings, in three layers: `config/default.toml` (embedded, every key explained), then the `--config` file,
//! then the environment as `TROUPE__SECTION__KEY`. An unknown key in any layer is an error that names it.

mod error;
mod http;
mod layers;
mod media;
mod models;
mod secret;
mod sso;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use actors::dispatcher::DispatcherSettings;
use actors::intel::IntelSettings;
use actors::notices::NoticeSettings;
use actors::publishing::PublishingSettings;
use actors::supervision::ActorSettings;
use actors::upkeep::RetentionSettings;
use actors::watch::WatchSettings;
use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::Value;
use secrecy::ExposeSecret;
use serde::Deserialize;

pub use crate::couriers::MailSettings;
pub use error::SettingsError;
pub use http::HttpSection;
pub use layers::ENV_PREFIX;
pub use media::{BucketSettings, MediaSettings, VideoWay};
pub use models::ModelSettings;
pub use secret::Secret;
pub use sso::SsoSection;

use self::layers::layers;
use crate::media::SentVideos;
use crate::scheduler::SchedulerSettings;

/// The embedded defaults, with every key explained.
pub const DEFAULTS: &str = include_str!("../../../config/default.toml");

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where things are kept.
    pub data: DataSettings,
    /// The database.
    pub database: DatabaseSettings,
    /// The HTTP server.
    pub http: HttpSection,
    /// Sign-in through a provider of identities.
    pub sso: SsoSection,
    /// Keys for secrets at rest.
    pub vault: VaultSettings,
    /// Instagram.
    pub instagram: InstagramSettings,
    /// The media library.
    pub media: MediaSettings,
    /// What tenants remember.
    pub memory: MemorySettings,
    /// Language models.
    pub models: ModelSettings,
    /// Actors.
    pub actors: ActorSettings,
    /// The queue of effects.
    pub dispatcher: DispatcherSettings,
    /// What people are told.
    pub notices: NoticeSettings,
    /// The mail server.
    pub mail: MailSettings,
    /// Publishing of posts.
    pub publishing: PublishingSettings,
    /// Insights, spikes, reports, competitors.
    pub intel: IntelSettings,
    /// Ticks.
    pub scheduler: SchedulerSettings,
    /// Looks at accounts.
    pub watch: WatchSettings,
    /// How old rows may become.
    pub retention: RetentionSettings,
    /// Logs.
    pub log: LogSettings,
    /// Shutdown.
    pub shutdown: ShutdownSettings,
    /// The sandbox.
    pub sandbox: SandboxSettings,
}

/// Where things are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSettings {
    /// Folder of the database, the vault key and the lock.
    pub dir: PathBuf,
}

/// The database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Empty for SQLite in the data folder; else `sqlite:PATH` or `postgres://…`.
    pub url: Secret,
}

/// Keys for secrets at rest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultSettings {
    /// `id:base64 of 32 bytes`; the first seals, all open. Empty: a key file in the data folder.
    pub keys: Vec<Secret>,
}

/// Instagram.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstagramSettings {
    /// Host for accounts connected through Instagram Login.
    pub instagram_base_url: String,
    /// Host for accounts connected through Facebook Login.
    pub facebook_base_url: String,
    /// Host that videos are sent to; empty: Meta's, or the sandbox that is set above.
    pub upload_base_url: String,
    /// Host of the consent page of Instagram Login; empty: Instagram's, or the sandbox that is set above.
    pub instagram_login_url: String,
    /// Host that exchanges the codes of Instagram Login; empty as above.
    pub instagram_token_url: String,
    /// Host of the consent page of Facebook Login for Business; empty as above.
    pub facebook_login_url: String,
    /// Graph API version, such as `v25.0`.
    pub api_version: String,
    /// Longest time to connect, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Longest time for one call, in milliseconds.
    pub request_timeout_ms: u64,
    /// The installation's own Meta app.
    pub app: OwnAppSettings,
}

impl InstagramSettings {
    /// Whether the API is not Instagram's own.
    pub fn is_sandbox(&self) -> bool {
        self.instagram_base_url != "https://graph.instagram.com"
    }

    /// The host of a login or of uploads: the one that is set, else Meta's own, unless the API is a sandbox, which has them too.
    pub fn login_host(&self, set: &str, usual: &str) -> String {
        match (set.is_empty(), self.is_sandbox()) {
            (false, _) => set.to_owned(),
            (true, true) => self.instagram_base_url.clone(),
            (true, false) => usual.to_owned(),
        }
    }
}

/// The installation's own Meta app.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnAppSettings {
    /// Meta's app id.
    pub id: String,
    /// App secrets that may sign webhooks; the first is also the client secret of logins.
    pub secrets: Vec<Secret>,
    /// Meta's app id for Instagram Login; empty: `id`.
    pub instagram_id: String,
    /// The app secret for Instagram Login; empty: the first of `secrets`.
    pub instagram_secret: Secret,
    /// What the handshake must present.
    pub verify_token: Secret,
}

/// What tenants remember.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemorySettings {
    /// Most indexes that are open at once.
    pub max_open: usize,
    /// Most items of a tenant; 0 is no limit.
    pub max_items: u32,
}

/// Logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Filter in `tracing` syntax.
    pub level: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Shutdown.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownSettings {
    /// Time for work in hand to end by itself, in milliseconds.
    pub soft_ms: u64,
    /// Time after that until the process leaves anyway, in milliseconds.
    pub hard_ms: u64,
}

impl ShutdownSettings {
    /// Time for work in hand to end by itself.
    pub fn soft(&self) -> Duration {
        Duration::from_millis(self.soft_ms)
    }

    /// Time after that.
    pub fn hard(&self) -> Duration {
        Duration::from_millis(self.hard_ms)
    }
}

/// The sandbox.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxSettings {
    /// Address of `troupe sandbox` and of the demo's sandbox.
    pub listen: SocketAddr,
}

impl Settings {
    /// Reads all layers. `environment` is the process's, or a test's.
    ///
    /// # Errors
    /// [`SettingsError`] names the key or file and what to do.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let settings: Settings = layers(file, environment)?.extract().map_err(Box::new)?;
        settings.validate()?;
        Ok(settings)
    }

    /// The defaults with changes in TOML, for tests and the demo.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn with(overrides: &str) -> Result<Self, SettingsError> {
        let figment = Figment::from(Toml::string(DEFAULTS)).merge(Toml::string(overrides));
        let settings: Settings = figment.extract().map_err(Box::new)?;
        settings.validate()?;
        Ok(settings)
    }

    fn validate(&self) -> Result<(), SettingsError> {
        let invalid = |key, problem: &str| Err(SettingsError::Value { key, problem: problem.to_owned() });
        let url = self.database.url.expose_secret();
        if !(url.is_empty() || ["sqlite:", "postgres://", "postgresql://"].iter().any(|p| url.starts_with(p)))
        {
            return invalid("database.url", "must be empty, or begin with sqlite: or postgres://");
        }
        for (key, url) in [
            ("instagram.instagram_base_url", &self.instagram.instagram_base_url),
            ("instagram.facebook_base_url", &self.instagram.facebook_base_url),
        ] {
            if !(url.starts_with("https://") || url.starts_with("http://")) {
                return invalid(key, "must be a URL that begins with https:// (or http:// for a sandbox)");
            }
        }
        if !self.mail.host.is_empty() && self.mail.from.is_empty() {
            return invalid("mail.from", "must be a mail address when mail.host is set");
        }
        if self.notices.timeout_ms == 0 {
            return invalid("notices.timeout_ms", "must be at least 1");
        }
        if let Err((key, problem)) = self.sso.read() {
            return Err(SettingsError::Value { key, problem });
        }
        if let Err((key, problem)) = self.media.check() {
            return invalid(key, problem);
        }
        let public = &self.http.public_url;
        if !(public.is_empty() || public.starts_with("https://") || public.starts_with("http://"))
            || public.contains(['?', '#'])
            || !public.is_ascii()
        {
            return invalid("http.public_url", "must be an address such as https://troupe.example.com");
        }
        if self.memory.max_open == 0 {
            return invalid("memory.max_open", "must be at least 1");
        }
        if (1..RetentionSettings::LEAST_EVENTS_DAYS).contains(&self.retention.events_days) {
            return invalid(
                "retention.events_days",
                "must be 0 (keep for ever) or at least 14: late webhooks are recognised by the events kept",
            );
        }
        for key in &self.vault.keys {
            if !key.expose_secret().contains(':') {
                return invalid(
                    "vault.keys",
                    "write each key as `id:base64`; make one with `openssl rand -base64 32`",
                );
            }
        }
        Ok(())
    }

    /// Where Instagram fetches media: `media.public_url`, else `http.public_url`; `None` while neither is set, because
    /// nobody outside reaches the address that is listened on.
    pub fn media_url(&self) -> Option<String> {
        let set = [&self.media.public_url, &self.http.public_url].into_iter().find(|url| !url.is_empty());
        set.map(|url| url.trim_end_matches('/').to_owned())
    }

    /// Which videos are sent to Instagram instead of being fetched by it.
    pub fn sent_videos(&self) -> SentVideos {
        match self.media.videos {
            VideoWay::Fetch => SentVideos::None,
            VideoWay::Push => SentVideos::All,
            VideoWay::Auto if self.media.bucket.presign || self.is_fetched_from() => SentVideos::None,
            VideoWay::Auto => SentVideos::WhereDocumented,
        }
    }

    /// Whether Instagram can fetch from the address that is set. A sandbox can from any.
    fn is_fetched_from(&self) -> bool {
        let is_sandbox = self.instagram.is_sandbox();
        self.media_url().is_some_and(|url| is_sandbox || !is_private(&url))
    }

    /// Where people reach this installation, as far as it is set: `http.public_url`, else `media.public_url`.
    pub fn people_url(&self) -> Option<String> {
        let set = [&self.http.public_url, &self.media.public_url].into_iter().find(|url| !url.is_empty());
        set.map(|url| url.trim_end_matches('/').to_owned())
    }

    /// The address of the database, as the storage layer takes it.
    pub fn database_url(&self) -> Secret {
        if self.database.url.expose_secret().is_empty() {
            Secret::from(format!("sqlite:{}", self.data.dir.join("troupe.db").display()))
        } else {
            self.database.url.clone()
        }
    }
}

/// All settings as TOML with secrets masked, for `troupe config print`.
///
/// # Errors
/// As [`Settings::load`].
pub fn printable(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Value, SettingsError> {
    let mut value: Value = layers(file, environment)?.extract().map_err(Box::new)?;
    secret::mask(&mut value);
    Ok(value)
}

/// True for addresses that the internet does not reach, as far as the text tells.
fn is_private(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return true };
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) => !tenants::network::is_public(address),
        Err(_) => {
            !host.contains('.') || [".localhost", ".local", ".internal"].iter().any(|end| host.ends_with(end))
        }
    }
}

#[cfg(test)]
mod tests;
