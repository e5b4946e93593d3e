//! What people are told outside the dashboard. A background part makes notifications of alerts, notices and waiting
//! drafts for the channels that want them, and delivers those whose time has come.
//!
//! Everything stands in the database between its steps, so a crash loses nothing. A message whose answer was lost is
//! sent again under the same id: at least once, and the receiver can tell.

mod deliver;
mod letter;
mod made;
mod route;
#[cfg(test)]
mod tests;
mod waiting;

use std::time::Duration;

use serde::Deserialize;
use tenants::clock::Timestamp;
use tenants::ids::Ids;
use tenants::notice::{Channel, NoticeKind};
use tenants::ports::{CourierError, Letter, StoreError};
use tracing::warn;

use crate::Ports;
use crate::supervision::{Part, PartResult};

pub use made::owner_changed;

/// Time between two looks for drafts that wait: they come often, and a person need not know within the second.
const WAITING_EVERY: Duration = Duration::from_secs(30);

/// How notices are worked on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeSettings {
    /// Milliseconds between two looks for something to tell.
    pub poll_every_ms: u64,
    /// Longest time for one delivery, in milliseconds; after it the message is sent again later.
    pub timeout_ms: u64,
    /// Deliveries under way at the same time.
    pub max_in_flight: usize,
    /// Whether webhooks may lead into private networks and use plain HTTP: for receivers on the same machine, and
    /// for tests.
    pub allow_private_addresses: bool,
}

impl NoticeSettings {
    /// Longest time for one delivery.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

/// Tells people, until the node stops. To be supervised.
///
/// # Errors
/// None: failures of the database are waited out.
pub async fn run(ports: Ports, settings: NoticeSettings, part: Part) -> PartResult {
    let mut desk = Desk::new(ports, settings);
    loop {
        if let Err(error) = desk.round().await {
            warn!(%error, "people could not be told, trying again");
        }
        let pause = Duration::from_millis(desk.settings.poll_every_ms.max(10));
        tokio::select! {
            () = part.stopping() => return Ok(()),
            () = desk.ports.clock.sleep(pause) => {}
        }
    }
}

/// Who tells people.
pub(crate) struct Desk {
    ports: Ports,
    settings: NoticeSettings,
    next_look_at_waiting: Timestamp,
}

impl Desk {
    /// Begins.
    pub(crate) fn new(ports: Ports, settings: NoticeSettings) -> Self {
        let next_look_at_waiting = ports.clock.now();
        Self { ports, settings, next_look_at_waiting }
    }

    /// Routes what is new and delivers what is due.
    pub(crate) async fn round(&mut self) -> Result<(), StoreError> {
        let channels = self.ports.comms.channels_in_use().await?;
        self.route(&channels).await?;
        let now = self.ports.clock.now();
        if self.next_look_at_waiting <= now {
            self.next_look_at_waiting = now + WAITING_EVERY;
            self.look_at_waiting(&channels).await?;
        }
        self.deliver(&channels).await
    }
}

/// Sends a message through a channel at once, so that whoever set it up sees whether it works.
///
/// # Errors
/// What the channel says.
pub async fn send_test(ports: &Ports, channel: &Channel) -> Result<(), CourierError> {
    let away = |error: StoreError| CourierError::Later(error.to_string());
    let secret = ports.comms.channel_secret(&channel.id).await.map_err(away)?;
    ports
        .courier
        .deliver(channel, secret.as_ref(), &test_letter(channel, &ports.ids, ports.clock.now()))
        .await
}

/// The message of a test.
pub fn test_letter(channel: &Channel, ids: &Ids, now: Timestamp) -> Letter {
    let subject = "Troupe can reach you here".to_owned();
    let text = format!("This is a test of the channel {}. Nothing happened.", channel.setup.name);
    Letter {
        id: ids.uuid(),
        kind: NoticeKind::Test,
        at: now,
        html: letter::html_of(&subject, &[letter::Item::new(&subject, "info", now, &text)], 0),
        data: serde_json::json!({ "channel": channel.id, "name": channel.setup.name }),
        subject,
        text,
    }
}
