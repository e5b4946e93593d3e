//! Carries messages to people: mail, Slack-style webhooks, and signed webhooks for programs; and events to the webhooks of
//! agencies.
//!
//! What a channel needs to be reached is sealed like a token: the whole address of a webhook (it is a secret by itself)
//! and the key that signs. The vault opens only what was sealed for this very channel.

mod addresses;
mod mail;
mod web;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use instagram::Vault;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tenants::account::SealedSecret;
use tenants::clock::Clock;
use tenants::notice::{Channel, ChannelKind};
use tenants::ports::{Courier, CourierError, EventCourier, Letter};
use tenants::webhook::{Answer, EventMessage, Webhook};

pub use addresses::{AddressError, Addresses};
pub use mail::MailSettings;
pub use web::{signing_key, slack_text};

use crate::people::Mailer;
use mail::Mail;
use web::Web;

/// What is sealed for a channel with a webhook.
#[derive(Serialize, Deserialize)]
pub struct Secrets {
    /// The whole address.
    pub url: String,
    /// The key that signs, as `whsec_…`; signed webhooks only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// As text, to be sealed.
    pub fn to_text(&self) -> SecretString {
        SecretString::from(serde_json::to_string(self).unwrap_or_default())
    }
}

/// The installation's couriers.
#[derive(Debug)]
pub struct Couriers {
    vault: Arc<Vault>,
    mail: Option<Mail>,
    web: Web,
}

impl Couriers {
    /// Builds them.
    ///
    /// # Errors
    /// When the machine has no working TLS, or the settings of mail make no sense.
    pub fn new(
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        mail: &MailSettings,
        addresses: Addresses,
        timeout: Duration,
    ) -> anyhow::Result<Self> {
        let mail = Mail::new(mail, clock.clone(), timeout)?;
        Ok(Self { vault, mail, web: Web::new(addresses, clock, timeout)? })
    }

    fn secrets(&self, channel: &Channel, sealed: Option<&SealedSecret>) -> Result<Secrets, CourierError> {
        let missing = || CourierError::Never("its address is missing: store it anew".to_owned());
        let opened = self.vault.open_channel(&channel.id, sealed.ok_or_else(missing)?);
        let opened = opened.map_err(|error| CourierError::Later(error.to_string()))?;
        serde_json::from_str(opened.expose_secret()).map_err(|_| missing())
    }
}

#[async_trait]
impl EventCourier for Couriers {
    async fn send(&self, webhook: &Webhook, secrets: &[SealedSecret], message: &EventMessage) -> Answer {
        let opened: Result<Vec<SecretString>, _> =
            secrets.iter().map(|secret| self.vault.open_webhook(&webhook.id, secret)).collect();
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => return Answer::unsent(error.to_string()),
        };
        let keys: Vec<&str> = opened.iter().map(ExposeSecret::expose_secret).collect();
        self.web.post_event(&webhook.setup.url, &keys, message).await
    }
}

#[async_trait]
impl Mailer for Couriers {
    async fn mail(&self, to: &str, subject: &str, text: &str) -> Result<(), CourierError> {
        let Some(mail) = &self.mail else {
            return Err(CourierError::Never("no mail server is set: set mail.host and mail.from".to_owned()));
        };
        mail.send_text(to, subject, text).await
    }
}

#[async_trait]
impl Courier for Couriers {
    async fn deliver(
        &self,
        channel: &Channel,
        secret: Option<&SealedSecret>,
        letter: &Letter,
    ) -> Result<(), CourierError> {
        match channel.setup.kind {
            ChannelKind::Email => match &self.mail {
                Some(mail) => mail.send(&channel.setup.to, letter).await,
                None => Err(CourierError::Later(
                    "no mail server is set: set mail.host and mail.from and restart".to_owned(),
                )),
            },
            ChannelKind::Slack => self.web.post_text(&self.secrets(channel, secret)?, letter).await,
            ChannelKind::Webhook => self.web.post_signed(&self.secrets(channel, secret)?, letter).await,
        }
    }
}
