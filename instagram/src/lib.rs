//! The Instagram platform: webhooks in, Graph API out. The only holder of tokens.
//!
//! - [`vault`] seals tokens and app secrets. Sealing is public, opening is not: only this crate sees a token.
//! - [`webhook`] checks signatures on raw bytes and turns payloads into typed items.
//! - [`gateway`] calls the Graph API for an account and says what a failure means.
//!
//! To understand one more kind of webhook, add a function to a file of `webhook/payload/`, name it in the match
//! of `payload/mod.rs` (fields of `changes`) or `payload/messaging.rs` (items of `messaging`), and add its body to
//! the table in `tests/platform/payloads.rs`. To understand one more error, add a row to
//! `gateway/errors/table.rs` and to its test.

pub mod gateway;
#[cfg(feature = "testing")]
pub mod testing;
pub mod vault;
pub mod webhook;

pub use gateway::{Gateway, GatewayError, GatewayOptions, LoginCredentials, OwnLogins};
pub use vault::{KeyRing, KeyRingError, Vault, VaultError};
pub use webhook::{IncomingItem, OwnApp, ParseError, SignatureError, Verified, VerifyError, WebhookApps};
