//! What a tenant has set: voice, modes, limits, quiet hours, blocked words.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveTime, TimeZone, Timelike};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::autonomy::Autonomy;
use crate::budget::ShareCeilings;
use crate::clock::Timestamp;
pub use crate::comms::{CommsSettings, Disclosure};
use crate::intent::{Intent, Language};
use crate::money::MicroUsd;
use crate::post::ApprovalPolicy;
use crate::rule::minute_of_day;
use crate::words::word_enum;

word_enum! {
    /// What Troupe does with an intent.
    pub enum Mode {
        /// Act at once.
        Act = "A",
        /// Draft, and ask a person.
        Draft = "B",
        /// Hand to a person.
        Escalate = "C",
    }
}

impl Mode {
    /// The more careful of two modes: nothing ever moves a decision towards [`Mode::Act`].
    pub fn more_careful(self, other: Mode) -> Mode {
        self.max(other)
    }
}

/// How the brand speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BrandVoice {
    /// Name used in texts; the tenant's name when empty.
    pub brand_name: String,
    /// Formal address instead of casual.
    pub formal: bool,
    /// Emoji are welcome.
    pub emoji: bool,
    /// Added to the end of direct messages.
    pub signature: String,
    /// Own variations: language code → intent → texts, with `{name}` and `{brand}`.
    pub templates: BTreeMap<Language, BTreeMap<Intent, Vec<String>>>,
    /// Facts that answers may quote, one sentence or question-and-answer each.
    pub facts: Vec<String>,
}

impl Default for BrandVoice {
    fn default() -> Self {
        Self {
            brand_name: String::new(),
            formal: false,
            emoji: true,
            signature: String::new(),
            templates: BTreeMap::new(),
            facts: Vec::new(),
        }
    }
}

/// Hours of the day, in the tenant's time zone, in which Troupe does not speak by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// First quiet minute, `HH:MM`.
    pub from: String,
    /// First minute that is not quiet any more, `HH:MM`; may lie on the next day.
    pub until: String,
}

impl QuietHours {
    pub(crate) fn validate(&self, field: &str) -> Result<(), InvalidSetting> {
        for (part, text) in [("from", &self.from), ("until", &self.until)] {
            let problem = || InvalidSetting::new(&format!("{field}.{part}"), "write a time as HH:MM");
            minute_of_day(text).ok_or_else(problem)?;
        }
        if minute_of_day(&self.from) == minute_of_day(&self.until) {
            let problem = "is the same as from: no moment lies between them";
            return Err(InvalidSetting::new(&format!("{field}.until"), problem));
        }
        Ok(())
    }
}

/// All settings of a tenant. Every field has a default, so a stored document never becomes unreadable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantSettings {
    /// Languages the tenant answers in; texts in others are drafted for a person.
    pub languages: Vec<Language>,
    /// How the brand speaks.
    pub voice: BrandVoice,
    /// Mode per intent, where it differs from [`default_mode`].
    pub modes: BTreeMap<Intent, Mode>,
    /// Classifications below this confidence (0 to 1) are never acted on without a person.
    pub min_confidence: f32,
    /// Words that must not appear in anything we write.
    pub blocked_words: Vec<String>,
    /// Handles and ids we never answer.
    pub blocked_authors: Vec<String>,
    /// Handles and links that may appear in what we write although links are otherwise guarded.
    pub allowed_links: Vec<String>,
    /// Quiet hours.
    pub quiet_hours: Option<QuietHours>,
    /// Words by which a person opts out, compared as whole messages without case.
    pub stop_words: Vec<String>,
    /// Words by which a person opts in again.
    pub start_words: Vec<String>,
    /// Conversations worked on at the same time.
    pub max_parallel: u32,
    /// Daily LLM budget in micro-dollars, per day in the tenant's time zone.
    pub daily_budget: MicroUsd,
    /// Most that each kind of work may take of it, in percent.
    pub budget_shares: ShareCeilings,
    /// Days after which an unanswered draft expires.
    pub approval_days: u32,
    /// Our own caps per hour and account, below Instagram's.
    pub hourly_caps: HourlyCaps,
    /// Whose yes posts need before they are published.
    pub post_approval: ApprovalPolicy,
    /// Whether the local classifier learns from people's verdicts.
    pub learning: bool,
    /// Which intents may earn it to act by themselves.
    pub autonomy: Autonomy,
    /// Direct messages, leads and briefings.
    pub comms: CommsSettings,
}

/// Our own caps per hour and account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HourlyCaps {
    /// Public replies.
    pub public_replies: u32,
    /// Direct messages.
    pub direct_messages: u32,
    /// Private replies; Instagram's own limit is 750.
    pub private_replies: u32,
    /// Hide, delete and like.
    pub moderation: u32,
    /// Published posts; Instagram's own limit is 100 a day.
    pub posts: u32,
}

impl Default for HourlyCaps {
    fn default() -> Self {
        Self {
            public_replies: 600,
            direct_messages: 2_000,
            private_replies: 700,
            moderation: 3_000,
            posts: 50,
        }
    }
}

impl Default for TenantSettings {
    fn default() -> Self {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        Self {
            languages: Language::ALL.to_vec(),
            voice: BrandVoice::default(),
            modes: BTreeMap::new(),
            min_confidence: 0.6,
            blocked_words: Vec::new(),
            blocked_authors: Vec::new(),
            allowed_links: Vec::new(),
            quiet_hours: None,
            stop_words: words(&[
                "stop",
                "unsubscribe",
                "baja",
                "alto",
                "parar",
                "sair",
                "stopp",
                "arrêt",
                "basta",
            ]),
            start_words: words(&["start", "subscribe", "alta", "iniciar", "comenzar", "weiter", "inizia"]),
            max_parallel: 16,
            daily_budget: MicroUsd(5_000_000),
            budget_shares: ShareCeilings::default(),
            approval_days: 7,
            hourly_caps: HourlyCaps::default(),
            post_approval: ApprovalPolicy::Off,
            learning: true,
            autonomy: Autonomy::default(),
            comms: CommsSettings::default(),
        }
    }
}

/// The mode of an intent unless the tenant says otherwise: praise and spam are acted on, questions and leads
/// drafted, complaints escalated, the rest drafted.
pub fn default_mode(intent: Intent) -> Mode {
    match intent {
        Intent::Praise | Intent::Spam => Mode::Act,
        Intent::Question | Intent::Lead | Intent::Other => Mode::Draft,
        Intent::Complaint => Mode::Escalate,
    }
}

/// A setting that cannot be used; the text says which and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidSetting {
    /// Path of the field.
    pub field: String,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl InvalidSetting {
    pub(crate) fn new(field: &str, problem: impl Into<String>) -> Self {
        Self { field: field.to_owned(), problem: problem.into() }
    }
}

impl TenantSettings {
    /// The mode of an intent for this tenant.
    pub fn mode(&self, intent: Intent) -> Mode {
        self.modes.get(&intent).copied().unwrap_or_else(|| default_mode(intent))
    }

    /// Refuses settings that cannot work, naming the first field that is wrong.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        if !(0.0..=1.0).contains(&self.min_confidence) {
            return Err(InvalidSetting::new("min_confidence", "must lie between 0 and 1"));
        }
        if !(1..=256).contains(&self.max_parallel) {
            return Err(InvalidSetting::new("max_parallel", "must lie between 1 and 256"));
        }
        if self.daily_budget.0 < 0 {
            return Err(InvalidSetting::new("daily_budget_micro_usd", "must not be negative"));
        }
        self.budget_shares.validate()?;
        if self.languages.is_empty() {
            return Err(InvalidSetting::new("languages", "name at least one of en es pt de fr it"));
        }
        if !(1..=90).contains(&self.approval_days) {
            return Err(InvalidSetting::new("approval_days", "must lie between 1 and 90"));
        }
        if let Some((field, problem)) = self.autonomy.problem() {
            return Err(InvalidSetting::new(&field, problem));
        }
        if let Some(quiet) = &self.quiet_hours {
            quiet.validate("quiet_hours")?;
        }
        self.comms.validate()
    }

    /// When the quiet hours that hold at `now` end; `None` when it is not quiet.
    ///
    /// Works on local wall-clock minutes, so days on which the clocks change shift the end by that hour at most.
    pub fn quiet_until(&self, now: Timestamp, zone: Tz) -> Option<Timestamp> {
        quiet_until(self.quiet_hours.as_ref()?, now, zone)
    }
}

/// When quiet hours that hold at `now` end; `None` when it is not quiet.
pub(crate) fn quiet_until(quiet: &QuietHours, now: Timestamp, zone: Tz) -> Option<Timestamp> {
    let (from, until) = (minute_of_day(&quiet.from)?, minute_of_day(&quiet.until)?);
    let local = now.to_utc().with_timezone(&zone);
    let minute = local.hour() * 60 + local.minute();
    let is_quiet =
        if from <= until { (from..until).contains(&minute) } else { minute >= from || minute < until };
    if !is_quiet {
        return None;
    }
    let day = local.date_naive();
    let end_day = if minute < until { day } else { day.succ_opt()? };
    let end_time = NaiveTime::from_hms_opt(until / 60, until % 60, 0)?;
    let end = zone.from_local_datetime(&end_day.and_time(end_time)).earliest();
    // A wall-clock time that the change of clocks skips does not exist; an hour later it does.
    Some(end.map_or(now + std::time::Duration::from_secs(3_600), |end| end.to_utc().into()))
}

/// The local date of a moment, as `YYYY-MM-DD`: daily caps and budgets count by it.
pub fn local_day(now: Timestamp, zone: Tz) -> String {
    let local = now.to_utc().with_timezone(&zone);
    format!("{:04}-{:02}-{:02}", local.year(), local.month(), local.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn quiet_hours_over_midnight_end_the_next_morning_in_local_time() {
        let settings = TenantSettings {
            quiet_hours: Some(QuietHours { from: "22:00".into(), until: "07:30".into() }),
            ..TenantSettings::default()
        };
        let lisbon: Tz = "Europe/Lisbon".parse().unwrap();
        let end = at("2026-01-11T07:30:00Z");
        assert_eq!(settings.quiet_until(at("2026-01-10T23:00:00Z"), lisbon), Some(end));
        assert_eq!(settings.quiet_until(at("2026-01-11T05:00:00Z"), lisbon), Some(end));
        assert_eq!(settings.quiet_until(at("2026-01-11T07:30:00Z"), lisbon), None);
        assert_eq!(settings.quiet_until(at("2026-01-10T21:59:00Z"), lisbon), None);
    }

    #[test]
    fn hours_between_which_no_moment_lies_are_refused() {
        let quiet = QuietHours { from: "8:00".into(), until: "08:00".into() };
        let refused = quiet.validate("quiet_hours").unwrap_err();
        assert_eq!(refused.field, "quiet_hours.until");
        let rule = crate::rule::Condition::Time { from: "0:00".into(), until: "00:00".into() };
        assert!(rule.validate().unwrap_err().contains("no moment"));
    }

    #[test]
    fn a_mode_only_ever_becomes_more_careful() {
        assert_eq!(Mode::Act.more_careful(Mode::Draft), Mode::Draft);
        assert_eq!(Mode::Escalate.more_careful(Mode::Act), Mode::Escalate);
    }

    #[test]
    fn settings_written_by_an_older_version_are_still_read() {
        let settings: TenantSettings =
            serde_json::from_str(r#"{"min_confidence":0.7,"modes":{"praise":"B"}}"#).unwrap();
        assert_eq!(settings.mode(Intent::Praise), Mode::Draft);
        assert_eq!(settings.max_parallel, TenantSettings::default().max_parallel);
    }
}
