//! Delivers what is due: the intent is stored, the message sent, the outcome stored.

use std::collections::BTreeMap;

use futures::StreamExt;
use serde_json::json;
use tenants::alert::{AlertType, NewAlert, Severity};
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ids::{AlertId, ChannelId};
use tenants::notice::{
    Channel, ChannelKind, DeliveryEvent, FAILURES_TO_ALERT, MAX_DELIVERY_TRIES, MOST_TOGETHER, Notification,
    NotificationMove, delivery_backoff,
};
use tenants::ports::{CourierError, StoreError};
use tracing::{debug, warn};
use uuid::Uuid;

use super::Desk;
use super::letter::letter_of;

/// Notifications read at a time: more than one message takes.
const AT_ONCE: u32 = 2 * MOST_TOGETHER as u32;
/// Who resolves the alert of a channel that works again.
const RESOLVED_BY: &str = "notices";

/// What became of a message.
enum Sent {
    /// The channel took it.
    Taken(Timestamp),
    /// The channel did not take it.
    Failed,
    /// Somebody else has it, or the person it speaks of was forgotten.
    NotOurs,
}

/// Notifications that travel together.
struct Message {
    id: Option<Uuid>,
    notifications: Vec<Notification>,
}

impl Message {
    fn severity(&self) -> Severity {
        self.notifications.iter().map(|it| it.severity).max().unwrap_or(Severity::Info)
    }

    fn stands_alone(&self) -> bool {
        self.notifications.iter().any(|it| it.kind.stands_alone())
    }

    /// Tries so far.
    fn tries(&self) -> u32 {
        self.notifications.iter().map(|it| it.tries).max().unwrap_or(0)
    }
}

impl Desk {
    /// Delivers everything that is due; channels side by side, so that a slow one keeps nobody waiting.
    pub(super) async fn deliver(&self, channels: &[Channel]) -> Result<(), StoreError> {
        let due = self.ports.comms.due_notifications(self.ports.clock.now(), AT_ONCE).await?;
        let mut by_channel: BTreeMap<ChannelId, Vec<Notification>> = BTreeMap::new();
        for notification in due {
            by_channel.entry(notification.channel).or_default().push(notification);
        }
        let work = by_channel.into_iter().map(|(id, waiting)| async move {
            let done = match channels.iter().find(|channel| channel.id == id) {
                Some(channel) => self.deliver_through(channel, waiting).await,
                None => self.give_up_without_channel(id, &waiting).await,
            };
            if let Err(error) = done {
                warn!(channel.id = %id, %error, "a delivery could not be recorded, trying again");
            }
        });
        let limit = self.settings.max_in_flight.max(1);
        futures::stream::iter(work).buffer_unordered(limit).collect::<Vec<()>>().await;
        Ok(())
    }

    async fn deliver_through(&self, channel: &Channel, waiting: Vec<Notification>) -> Result<(), StoreError> {
        let mut last_sent_at = channel.last_sent_at;
        let mut failures = channel.failures;
        let mut messages = messages_of(channel, waiting).into_iter();
        while let Some(message) = messages.next() {
            let now = self.ports.clock.now();
            let last = last_sent_at.filter(|_| !message.stands_alone() && message.id.is_none());
            let may_leave_at = channel.setup.may_leave_at(message.severity(), last, now);
            if may_leave_at > now && message.id.is_none() {
                self.record(channel, &message, DeliveryEvent::Postponed { until: may_leave_at }, failures)
                    .await?;
                continue;
            }
            match self.send(channel, &message, failures).await? {
                Sent::Taken(sent_at) => (last_sent_at, failures) = (Some(sent_at), 0),
                Sent::Failed => {
                    failures += 1;
                    self.rest(channel, messages.flat_map(|it| it.notifications).collect(), failures).await?;
                    break;
                }
                Sent::NotOurs => break,
            }
        }
        debug!(channel.id = %channel.id, failures, "channel worked on");
        Ok(())
    }

    /// Lets everything else of a channel that failed wait as well. Left due, the backlog of one dead channel would be
    /// read again and again in front of what others wait for.
    async fn rest(
        &self,
        channel: &Channel,
        notifications: Vec<Notification>,
        failures: u32,
    ) -> Result<(), StoreError> {
        if notifications.is_empty() {
            return Ok(());
        }
        let until = self.ports.clock.now() + delivery_backoff(failures);
        let waiting = Message { id: None, notifications };
        self.record(channel, &waiting, DeliveryEvent::Postponed { until }, failures).await
    }

    /// Sends a message.
    async fn send(&self, channel: &Channel, message: &Message, failures: u32) -> Result<Sent, StoreError> {
        let id = message.id.unwrap_or_else(|| self.ports.ids.uuid());
        let until = self.ports.clock.now() + self.settings.timeout() * 2;
        match self.record(channel, message, DeliveryEvent::Begun { message: id, until }, failures).await {
            Ok(()) => {}
            Err(StoreError::Conflict(_)) => return Ok(Sent::NotOurs),
            Err(error) => return Err(error),
        }
        let secret = self.ports.comms.channel_secret(&channel.id).await?;
        let letter = letter_of(id, &message.notifications);
        let answer = tokio::select! {
            biased;
            answer = self.ports.courier.deliver(channel, secret.as_ref(), &letter) => answer,
            () = self.ports.clock.sleep(self.settings.timeout()) => {
                Err(CourierError::Later(format!("no answer within {} ms", self.settings.timeout_ms)))
            }
        };
        let now = self.ports.clock.now();
        let tries = message.tries() + 1;
        let event = match answer {
            Ok(()) => DeliveryEvent::Taken,
            Err(CourierError::Never(error)) => DeliveryEvent::GivenUp { error },
            Err(CourierError::Later(error)) if tries >= MAX_DELIVERY_TRIES => {
                DeliveryEvent::GivenUp { error }
            }
            Err(CourierError::Later(error)) => {
                DeliveryEvent::Refused { error, next_try_at: now + delivery_backoff(tries) }
            }
        };
        let taken = event == DeliveryEvent::Taken;
        self.record(channel, message, event, failures).await?;
        Ok(if taken { Sent::Taken(now) } else { Sent::Failed })
    }

    /// Stores what happened to a message, with the alert that the channel does not work, or its end.
    async fn record(
        &self,
        channel: &Channel,
        message: &Message,
        event: DeliveryEvent,
        failures: u32,
    ) -> Result<(), StoreError> {
        let at = self.ports.clock.now();
        let mut list = Vec::new();
        match &event {
            DeliveryEvent::Begun { .. } | DeliveryEvent::Postponed { .. } => {}
            DeliveryEvent::Taken if failures >= FAILURES_TO_ALERT => list.push(Change::ResolveAlert {
                dedup_key: channel.trouble_key(),
                by: RESOLVED_BY.to_owned(),
                at,
            }),
            DeliveryEvent::Taken => {}
            DeliveryEvent::Refused { error, .. } | DeliveryEvent::GivenUp { error } => {
                let is_given_up = matches!(event, DeliveryEvent::GivenUp { .. });
                if failures + 1 >= FAILURES_TO_ALERT || is_given_up {
                    list.push(Change::RaiseAlert(Box::new(self.trouble(channel, error)), at));
                }
            }
        }
        let notifications = message.notifications.iter().map(|it| it.id).collect();
        let moved = NotificationMove { channel: channel.id, notifications, event, at };
        list.push(Change::MoveNotifications(Box::new(moved)));
        self.ports.store.commit(Changes { chain: channel.chain(), list }).await
    }

    fn trouble(&self, channel: &Channel, error: &str) -> NewAlert {
        let name = &channel.setup.name;
        NewAlert {
            id: AlertId::new(&self.ports.ids),
            agency: Some(channel.agency),
            tenant: channel.tenant,
            alert_type: AlertType::ChannelDown,
            severity: None,
            message: format!(
                "the channel {name} does not reach its people ({error}): correct its address, and try it with `test`"
            ),
            details: json!({ "channel": channel.id, "error": error }),
            dedup_key: channel.trouble_key(),
        }
    }

    /// The channel was switched off after something was routed to it.
    async fn give_up_without_channel(
        &self,
        channel: ChannelId,
        waiting: &[Notification],
    ) -> Result<(), StoreError> {
        let Some(first) = waiting.first() else { return Ok(()) };
        let chain = first
            .channel_tenant
            .map_or(tenants::audit::Chain::Agency(first.agency), tenants::audit::Chain::Tenant);
        let moved = NotificationMove {
            channel,
            notifications: waiting.iter().map(|it| it.id).collect(),
            event: DeliveryEvent::GivenUp { error: "the channel is switched off".to_owned() },
            at: self.ports.clock.now(),
        };
        let list = vec![Change::MoveNotifications(Box::new(moved))];
        self.ports.store.commit(Changes { chain, list }).await
    }
}

/// What travels together: messages that were begun stay as they are; the rest is gathered where the channel is read
/// by people.
fn messages_of(channel: &Channel, waiting: Vec<Notification>) -> Vec<Message> {
    let mut begun: BTreeMap<Uuid, Vec<Notification>> = BTreeMap::new();
    let (mut together, mut messages) = (Vec::new(), Vec::new());
    for notification in waiting {
        match notification.message {
            Some(id) => begun.entry(id).or_default().push(notification),
            None if notification.kind.stands_alone() || channel.setup.kind == ChannelKind::Webhook => {
                messages.push(Message { id: None, notifications: vec![notification] });
            }
            None => together.push(notification),
        }
    }
    let again = begun.into_iter().map(|(id, notifications)| Message { id: Some(id), notifications });
    let mut all: Vec<Message> = again.chain(messages).collect();
    while !together.is_empty() {
        let rest = together.split_off(together.len().min(MOST_TOGETHER));
        all.push(Message { id: None, notifications: std::mem::replace(&mut together, rest) });
    }
    all
}
