//! What is said about webhooks, and what they are asked to be.

use serde::{Deserialize, Serialize};
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, AuditId, DeliveryId, TenantId, WebhookId};
use tenants::webhook::{
    DeliveryState, Disabled, DisabledReason, EVENT_TYPES, Webhook, WebhookAttempt, WebhookDelivery,
    WebhookSetup, groups,
};
use utoipa::{IntoParams, ToSchema};

use crate::http::schema;

/// A webhook of an agency: what happens is told to a program of its own, signed in the form of Standard Webhooks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(super) struct WebhookView {
    #[schema(value_type = schema::Id)]
    pub(super) id: WebhookId,
    /// What people call it.
    pub(super) name: String,
    /// Where it is sent. Everybody of the agency sees it.
    pub(super) url: String,
    /// What is told: types such as `decision.made`, groups such as `decision.*`, or `*`.
    pub(super) events: Vec<String>,
    /// Only what concerns these tenants; everything of the agency when empty.
    #[schema(value_type = Vec<schema::Id>)]
    pub(super) tenants: Vec<TenantId>,
    /// Whether anything is sent.
    pub(super) enabled: bool,
    /// Why nothing is sent, and since when.
    pub(super) disabled: Option<DisabledView>,
    /// The first failure since something was taken.
    #[schema(value_type = Option<schema::Moment>)]
    pub(super) failing_since: Option<Timestamp>,
    /// When something was taken last.
    #[schema(value_type = Option<schema::Moment>)]
    pub(super) delivered_at: Option<Timestamp>,
    /// Until when the secret before the present one signs, too.
    #[schema(value_type = Option<schema::Moment>)]
    pub(super) old_secret_until: Option<Timestamp>,
    /// Grows with every change; the `ETag`.
    pub(super) version: i64,
    /// Nothing that happened before is told.
    #[schema(value_type = schema::Moment)]
    pub(super) created_at: Timestamp,
    #[schema(value_type = schema::Moment)]
    pub(super) updated_at: Timestamp,
}

/// Why nothing is sent to a webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDisabled)]
pub(super) struct DisabledView {
    /// Why.
    #[schema(value_type = schema::DisabledReason)]
    reason: DisabledReason,
    /// Since when.
    #[schema(value_type = schema::Moment)]
    since: Timestamp,
}

impl From<Disabled> for DisabledView {
    fn from(it: Disabled) -> Self {
        Self { reason: it.reason, since: it.since }
    }
}

impl From<Webhook> for WebhookView {
    fn from(it: Webhook) -> Self {
        Self {
            id: it.id,
            name: it.setup.name,
            url: it.setup.url,
            events: it.setup.events,
            tenants: it.setup.tenants,
            enabled: it.disabled.is_none(),
            disabled: it.disabled.map(Into::into),
            failing_since: it.failing_since,
            delivered_at: it.delivered_at,
            old_secret_until: it.old_secret_until,
            version: it.version,
            created_at: it.created_at,
            updated_at: it.updated_at,
        }
    }
}

/// How a webhook is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Warehouse", "url": "https://hooks.example.com/troupe", "events": ["post.published"] }))]
pub(super) struct WebhookDocument {
    /// What people call it; 1 to 100 characters.
    name: String,
    /// Where to send: an address with https:// in a public network. Put no secret into it: the signature tells who sends.
    url: String,
    /// What is told: types such as `decision.made`, groups such as `decision.*`, or `*`. `…/webhooks/event-types` lists
    /// them.
    events: Vec<String>,
    /// Only what concerns these tenants; everything of the agency when left out.
    #[serde(default)]
    #[schema(value_type = Vec<schema::Id>)]
    tenants: Vec<TenantId>,
    /// Whether anything is sent. What happens meanwhile waits, and is sent once it is switched on.
    #[serde(default = "yes")]
    pub(super) enabled: bool,
}

fn yes() -> bool {
    true
}

impl WebhookDocument {
    /// What it says.
    pub(super) fn setup(&self) -> WebhookSetup {
        WebhookSetup {
            name: self.name.trim().to_owned(),
            url: self.url.trim().to_owned(),
            events: self.events.clone(),
            tenants: self.tenants.clone(),
        }
    }
}

/// A webhook that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookCreated {
    pub(super) webhook: WebhookView,
    /// The secret that signs, `whsec_…`. It is shown this once.
    pub(super) secret: String,
}

/// How to change the secret.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretRotation {
    /// Hours for which the old secret signs beside the new one, 0 to 168. With 0 it ends at once, as does every older one.
    #[serde(default = "a_day")]
    #[schema(minimum = 0, maximum = 168)]
    pub(super) overlap_hours: u32,
}

fn a_day() -> u32 {
    24
}

/// A secret that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct SecretRotated {
    pub(super) webhook: WebhookView,
    /// The new secret, `whsec_…`. It is shown this once.
    pub(super) secret: String,
}

/// What a receiver said to a test.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookTested {
    /// Whether the event was taken.
    pub(super) taken: bool,
    /// The status of the answer.
    pub(super) status: Option<u16>,
    /// Why it was not taken.
    pub(super) error: Option<String>,
    /// The beginning of the answer, at most 1 KiB.
    pub(super) response: Option<String>,
    /// How long it took, in milliseconds.
    pub(super) took_ms: u64,
    /// What `webhook-id` said.
    pub(super) message_id: String,
}

/// What webhooks can be told.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventTypes {
    /// Every type, in order.
    types: Vec<EventTypeView>,
    /// Groups of them.
    #[schema(example = json!(["decision.*"]))]
    groups: Vec<String>,
}

/// A type of events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventType)]
struct EventTypeView {
    /// Its name.
    #[schema(example = "decision.made")]
    r#type: &'static str,
    /// What it tells.
    about: &'static str,
}

impl EventTypes {
    pub(super) fn all() -> Self {
        let types = EVENT_TYPES.iter().map(|&(r#type, about)| EventTypeView { r#type, about });
        Self { types: types.collect(), groups: groups() }
    }
}

/// An event on its way to a webhook, or that was taken or given up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(super) struct DeliveryView {
    #[schema(value_type = schema::Id)]
    pub(super) id: DeliveryId,
    /// What `webhook-id` says: the same over all tries.
    pub(super) message_id: String,
    #[schema(value_type = schema::Id)]
    pub(super) webhook: WebhookId,
    #[schema(value_type = schema::Id)]
    pub(super) agency: AgencyId,
    /// The tenant it is about; `null` is the agency itself.
    #[schema(value_type = Option<schema::Id>)]
    pub(super) tenant: Option<TenantId>,
    /// The entry of the audit log that is sent.
    #[schema(value_type = schema::Id)]
    pub(super) entry: AuditId,
    /// What happened.
    #[schema(example = "decision.made")]
    pub(super) event_type: String,
    /// When it happened.
    #[schema(value_type = schema::Moment)]
    pub(super) happened_at: Timestamp,
    /// Where it stands.
    #[schema(value_type = schema::DeliveryState)]
    pub(super) state: DeliveryState,
    /// Tries that were begun.
    pub(super) tries: u32,
    /// Whether it is being sent at this moment.
    pub(super) under_way: bool,
    /// When it is tried next, while it is pending; while it is being sent, when that counts as lost.
    #[schema(value_type = Option<schema::Moment>)]
    pub(super) next_try_at: Option<Timestamp>,
    /// The status of the last answer.
    pub(super) last_status: Option<u16>,
    /// What went wrong last.
    pub(super) error: Option<String>,
    /// When it was taken or given up.
    #[schema(value_type = Option<schema::Moment>)]
    pub(super) settled_at: Option<Timestamp>,
    #[schema(value_type = schema::Moment)]
    pub(super) created_at: Timestamp,
}

impl From<WebhookDelivery> for DeliveryView {
    fn from(it: WebhookDelivery) -> Self {
        Self {
            id: it.id,
            message_id: it.message_id(),
            webhook: it.webhook,
            agency: it.agency,
            tenant: it.tenant,
            entry: it.entry,
            event_type: it.event_type,
            happened_at: it.happened_at,
            state: it.state,
            tries: it.tries,
            under_way: it.is_under_way,
            next_try_at: (it.state == DeliveryState::Pending).then_some(it.next_try_at),
            last_status: it.last_status,
            error: it.error,
            settled_at: it.settled_at,
            created_at: it.created_at,
        }
    }
}

/// One try.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookAttempt)]
pub(super) struct AttemptView {
    /// The how many-th, from 1. A missing number is a try whose node ended before it could tell.
    number: u32,
    /// When it was begun.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
    /// How long it took, in milliseconds.
    took_ms: u32,
    /// The status of the answer.
    status: Option<u16>,
    /// Why it counts as failed.
    error: Option<String>,
    /// The beginning of the answer, at most 1 KiB.
    response: Option<String>,
}

impl From<WebhookAttempt> for AttemptView {
    fn from(it: WebhookAttempt) -> Self {
        Self {
            number: it.number,
            at: it.at,
            took_ms: it.took_ms,
            status: it.status,
            error: it.error,
            response: it.response,
        }
    }
}

/// A delivery with its tries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDeliveryDetail)]
pub(super) struct DeliveryDetail {
    pub(super) delivery: DeliveryView,
    /// Its tries, oldest first.
    pub(super) attempts: Vec<AttemptView>,
}

/// Which failed deliveries to order anew.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RedeliverFailed {
    /// Those of events that were noted at this moment or later.
    #[schema(value_type = schema::Moment)]
    pub(super) since: Timestamp,
}

/// What was ordered anew.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Redelivered {
    /// How many deliveries.
    pub(super) redelivered: usize,
    /// Whether there are more: ask again.
    pub(super) more: bool,
}

/// Which deliveries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeliveryQuery {
    /// Only this state.
    #[param(value_type = Option<schema::DeliveryState>)]
    pub(super) state: Option<DeliveryState>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WebhookPath {
    pub(super) webhook: WebhookId,
}

#[derive(Debug, Deserialize)]
pub(super) struct DeliveryPath {
    pub(super) webhook: WebhookId,
    pub(super) delivery: DeliveryId,
}
