//! Webhooks in: who signed a delivery, and what it says.

mod apps;
mod item;
mod parse;
mod payload;
pub mod signature;
mod signed_request;

pub(crate) use payload::fields;

pub use apps::{HandshakeError, OwnApp, SignedRequestRefused, Verified, VerifyError, WebhookApps};
pub use item::IncomingItem;
pub use parse::{MAX_ITEMS, ParseError, parse};
pub use signature::SignatureError;
pub use signed_request::{SignedRequest, SignedRequestError};
