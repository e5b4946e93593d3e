//! Alerts: what somebody at the agency must know.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::ids::{AgencyId, AlertId, TenantId};
use crate::words::word_enum;

word_enum! {
    /// Kinds of alerts.
    pub enum AlertType {
        /// A token was refused.
        AuthFailure = "auth_failure",
        /// Instagram told us to wait.
        RateLimit = "rate_limit",
        /// Instagram found fault with content, or blocked the account for a time.
        ContentViolation = "content_violation",
        /// An agent has been silent for 60 seconds.
        AgentDown = "agent_down",
        /// Something could not be read or stored.
        SyncFailure = "sync_failure",
        /// Budget nearly or wholly used.
        Budget = "budget",
        /// Webhooks and read API disagree; events of unknown accounts.
        Gap = "gap",
        /// A part failed repeatedly and was taken out of service.
        Quarantine = "quarantine",
        /// An effect ended in the dead letters.
        DeadLetter = "dead_letter",
        /// A post could not be published, or waits for a person because its time has passed.
        PublishFailed = "publish_failed",
        /// A crisis was recognised in what a person wrote.
        Crisis = "crisis",
        /// Far more comments came in an hour than usual.
        Spike = "spike",
        /// An intent has earned it to act by itself.
        AutonomyEarned = "autonomy_earned",
        /// An intent does not act by itself any more.
        AutonomyLost = "autonomy_lost",
        /// A channel does not reach its people.
        ChannelDown = "channel_down",
        /// A webhook was disabled, because its receiver does not take what is sent.
        WebhookDisabled = "webhook_disabled",
        /// A post that few people react to, by what the account is used to.
        LowEngagement = "low_engagement",
        /// Something that is not done by itself will run out, at the present pace, before it is renewed.
        Forecast = "forecast",
    }
}

word_enum! {
    /// How bad it is.
    pub enum Severity {
        /// Good to know.
        Info = "info",
        /// Look at it today.
        Warning = "warning",
        /// Something does not work.
        Error = "error",
        /// Somebody must act now.
        Critical = "critical",
    }
}

impl AlertType {
    /// The severity an alert of this kind has, unless it is raised with another.
    pub fn severity(self) -> Severity {
        match self {
            AlertType::AuthFailure | AlertType::AgentDown | AlertType::Quarantine | AlertType::Crisis => {
                Severity::Critical
            }
            AlertType::ContentViolation
            | AlertType::SyncFailure
            | AlertType::DeadLetter
            | AlertType::ChannelDown
            | AlertType::WebhookDisabled
            | AlertType::PublishFailed => Severity::Error,
            AlertType::RateLimit
            | AlertType::Budget
            | AlertType::Gap
            | AlertType::Spike
            | AlertType::AutonomyLost
            | AlertType::Forecast => Severity::Warning,
            AlertType::AutonomyEarned | AlertType::LowEngagement => Severity::Info,
        }
    }
}

/// An alert about to be raised. While one with the same `dedup_key` is unresolved, raising it again only counts.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAlert {
    /// Its id, if it is not a repetition.
    pub id: AlertId,
    /// The agency; `None` concerns the installation.
    pub agency: Option<AgencyId>,
    /// The tenant, when it concerns one.
    pub tenant: Option<TenantId>,
    /// Kind.
    pub alert_type: AlertType,
    /// How bad it is; `None` is as bad as its kind usually is.
    pub severity: Option<Severity>,
    /// What happened and what to do, in a sentence or two.
    pub message: String,
    /// Particulars.
    pub details: Value,
    /// Unresolved alerts with the same key are one alert.
    pub dedup_key: String,
}

impl NewAlert {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.severity.unwrap_or_else(|| self.alert_type.severity())
    }
}

/// A stored alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// The agency.
    pub agency: Option<AgencyId>,
    /// The tenant.
    pub tenant: Option<TenantId>,
    /// Kind.
    pub alert_type: AlertType,
    /// How bad.
    pub severity: Severity,
    /// What happened and what to do.
    pub message: String,
    /// Particulars.
    pub details: Value,
    /// Unresolved alerts with the same key are one alert.
    pub dedup_key: String,
    /// How many times it was raised.
    pub occurrences: i64,
    /// Last raised.
    pub last_seen_at: Timestamp,
    /// Resolved at.
    pub resolved_at: Option<Timestamp>,
    /// Resolved by.
    pub resolved_by: Option<String>,
    /// First raised.
    pub created_at: Timestamp,
}
