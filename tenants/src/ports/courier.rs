//! Carries messages to people, outside Instagram.

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use crate::account::SealedSecret;
use crate::clock::Timestamp;
use crate::notice::{Channel, NoticeKind};

/// One message to people or programs.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// The same over all tries: as `Message-ID` and `webhook-id` it lets a receiver tell a repetition.
    pub id: Uuid,
    /// What it is about.
    pub kind: NoticeKind,
    /// When what it tells of happened.
    pub at: Timestamp,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The same for programs.
    pub data: Value,
}

/// Why a message did not arrive. The texts hold no secrets and no addresses of webhooks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CourierError {
    /// It may work later.
    #[error("{0}")]
    Later(String),
    /// It will never work as it is set.
    #[error("{0}")]
    Never(String),
}

/// Delivers messages.
#[async_trait]
pub trait Courier: Send + Sync + 'static {
    /// Delivers a message once, or says why not. When the answer is lost, the message may have arrived: it is sent
    /// again under the same id.
    async fn deliver(
        &self,
        channel: &Channel,
        secret: Option<&SealedSecret>,
        letter: &Letter,
    ) -> Result<(), CourierError>;
}
