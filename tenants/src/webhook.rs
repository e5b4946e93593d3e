//! Webhooks: what happens is told to an agency's own programs, signed in the form of Standard Webhooks.
//!
//! What is told are the entries of the audit log. A delivery names its entry and holds nothing of it: the body is read
//! from the log when it is sent.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::account::SealedSecret;
use crate::clock::Timestamp;
use crate::ids::{AgencyId, AuditId, DeliveryId, SecretId, TenantId, WebhookId};
use crate::settings::InvalidSetting;
use crate::words::word_enum;

mod delivery;
mod events;

pub use delivery::{
    Answer, Attempted, DeliveryState, EventMessage, PAUSES, WebhookAttempt, WebhookDelivery, message_id,
    pause_after,
};
pub use events::{EVENT_TYPES, groups};

/// The type of the event that a test sends.
pub const TEST_EVENT: &str = "webhook.test";
/// A webhook of which everything has failed for so long is disabled.
pub const PATIENCE: Duration = Duration::from_secs(5 * 24 * 3_600);
/// How long the old secret signs beside the new one, unless another time is asked for.
pub const OVERLAP: Duration = Duration::from_secs(24 * 3_600);
/// The longest that it may.
pub const LONGEST_OVERLAP: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Most bytes of an answer that are kept.
pub const KEPT_ANSWER: usize = 1_024;
/// Most names of events, or tenants, of a webhook.
const MOST_NAMES: usize = 200;

word_enum! {
    /// Why a webhook is disabled.
    pub enum DisabledReason {
        /// Somebody has switched it off.
        ByHand = "by_hand",
        /// The receiver answered 410 Gone.
        Gone = "gone",
        /// Everything has failed for five days.
        Failing = "failing",
    }
}

/// A webhook of an agency.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// The agency.
    pub agency: AgencyId,
    /// How it is set.
    pub setup: WebhookSetup,
    /// Set while nothing is sent to it.
    pub disabled: Option<Disabled>,
    /// The first failure since something was taken.
    pub failing_since: Option<Timestamp>,
    /// When something was taken last.
    pub delivered_at: Option<Timestamp>,
    /// Until when the secret before the present one signs, too.
    pub old_secret_until: Option<Timestamp>,
    /// Grows with every change by people, and when it is disabled.
    pub version: i64,
    /// Row created. Nothing older is told.
    pub created_at: Timestamp,
    /// Row changed.
    pub updated_at: Timestamp,
}

/// What people set about a webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebhookSetup {
    /// What people call it.
    pub name: String,
    /// Where it is sent.
    pub url: String,
    /// What is told: types such as `decision.made`, groups such as `decision.*`, or `*`.
    pub events: Vec<String>,
    /// Only what concerns these tenants; everything of the agency when empty.
    pub tenants: Vec<TenantId>,
}

/// Since when and why nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disabled {
    /// Why.
    pub reason: DisabledReason,
    /// Since when.
    pub since: Timestamp,
}

impl WebhookSetup {
    /// Refuses what cannot work, naming the first field that is wrong. The address and the owner of the tenants are
    /// looked at by those who know them.
    ///
    /// # Errors
    /// [`InvalidSetting`].
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let wrong = |field: &str, problem: &str| Err(InvalidSetting::new(field, problem));
        if !(1..=100).contains(&self.name.trim().chars().count()) {
            return wrong("name", "give it a name of 1 to 100 characters");
        }
        if self.events.is_empty() || self.events.len() > MOST_NAMES {
            return wrong("events", "give 1 to 200 types of events, such as decision.made, decision.* or *");
        }
        if self.tenants.len() > MOST_NAMES {
            return wrong("tenants", "give at most 200 tenants, or none for all of them");
        }
        match self.events.iter().find(|name| !is_known(name)) {
            Some(name) => {
                let name: String = name.chars().take(60).collect();
                wrong("events", &format!("there is no event `{name}`: GET …/webhooks/event-types lists them"))
            }
            None => Ok(()),
        }
    }
}

/// Whether a name stands for at least one type of events.
fn is_known(name: &str) -> bool {
    let types = || EVENT_TYPES.iter().map(|(event_type, _)| *event_type);
    match name.strip_suffix('*') {
        Some("") => true,
        Some(group) => group.ends_with('.') && types().any(|it| it.starts_with(group)),
        None => types().any(|it| it == name),
    }
}

/// Whether one of the names stands for a type of events.
fn names(name: &str, event_type: &str) -> bool {
    match name.strip_suffix('*') {
        Some(group) => event_type.starts_with(group),
        None => name == event_type,
    }
}

impl Webhook {
    /// Whether it is to be told of an entry, of a tenant or of the agency itself.
    pub fn wants(&self, entry: &LoggedEvent, tenant: Option<TenantId>) -> bool {
        let is_chosen = self.setup.events.iter().any(|name| names(name, &entry.event_type));
        let is_theirs =
            self.setup.tenants.is_empty() || tenant.is_some_and(|it| self.setup.tenants.contains(&it));
        // Its own making is no news to it.
        let is_itself = entry.event_type == "webhook.created" && entry.resource_id == self.id.to_string();
        is_chosen && is_theirs && !is_itself && entry.at >= self.created_at
    }

    /// The alert that says that it was disabled.
    pub fn trouble_key(&self) -> String {
        format!("webhook:{}", self.id)
    }

    /// The host alone, which is all that logs and entries say of an address.
    pub fn host(&self) -> &str {
        let rest = self.setup.url.split_once("://").map_or(self.setup.url.as_str(), |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().unwrap_or_default()
    }
}

/// What deciding about an entry of the log needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Its id.
    pub id: AuditId,
    /// Its position in its chain.
    pub seq: i64,
    /// What happened.
    pub event_type: String,
    /// What it happened to.
    pub resource_id: String,
    /// When.
    pub at: Timestamp,
}

/// A change of webhooks or of what is on its way to them. All of it belongs to the agency of the unit of work, or for
/// [`WebhookChange::Note`] to the agency of its tenant.
#[derive(Debug, Clone, PartialEq)]
pub enum WebhookChange {
    /// Adds a webhook, which is told what comes after.
    Add {
        /// The webhook.
        webhook: Box<Webhook>,
        /// The row of its secret.
        id: SecretId,
        /// Its sealed secret.
        secret: SealedSecret,
    },
    /// Replaces what people set, and whether it is in use. A conflict when it has another version than the one before.
    Set {
        /// The webhook, with its new version.
        webhook: Box<Webhook>,
        /// Whether it was off and goes on: what waits is sent at once, with all its tries before it.
        resumes: bool,
    },
    /// Gives it another secret; the present one goes on signing until `old_until`. A conflict as with `Set`.
    Rotate {
        /// The webhook, with its new version.
        webhook: Box<Webhook>,
        /// The row of the new secret.
        id: SecretId,
        /// The new secret.
        secret: SealedSecret,
        /// Until when the old one signs, too.
        old_until: Timestamp,
    },
    /// Seals a secret anew, unless it was changed meanwhile.
    Reseal {
        /// The row of the secret.
        id: SecretId,
        /// As it is sealed.
        old: SealedSecret,
        /// As it shall be.
        new: SealedSecret,
    },
    /// Removes a webhook with what is on its way to it. A conflict when there is none.
    Delete(WebhookId),
    /// Switches a webhook off by itself. A conflict when it is off.
    Disable {
        /// The webhook.
        webhook: WebhookId,
        /// Since when and why.
        disabled: Disabled,
    },
    /// Adds deliveries and moves the place up to which the chain of the unit of work was read. A conflict when somebody
    /// else has moved it: then nothing is added.
    Note {
        /// The agency.
        agency: AgencyId,
        /// The place that was read from.
        after: i64,
        /// The place of the last entry that was read.
        upto: i64,
        /// What is to be sent.
        deliveries: Vec<WebhookDelivery>,
    },
    /// Begins a try: until `until` nobody else tries. A conflict when one of them does not wait, or is tried already.
    Claim {
        /// The webhook, which must be in use.
        webhook: WebhookId,
        /// The deliveries.
        deliveries: Vec<DeliveryId>,
        /// When.
        at: Timestamp,
        /// When the try counts as lost.
        until: Timestamp,
    },
    /// A try came to its end. A conflict when it was given up as lost and another one was begun.
    Attempted(Box<Attempted>),
    /// Orders deliveries anew: their tries begin again. A conflict when one of them is being tried.
    Redeliver {
        /// The webhook.
        webhook: WebhookId,
        /// The deliveries.
        deliveries: Vec<DeliveryId>,
        /// When.
        at: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::ids::Ids;

    fn setup(events: &[&str]) -> WebhookSetup {
        WebhookSetup {
            name: "warehouse".into(),
            url: "https://hooks.example.com/in?x=1".into(),
            events: events.iter().map(|&name| name.to_owned()).collect(),
            tenants: Vec::new(),
        }
    }

    fn webhook(ids: &Ids, events: &[&str]) -> Webhook {
        Webhook {
            id: WebhookId::new(ids),
            agency: AgencyId::new(ids),
            setup: setup(events),
            disabled: None,
            failing_since: None,
            delivered_at: None,
            old_secret_until: None,
            version: 1,
            created_at: Timestamp::from_millis(1_000),
            updated_at: Timestamp::from_millis(1_000),
        }
    }

    fn entry(ids: &Ids, event_type: &str) -> LoggedEvent {
        LoggedEvent {
            id: AuditId::new(ids),
            seq: 1,
            event_type: event_type.into(),
            resource_id: "x".into(),
            at: Timestamp::from_millis(2_000),
        }
    }

    fn ids() -> Ids {
        Ids::seeded(Arc::new(ManualClock::at(0)), 1)
    }

    #[test]
    fn a_webhook_wants_what_it_names_by_type_group_or_all() {
        let ids = ids();
        let wants = |events: &[&str], event: &str| webhook(&ids, events).wants(&entry(&ids, event), None);
        assert!(wants(&["decision.made"], "decision.made"));
        assert!(!wants(&["decision.made"], "decision.feedback"));
        assert!(wants(&["effect.sent", "decision.*"], "decision.feedback"));
        assert!(!wants(&["post.*"], "post_template.created"), "a group ends at its dot");
        assert!(wants(&["*"], "whatever.comes"));
    }

    #[test]
    fn what_came_before_it_and_what_concerns_other_tenants_is_left_out() {
        let ids = ids();
        let mut it = webhook(&ids, &["*"]);
        let early = LoggedEvent { at: Timestamp::from_millis(999), ..entry(&ids, "decision.made") };
        assert!(!it.wants(&early, None));
        let (one, other) = (TenantId::new(&ids), TenantId::new(&ids));
        it.setup.tenants = vec![one];
        assert!(it.wants(&entry(&ids, "decision.made"), Some(one)));
        assert!(!it.wants(&entry(&ids, "decision.made"), Some(other)));
        assert!(
            !it.wants(&entry(&ids, "key.created"), None),
            "what concerns the agency itself is no tenant's"
        );
    }

    #[test]
    fn events_that_do_not_exist_are_refused_with_where_to_look() {
        for name in ["decision.mad", "decision", "dec*", "nothing.*", "**", ".*", ""] {
            let refused = setup(&["decision.made", name]).validate().unwrap_err();
            assert_eq!(refused.field, "events", "{name}");
        }
        assert!(setup(&[]).validate().is_err());
        assert!(setup(&["decision.made", "post.*", "*"]).validate().is_ok());
    }

    #[test]
    fn only_the_host_of_an_address_is_told() {
        let it = webhook(&ids(), &["*"]);
        assert_eq!(it.host(), "hooks.example.com");
    }
}
