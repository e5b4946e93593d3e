//! What is said about channels, and what they are asked to be.

use std::collections::BTreeSet;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenants::alert::Severity;
use tenants::clock::Timestamp;
use tenants::ids::{ChannelId, NotificationId, TenantId};
use tenants::notice::{Channel, ChannelKind, ChannelSetup, NoticeKind, Notification, NotificationStatus};
use tenants::settings::QuietHours;
use utoipa::{IntoParams, ToSchema};

use crate::http::api::settings::QuietHoursDocument;
use crate::http::problem::Problem;
use crate::http::schema;

/// A way to tell people or programs. Addresses of webhooks are secrets and are not shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Channel)]
pub(super) struct ChannelView {
    #[schema(value_type = schema::Id)]
    pub(super) id: ChannelId,
    /// What people call it.
    pub(super) name: String,
    /// How it reaches people.
    #[schema(value_type = schema::ChannelKind)]
    pub(super) kind: ChannelKind,
    /// Mail addresses; of a webhook the host alone.
    pub(super) to: Vec<String>,
    /// What it carries; everything when empty.
    #[schema(value_type = Vec<schema::NoticeKind>)]
    pub(super) kinds: BTreeSet<NoticeKind>,
    /// Alerts below this are left out.
    #[schema(value_type = schema::Severity)]
    pub(super) min_severity: Severity,
    /// Hours in which only what is critical is sent.
    pub(super) quiet_hours: Option<QuietHoursDocument>,
    /// Time zone of the quiet hours.
    pub(super) time_zone: String,
    /// Least minutes between two messages.
    pub(super) digest_minutes: u32,
    /// Whether it is used.
    pub(super) enabled: bool,
    /// Failures in a row.
    pub(super) failures: u32,
    /// The last message that arrived.
    #[schema(value_type = Option<schema::Moment>)]
    pub(super) last_sent_at: Option<Timestamp>,
    #[schema(value_type = schema::Moment)]
    pub(super) created_at: Timestamp,
}

impl From<Channel> for ChannelView {
    fn from(it: Channel) -> Self {
        Self {
            id: it.id,
            name: it.setup.name,
            kind: it.setup.kind,
            to: it.setup.to,
            kinds: it.setup.kinds,
            min_severity: it.setup.min_severity,
            quiet_hours: it.setup.quiet_hours.map(Into::into),
            time_zone: it.setup.time_zone,
            digest_minutes: it.setup.digest_minutes,
            enabled: it.setup.enabled,
            failures: it.failures,
            last_sent_at: it.last_sent_at,
            created_at: it.created_at,
        }
    }
}

/// How a channel is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelDocument {
    /// What people call it.
    pub(super) name: String,
    /// How it reaches people; stays as it was made.
    #[schema(value_type = schema::ChannelKind)]
    pub(super) kind: ChannelKind,
    /// Mail addresses, for mail.
    #[serde(default)]
    pub(super) to: Vec<String>,
    /// The whole address of a webhook. Stored encrypted, never shown; left out, the stored one stays.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) url: Option<SecretString>,
    /// What it carries; everything when empty.
    #[serde(default)]
    #[schema(value_type = Vec<schema::NoticeKind>)]
    pub(super) kinds: BTreeSet<NoticeKind>,
    /// Alerts below this are left out.
    #[serde(default = "warning")]
    #[schema(value_type = schema::Severity)]
    pub(super) min_severity: Severity,
    /// Hours in which only what is critical is sent.
    #[serde(default)]
    pub(super) quiet_hours: Option<QuietHoursDocument>,
    /// Time zone of the quiet hours; the tenant's, or UTC, when left out.
    #[serde(default)]
    pub(super) time_zone: Option<String>,
    /// Least minutes between two messages; what comes meanwhile is gathered. At most 1440.
    #[serde(default = "ten")]
    pub(super) digest_minutes: u32,
    /// Whether it is used.
    #[serde(default = "yes")]
    pub(super) enabled: bool,
}

fn warning() -> Severity {
    Severity::Warning
}

fn ten() -> u32 {
    10
}

fn yes() -> bool {
    true
}

/// A channel that was just set up.
#[derive(Serialize, ToSchema)]
pub(super) struct ChannelSet {
    /// The channel.
    pub(super) channel: ChannelView,
    /// The key that signs the messages of a signed webhook, in the form of Standard Webhooks. It is shown this once.
    pub(super) signing_key: Option<String>,
}

/// What a channel said to a test.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChannelTested {
    /// Whether the message was taken.
    pub(super) taken: bool,
    /// Why not.
    pub(super) error: Option<String>,
}

/// A notice on its way through a channel, or that went through it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
pub(super) struct NotificationView {
    #[schema(value_type = schema::Id)]
    pub(super) id: NotificationId,
    #[schema(value_type = schema::Id)]
    pub(super) channel: ChannelId,
    /// The tenant it speaks of.
    #[schema(value_type = Option<schema::Id>)]
    pub(super) tenant: Option<TenantId>,
    /// What it is about.
    #[schema(value_type = schema::NoticeKind)]
    pub(super) kind: NoticeKind,
    /// How bad it is.
    #[schema(value_type = schema::Severity)]
    pub(super) severity: Severity,
    /// One line.
    pub(super) subject: String,
    /// The rest.
    pub(super) text: String,
    /// The same for programs.
    #[schema(value_type = Object)]
    pub(super) data: Value,
    /// Where it stands.
    #[schema(value_type = schema::NotificationStatus)]
    pub(super) status: NotificationStatus,
    /// The message it travels in: `Message-ID` and `webhook-id` hold it.
    pub(super) message: Option<String>,
    /// Tries so far.
    pub(super) tries: u32,
    /// What went wrong last.
    pub(super) error: Option<String>,
    /// Not before.
    #[schema(value_type = schema::Moment)]
    pub(super) next_try_at: Timestamp,
    /// When the channel took it.
    #[schema(value_type = Option<schema::Moment>)]
    pub(super) sent_at: Option<Timestamp>,
    #[schema(value_type = schema::Moment)]
    pub(super) created_at: Timestamp,
}

impl From<Notification> for NotificationView {
    fn from(it: Notification) -> Self {
        Self {
            id: it.id,
            channel: it.channel,
            tenant: it.tenant,
            kind: it.kind,
            severity: it.severity,
            subject: it.subject,
            text: it.text,
            data: it.data,
            status: it.status,
            message: it.message.map(|id| id.simple().to_string()),
            tries: it.tries,
            error: it.error,
            next_try_at: it.next_try_at,
            sent_at: it.sent_at,
            created_at: it.created_at,
        }
    }
}

/// Which notifications to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct NotificationQuery {
    /// Only this channel.
    #[param(value_type = Option<schema::Id>)]
    pub(super) channel: Option<ChannelId>,
    /// Only this status.
    #[param(value_type = Option<schema::NotificationStatus>)]
    pub(super) status: Option<NotificationStatus>,
    /// Only this kind.
    #[param(value_type = Option<schema::NoticeKind>)]
    pub(super) kind: Option<NoticeKind>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ChannelPath {
    pub(super) channel: ChannelId,
}

impl ChannelDocument {
    /// The setup it asks for. A webhook that is not given anew stays where it is.
    pub(super) fn setup(&self, time_zone: &str, present: &[String]) -> Result<ChannelSetup, Problem> {
        let is_mail = self.kind == ChannelKind::Email;
        if is_mail && self.url.is_some() {
            return Err(Problem::invalid("url", "mail has none: give `to`"));
        }
        if !is_mail && !self.to.is_empty() && self.to != present {
            return Err(Problem::invalid("to", "a webhook is reached by its url"));
        }
        let setup = ChannelSetup {
            name: self.name.trim().to_owned(),
            kind: self.kind,
            to: if is_mail { self.to.clone() } else { present.to_vec() },
            kinds: self.kinds.clone(),
            min_severity: self.min_severity,
            quiet_hours: self.quiet_hours.clone().map(QuietHours::from),
            time_zone: self.time_zone.clone().unwrap_or_else(|| time_zone.to_owned()),
            digest_minutes: self.digest_minutes,
            enabled: self.enabled,
        };
        setup.validate()?;
        Ok(setup)
    }
}
