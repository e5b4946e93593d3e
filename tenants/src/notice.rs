//! Notices: what people are told about outside the dashboard, and the channels that carry it to them.
//!
//! Whatever is worth a word (an alert, a new lead, a briefing) is a [`Notice`]. Routing makes a [`Notification`] of it
//! for every channel that wants it, and delivering gathers those of a channel into as few messages as it may.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::alert::Severity;
use crate::audit::Chain;
use crate::clock::Timestamp;
use crate::ids::{AgencyId, AlertId, ChannelId, NoticeId, NotificationId, TenantId};
use crate::settings::{InvalidSetting, QuietHours, quiet_until};
use crate::words::word_enum;

word_enum! {
    /// What people are told about.
    pub enum NoticeKind {
        /// An alert was raised.
        Alert = "alert",
        /// Drafts and escalations wait for a person.
        ApprovalsWaiting = "approvals_waiting",
        /// A person of the brand has taken a conversation, or handed it back.
        TakeOver = "take_over",
        /// Somebody who may buy.
        Lead = "lead",
        /// More is known about somebody who may buy, or their stage changed.
        LeadChanged = "lead_changed",
        /// The morning briefing.
        DailyBriefing = "daily_briefing",
        /// The report of a week.
        WeeklyReport = "weekly_report",
        /// Somebody tries the channel out.
        Test = "test",
    }
}

impl NoticeKind {
    /// The type of the event that programs receive.
    pub const fn event_type(self) -> &'static str {
        match self {
            NoticeKind::Alert => "alert.raised",
            NoticeKind::ApprovalsWaiting => "approvals.waiting",
            NoticeKind::TakeOver => "conversation.owner_changed",
            NoticeKind::Lead => "lead.created",
            NoticeKind::LeadChanged => "lead.changed",
            NoticeKind::DailyBriefing => "briefing.daily",
            NoticeKind::WeeklyReport => "briefing.weekly",
            NoticeKind::Test => "channel.test",
        }
    }

    /// True for what is a message of its own: it is never gathered with others.
    pub const fn stands_alone(self) -> bool {
        matches!(self, NoticeKind::DailyBriefing | NoticeKind::WeeklyReport | NoticeKind::Test)
    }

    /// True for what only programs want to know: people would be told the same again and again.
    const fn is_for_programs(self) -> bool {
        matches!(self, NoticeKind::LeadChanged)
    }
}

word_enum! {
    /// How a channel reaches people.
    pub enum ChannelKind {
        /// Mail over the installation's SMTP server.
        Email = "email",
        /// A webhook that takes `{"text": …}`, as Slack's, Mattermost's and Discord's (`/slack`) do.
        Slack = "slack",
        /// A signed webhook in the form of Standard Webhooks, for programs.
        Webhook = "webhook",
    }
}

/// A way to people, of a tenant or of an agency for all its tenants.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// The agency.
    pub agency: AgencyId,
    /// The tenant; `None` carries notices about all tenants of the agency, and about the agency.
    pub tenant: Option<TenantId>,
    /// How it is set.
    pub setup: ChannelSetup,
    /// Failures in a row.
    pub failures: u32,
    /// The last message that arrived.
    pub last_sent_at: Option<Timestamp>,
    /// Up to when people were told about drafts that wait.
    pub approvals_told_at: Option<Timestamp>,
    /// Row created. Nothing older is sent through it.
    pub created_at: Timestamp,
    /// Row changed.
    pub updated_at: Timestamp,
}

/// What people set about a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelSetup {
    /// What people call it.
    pub name: String,
    /// How it reaches people.
    pub kind: ChannelKind,
    /// Mail addresses (`email`); for webhooks the host alone, because the whole address is a secret.
    pub to: Vec<String>,
    /// What it carries; everything when empty.
    pub kinds: BTreeSet<NoticeKind>,
    /// Alerts below this are left out.
    pub min_severity: Severity,
    /// Hours in which only what is critical is sent; programs are told at all hours.
    pub quiet_hours: Option<QuietHours>,
    /// IANA time zone of its quiet hours.
    pub time_zone: String,
    /// Least minutes between two messages; what comes meanwhile is gathered into the next one. What is critical waits
    /// a minute at most.
    pub digest_minutes: u32,
    /// Whether it is used.
    pub enabled: bool,
}

/// Least time between two messages when something is critical.
const CRITICAL_PAUSE: Duration = Duration::from_secs(60);
/// Failures in a row after which people are told that a channel does not work.
pub const FAILURES_TO_ALERT: u32 = 3;
/// Tries before a message is given up: over more than half a day.
pub const MAX_DELIVERY_TRIES: u32 = 16;
/// Most notifications in one message.
pub const MOST_TOGETHER: usize = 2_000;

impl ChannelSetup {
    /// Refuses what cannot work, naming the first field that is wrong.
    ///
    /// # Errors
    /// [`InvalidSetting`].
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let wrong = |field: &str, problem: &str| Err(InvalidSetting::new(field, problem));
        if !(1..=100).contains(&self.name.trim().chars().count()) {
            return wrong("name", "give it a name of 1 to 100 characters");
        }
        if self.time_zone.parse::<Tz>().is_err() {
            return wrong("time_zone", "give an IANA time zone, such as Europe/Lisbon");
        }
        if self.digest_minutes > 24 * 60 {
            return wrong("digest_minutes", "must be at most 1440");
        }
        if let Some(quiet) = &self.quiet_hours {
            quiet.validate("quiet_hours")?;
        }
        if self.kind == ChannelKind::Email {
            let is_address = |to: &String| {
                let parts = to.split_once('@');
                let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>,;\"".contains(c);
                parts.is_some_and(|(name, host)| {
                    !name.is_empty() && host.contains('.') && !host.contains('@') && to.chars().all(is_plain)
                })
            };
            if !(1..=20).contains(&self.to.len()) || !self.to.iter().all(is_address) {
                return wrong("to", "give 1 to 20 mail addresses, such as ana@example.com");
            }
        }
        Ok(())
    }

    /// Whether it carries such a notice.
    pub fn wants(&self, kind: NoticeKind, severity: Severity) -> bool {
        let is_for_it = self.kind == ChannelKind::Webhook || !kind.is_for_programs();
        let is_chosen = self.kinds.is_empty() || self.kinds.contains(&kind);
        let is_bad_enough = kind != NoticeKind::Alert || severity >= self.min_severity;
        self.enabled && is_for_it && is_chosen && is_bad_enough
    }

    /// When a message of this severity may leave, after one was sent at `last`.
    pub fn may_leave_at(&self, severity: Severity, last: Option<Timestamp>, now: Timestamp) -> Timestamp {
        if self.kind == ChannelKind::Webhook {
            return now;
        }
        let is_critical = severity == Severity::Critical;
        let digest = Duration::from_secs(u64::from(self.digest_minutes) * 60);
        let pause = if is_critical { digest.min(CRITICAL_PAUSE) } else { digest };
        let rested = last.map_or(now, |last| now.max(last + pause));
        let zone = self.time_zone.parse().unwrap_or(Tz::UTC);
        let quiet = self.quiet_hours.as_ref().filter(|_| !is_critical);
        quiet.and_then(|quiet| quiet_until(quiet, rested, zone)).unwrap_or(rested)
    }
}

impl Channel {
    /// Whose audit chain it belongs to.
    pub fn chain(&self) -> Chain {
        self.tenant.map_or(Chain::Agency(self.agency), Chain::Tenant)
    }

    /// The alert that says that it does not work; while it stands, nothing about it is sent through it.
    pub fn trouble_key(&self) -> String {
        format!("channel:{}", self.id)
    }
}

/// Something people may want to know. Committed with what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// The agency.
    pub agency: AgencyId,
    /// The tenant.
    pub tenant: Option<TenantId>,
    /// Kind.
    pub kind: NoticeKind,
    /// How bad it is.
    pub severity: Severity,
    /// The person it speaks of; forgetting them removes it.
    pub person: Option<String>,
    /// Only one notice of a tenant (or agency) has this key.
    pub dedup_key: String,
    /// One line.
    pub subject: String,
    /// The rest, as plain text.
    pub text: String,
    /// The same as HTML, where it has a form of its own.
    pub html: Option<String>,
    /// The same for programs.
    pub data: Value,
    /// When it happened.
    pub created_at: Timestamp,
}

word_enum! {
    /// Where a notification stands.
    pub enum NotificationStatus {
        /// Waits for its turn.
        Pending = "pending",
        /// The channel took it.
        Sent = "sent",
        /// Given up.
        Failed = "failed",
    }
}

/// A notice on its way through one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// Its id.
    pub id: NotificationId,
    /// The channel.
    pub channel: ChannelId,
    /// The agency of the channel.
    pub agency: AgencyId,
    /// The tenant it speaks of.
    pub tenant: Option<TenantId>,
    /// The tenant whose channel it is; `None` for one of the agency.
    pub channel_tenant: Option<TenantId>,
    /// Kind.
    pub kind: NoticeKind,
    /// How bad it is.
    pub severity: Severity,
    /// The person it speaks of.
    pub person: Option<String>,
    /// The channel carries only one notification with this key.
    pub dedup_key: String,
    /// One line.
    pub subject: String,
    /// The rest, as plain text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// The same for programs.
    pub data: Value,
    /// Where it stands.
    pub status: NotificationStatus,
    /// The message it travels in: stays the same over tries, so that a receiver can tell a repetition.
    pub message: Option<Uuid>,
    /// Tries so far.
    pub tries: u32,
    /// What went wrong last.
    pub error: Option<String>,
    /// Not before.
    pub next_try_at: Timestamp,
    /// When the channel took it.
    pub sent_at: Option<Timestamp>,
    /// When what it tells of happened.
    pub created_at: Timestamp,
}

/// What routing makes of what was not routed yet, in one unit of work.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Routing {
    /// Alerts that need not be looked at again.
    pub alerts: Vec<AlertId>,
    /// Notices that need not be looked at again.
    pub notices: Vec<NoticeId>,
    /// Channels whose people now know of all drafts that wait, and since when.
    pub told: Vec<(ChannelId, Timestamp)>,
    /// What is to be sent. One that the channel has already is left out.
    pub notifications: Vec<Notification>,
}

/// How the notifications of one message move on.
#[derive(Debug, Clone, PartialEq)]
pub struct NotificationMove {
    /// Their channel.
    pub channel: ChannelId,
    /// The notifications; all of them still wait, or it is a conflict.
    pub notifications: Vec<NotificationId>,
    /// What happened.
    pub event: DeliveryEvent,
    /// When.
    pub at: Timestamp,
}

/// What happens to a message.
#[derive(Debug, Clone, PartialEq)]
pub enum DeliveryEvent {
    /// It is about to be sent under this id; until this moment nobody else tries. A conflict when somebody else has
    /// begun it already.
    Begun {
        /// The message.
        message: Uuid,
        /// When it counts as lost and is sent again.
        until: Timestamp,
    },
    /// It waits longer: another message has just left, or it is quiet.
    Postponed {
        /// Until when.
        until: Timestamp,
    },
    /// The channel took it.
    Taken,
    /// It is tried again later.
    Refused {
        /// Why.
        error: String,
        /// When.
        next_try_at: Timestamp,
    },
    /// It is given up.
    GivenUp {
        /// Why.
        error: String,
    },
}

/// How long to wait after the `tries`-th failed try: 30 s, doubled up to an hour.
pub fn delivery_backoff(tries: u32) -> Duration {
    let doubled = 2u32.saturating_pow(tries.saturating_sub(1).min(16));
    Duration::from_secs(30).saturating_mul(doubled).min(Duration::from_secs(3_600))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(kind: ChannelKind) -> ChannelSetup {
        ChannelSetup {
            name: "team".into(),
            kind,
            to: vec!["ana@example.com".into()],
            kinds: BTreeSet::new(),
            min_severity: Severity::Warning,
            quiet_hours: Some(QuietHours { from: "22:00".into(), until: "07:00".into() }),
            time_zone: "Europe/Lisbon".into(),
            digest_minutes: 10,
            enabled: true,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn at_night_only_what_is_critical_leaves_and_programs_are_told_at_all_hours() {
        let night = at("2026-01-10T23:00:00Z");
        let mail = setup(ChannelKind::Email);
        assert_eq!(mail.may_leave_at(Severity::Error, None, night), at("2026-01-11T07:00:00Z"));
        assert_eq!(mail.may_leave_at(Severity::Critical, None, night), night);
        assert_eq!(setup(ChannelKind::Webhook).may_leave_at(Severity::Info, Some(night), night), night);
    }

    #[test]
    fn messages_keep_their_distance_and_critical_ones_a_shorter_one() {
        let (noon, mail) = (at("2026-01-10T12:00:00Z"), setup(ChannelKind::Slack));
        assert_eq!(mail.may_leave_at(Severity::Warning, Some(noon), noon), at("2026-01-10T12:10:00Z"));
        assert_eq!(mail.may_leave_at(Severity::Critical, Some(noon), noon), at("2026-01-10T12:01:00Z"));
        let later = at("2026-01-10T13:00:00Z");
        assert_eq!(mail.may_leave_at(Severity::Warning, Some(noon), later), later);
    }

    #[test]
    fn a_channel_carries_what_it_was_asked_for() {
        let mut mail = setup(ChannelKind::Email);
        assert!(!mail.wants(NoticeKind::Alert, Severity::Info));
        assert!(mail.wants(NoticeKind::Alert, Severity::Warning));
        assert!(!mail.wants(NoticeKind::LeadChanged, Severity::Info), "that is for programs");
        assert!(setup(ChannelKind::Webhook).wants(NoticeKind::LeadChanged, Severity::Info));
        mail.kinds = BTreeSet::from([NoticeKind::Lead]);
        assert!(!mail.wants(NoticeKind::Alert, Severity::Critical));
        mail.enabled = false;
        assert!(!mail.wants(NoticeKind::Lead, Severity::Info));
    }

    #[test]
    fn addresses_that_would_add_headers_or_receivers_are_refused() {
        for to in
            ["ana", "ana@", "@x.com", "a@b.com,c@d.com", "a@b.com\nBcc: c@d.com", "A <a@b.com>", "a@b@c.d"]
        {
            let refused = ChannelSetup { to: vec![to.into()], ..setup(ChannelKind::Email) }.validate();
            assert_eq!(refused.unwrap_err().field, "to", "{to:?}");
        }
        assert!(setup(ChannelKind::Email).validate().is_ok());
    }

    #[test]
    fn waiting_grows_to_an_hour() {
        assert_eq!(delivery_backoff(1), Duration::from_secs(30));
        assert_eq!(delivery_backoff(3), Duration::from_secs(120));
        assert_eq!(delivery_backoff(40), Duration::from_secs(3_600));
    }
}
