//! What the HTTP side needs of Instagram's protocol: webhooks verified and read, secrets sealed.

use serde_json::Value;
use tenants::account::SealedSecret;
use tenants::clock::Timestamp;
use tenants::event::{EventBody, EventKind};
use tenants::ids::{AccountId, AgencyId, AppId, TenantId};

/// The Meta app that signed a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningApp {
    /// The installation's own app: any account may belong to it.
    Installation,
    /// An agency's app.
    Agency {
        /// The app.
        app: AppId,
        /// Its agency.
        agency: AgencyId,
        /// Set when the app serves one tenant only.
        tenant: Option<TenantId>,
    },
}

/// One item of a delivery, typed.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookItem {
    /// Instagram's id of the account it is for.
    pub external_account: String,
    /// What it is about.
    pub kind: EventKind,
    /// The same item gives the same text.
    pub external_id: String,
    /// Order is kept within one key.
    pub conversation_key: String,
    /// When it happened, by Instagram's word.
    pub occurred_at: Timestamp,
    /// What it says.
    pub body: EventBody,
    /// The item as it came.
    pub raw: Value,
}

/// Why a delivery is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefused {
    /// No app at this address, or the signature is missing or wrong.
    #[error("the signature is missing or does not fit")]
    NotSigned,
    /// The body is not what Instagram sends.
    #[error("the body is not a webhook of Instagram: {0}")]
    Malformed(String),
}

/// Verifies and reads webhooks.
pub trait WebhookPlatform: Send + Sync + 'static {
    /// The challenge to echo when the handshake presents the right token.
    fn handshake<'a>(&self, app: Option<&str>, mode: &str, token: &str, challenge: &'a str) -> Option<&'a str>;

    /// Which app signed the raw body; `app` is the last part of the address, `signature` the value of
    /// `X-Hub-Signature-256`.
    fn verify(&self, app: Option<&str>, body: &[u8], signature: Option<&str>) -> Result<SigningApp, WebhookRefused>;

    /// Reads the items of a verified body.
    fn parse(&self, body: &[u8], received_at: Timestamp) -> Result<Vec<WebhookItem>, WebhookRefused>;
}

/// Seals secrets before they are stored. Nothing here can open them.
pub trait SecretSealer: Send + Sync + 'static {
    /// Seals an access token for one account.
    fn seal_token(&self, tenant: &TenantId, account: &AccountId, token: &str) -> Result<SealedSecret, SealError>;

    /// Seals the secret of a Meta app.
    fn seal_app_secret(&self, app: &AppId, secret: &str) -> Result<SealedSecret, SealError>;
}

/// The vault could not seal a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the vault cannot seal secrets: check the key ring of the settings")]
pub struct SealError;
