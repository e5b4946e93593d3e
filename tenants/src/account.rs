//! Agencies, tenants, their Instagram accounts, Meta apps and API keys.

use serde::{Deserialize, Serialize};

use crate::access::UserRole;
use crate::clock::Timestamp;
use crate::ids::{AccountId, AgencyId, AppId, KeyId, TenantId};
use crate::words::word_enum;

/// A company that runs the presence of many clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agency {
    /// Its id.
    pub id: AgencyId,
    /// Display name.
    pub name: String,
    /// Row created.
    pub created_at: Timestamp,
}

word_enum! {
    /// Whether a tenant is served.
    pub enum TenantStatus {
        /// Served.
        Active = "active",
        /// Events are stored, nothing is decided or sent.
        Suspended = "suspended",
    }
}

/// A client brand of an agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// The agency it belongs to.
    pub agency: AgencyId,
    /// Short name, unique in the agency: lower-case letters, digits, hyphens.
    pub slug: String,
    /// Display name.
    pub name: String,
    /// IANA time zone, such as `Europe/Lisbon`.
    pub time_zone: String,
    /// Whether it is served.
    pub status: TenantStatus,
    /// Grows with every change of the tenant, its settings, rules or accounts.
    pub version: i64,
    /// Row created.
    pub created_at: Timestamp,
}

word_enum! {
    /// Which login an account was connected through; it decides hosts and paths.
    pub enum LoginFlavour {
        /// Instagram Login: graph.instagram.com.
        Instagram = "instagram",
        /// Facebook Login for Business: graph.facebook.com, messages through the Page.
        Facebook = "facebook",
    }
}

word_enum! {
    /// Whether an account can be used.
    pub enum AccountStatus {
        /// Its token works as far as we know.
        Active = "active",
        /// Its token was refused; its queue waits for a reconnect.
        Disconnected = "disconnected",
        /// Its token has run out; its queue waits for a reconnect.
        Expired = "expired",
    }
}

/// A connected Instagram account. Its token is not here: only the gateway can see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// Instagram's professional account id, the one webhooks carry; unique over the platform.
    pub external_id: String,
    /// The app-scoped id of the same account, when known.
    pub scoped_id: Option<String>,
    /// The linked Facebook Page (Facebook login only).
    pub page_id: Option<String>,
    /// Handle without `@`.
    pub username: String,
    /// How it was connected.
    pub flavour: LoginFlavour,
    /// The Meta app it was connected with; `None` is the installation's own.
    pub app: Option<AppId>,
    /// Whether it can be used.
    pub status: AccountStatus,
    /// When its token runs out.
    pub token_expires_at: Option<Timestamp>,
    /// Row created.
    pub created_at: Timestamp,
}

impl Account {
    /// True when `id` or `username` is this account itself.
    pub fn is_self(&self, id: &str, username: Option<&str>) -> bool {
        self.external_id == id
            || self.scoped_id.as_deref() == Some(id)
            || username.is_some_and(|name| name.eq_ignore_ascii_case(&self.username))
    }
}

/// A Meta app: its secret signs webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaApp {
    /// Its id.
    pub id: AppId,
    /// The agency that brought it.
    pub agency: AgencyId,
    /// Set when it serves one tenant only.
    pub tenant: Option<TenantId>,
    /// Meta's app id; also the last part of its webhook address.
    pub external_id: String,
    /// What the handshake must present.
    pub verify_token: String,
    /// Row created.
    pub created_at: Timestamp,
}

/// A secret as it is stored: sealed with AES-256-GCM, readable only by the gateway's vault.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// Which key of the ring sealed it.
    pub key_id: String,
    /// Nonce and ciphertext.
    pub sealed: Vec<u8>,
}

impl std::fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedSecret(key {})", self.key_id)
    }
}

/// What an API key may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum KeyScope {
    /// Everything on the installation: creates agencies. Made by the CLI only.
    Installation,
    /// An agency and all its tenants.
    Agency {
        /// The agency.
        agency: AgencyId,
    },
    /// One tenant.
    Tenant {
        /// Its agency.
        agency: AgencyId,
        /// The tenant.
        tenant: TenantId,
    },
}

/// An API key; the key itself is shown once and stored only as a SHA-256 hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// What it is for.
    pub name: String,
    /// What it may see.
    pub scope: KeyScope,
    /// What it may do there.
    pub role: UserRole,
    /// No longer valid after this moment.
    pub expires_at: Option<Timestamp>,
    /// Withdrawn at this moment.
    pub revoked_at: Option<Timestamp>,
    /// Last use, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Row created.
    pub created_at: Timestamp,
}
