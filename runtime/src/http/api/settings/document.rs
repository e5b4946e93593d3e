//! The settings as they are sent and received.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tenants::autonomy::{Autonomy, Bar};
use tenants::intent::{Intent, Language};
use tenants::money::MicroUsd;
use tenants::post::ApprovalPolicy;
use tenants::settings::{BrandVoice, HourlyCaps, Mode, QuietHours, TenantSettings};
use utoipa::ToSchema;

use super::comms::CommsDocument;
use crate::http::schema;
use crate::money::BudgetShares;

/// What a tenant has set. Every field has a default.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Settings)]
pub struct SettingsDocument {
    /// Languages the tenant answers in; texts in others are drafted for a person.
    #[schema(value_type = Vec<schema::Language>)]
    languages: Vec<Language>,
    /// How the brand speaks.
    voice: VoiceDocument,
    /// Intent → mode (`A` act, `B` draft for approval, `C` escalate), where it differs from the default.
    #[schema(value_type = BTreeMap<String, schema::Mode>)]
    modes: BTreeMap<Intent, Mode>,
    /// Classifications below this confidence (0 to 1) are never acted on without a person.
    #[schema(minimum = 0, maximum = 1)]
    min_confidence: f32,
    /// Words that must not appear in anything we write.
    blocked_words: Vec<String>,
    /// Handles and ids we never answer.
    blocked_authors: Vec<String>,
    /// Handles and links that may appear in what we write although links are otherwise guarded.
    allowed_links: Vec<String>,
    /// Hours in which nothing is said without a person.
    quiet_hours: Option<QuietHoursDocument>,
    /// Words by which a person opts out.
    stop_words: Vec<String>,
    /// Words by which a person opts in again.
    start_words: Vec<String>,
    /// Conversations worked on at the same time, 1 to 256.
    #[schema(minimum = 1, maximum = 256)]
    max_parallel: u32,
    /// Daily LLM budget in millionths of a US dollar.
    #[schema(minimum = 0)]
    daily_budget_micro_usd: i64,
    /// Most that each kind of work may take of it, in percent.
    budget_shares: BudgetShares,
    /// Days after which an unanswered draft expires, 1 to 90.
    #[schema(minimum = 1, maximum = 90)]
    approval_days: u32,
    /// Own caps per hour and account.
    hourly_caps: HourlyCapsDocument,
    /// Whether the local classifier learns from people's verdicts.
    learning: bool,
    /// Whose yes posts need before they are published.
    #[schema(value_type = schema::ApprovalPolicy)]
    post_approval: ApprovalPolicy,
    /// Which intents may earn it to act by themselves.
    autonomy: AutonomyDocument,
    /// Direct messages, leads and briefings.
    comms: CommsDocument,
}

/// Which intents may earn it to act by themselves, once people agree with their drafts often enough.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Autonomy)]
struct AutonomyDocument {
    /// Intent → what it must show. Complaints cannot earn it.
    #[schema(value_type = BTreeMap<String, BarDocument>)]
    intents: BTreeMap<Intent, BarDocument>,
    /// Share of what could leave by itself that a person is asked about all the same.
    #[schema(minimum = 0.02, maximum = 1)]
    spot_check: f64,
}

/// What an intent must show before it acts by itself.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = AutonomyBar)]
struct BarDocument {
    /// The share of drafts that people wanted as they were must be at least this, with 95 % confidence.
    #[schema(minimum = 0.5, maximum = 0.99)]
    bar: f64,
    /// From at least this many verdicts.
    #[schema(minimum = 10, maximum = 200)]
    at_least: u32,
}

impl Default for BarDocument {
    fn default() -> Self {
        Bar::default().into()
    }
}

impl From<Bar> for BarDocument {
    fn from(Bar { bar, at_least }: Bar) -> Self {
        Self { bar, at_least }
    }
}

impl Default for AutonomyDocument {
    fn default() -> Self {
        Autonomy::default().into()
    }
}

impl From<Autonomy> for AutonomyDocument {
    fn from(Autonomy { intents, spot_check }: Autonomy) -> Self {
        let intents = intents.into_iter().map(|(intent, bar)| (intent, bar.into())).collect();
        Self { intents, spot_check }
    }
}

impl From<AutonomyDocument> for Autonomy {
    fn from(AutonomyDocument { intents, spot_check }: AutonomyDocument) -> Self {
        let bar = |BarDocument { bar, at_least }| Bar { bar, at_least };
        Self { intents: intents.into_iter().map(|(intent, it)| (intent, bar(it))).collect(), spot_check }
    }
}

/// How the brand speaks.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Voice)]
struct VoiceDocument {
    /// Name used in texts; the tenant's name when empty.
    brand_name: String,
    /// Formal address instead of casual.
    formal: bool,
    /// Emoji are welcome.
    emoji: bool,
    /// Added to the end of direct messages.
    signature: String,
    /// Own variations: language → intent → texts, with `{name}` and `{brand}`.
    #[schema(value_type = BTreeMap<String, BTreeMap<String, Vec<String>>>)]
    templates: BTreeMap<Language, BTreeMap<Intent, Vec<String>>>,
    /// Facts that answers may quote, one sentence or question-and-answer each.
    facts: Vec<String>,
}

/// Hours of the day in the tenant's time zone; may cross midnight.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuietHours)]
pub struct QuietHoursDocument {
    /// First quiet minute.
    #[schema(example = "22:00")]
    from: String,
    /// First minute that is not quiet any more.
    #[schema(example = "07:30")]
    until: String,
}

/// Own caps per hour and account, below Instagram's.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = HourlyCaps)]
struct HourlyCapsDocument {
    /// Public replies.
    public_replies: u32,
    /// Direct messages.
    direct_messages: u32,
    /// Private replies; Instagram's own limit is 750.
    private_replies: u32,
    /// Hide, delete and like.
    moderation: u32,
    /// Published posts; Instagram's own limit is 100 a day.
    posts: u32,
}

impl From<QuietHours> for QuietHoursDocument {
    fn from(QuietHours { from, until }: QuietHours) -> Self {
        Self { from, until }
    }
}

impl From<QuietHoursDocument> for QuietHours {
    fn from(QuietHoursDocument { from, until }: QuietHoursDocument) -> Self {
        Self { from, until }
    }
}

impl Default for SettingsDocument {
    fn default() -> Self {
        TenantSettings::default().into()
    }
}

impl Default for VoiceDocument {
    fn default() -> Self {
        BrandVoice::default().into()
    }
}

impl Default for HourlyCapsDocument {
    fn default() -> Self {
        HourlyCaps::default().into()
    }
}

impl From<TenantSettings> for SettingsDocument {
    fn from(settings: TenantSettings) -> Self {
        Self {
            languages: settings.languages,
            voice: settings.voice.into(),
            modes: settings.modes,
            min_confidence: settings.min_confidence,
            blocked_words: settings.blocked_words,
            blocked_authors: settings.blocked_authors,
            allowed_links: settings.allowed_links,
            quiet_hours: settings.quiet_hours.map(Into::into),
            stop_words: settings.stop_words,
            start_words: settings.start_words,
            max_parallel: settings.max_parallel,
            daily_budget_micro_usd: settings.daily_budget.0,
            budget_shares: settings.budget_shares.into(),
            approval_days: settings.approval_days,
            hourly_caps: settings.hourly_caps.into(),
            learning: settings.learning,
            post_approval: settings.post_approval,
            autonomy: settings.autonomy.into(),
            comms: settings.comms.into(),
        }
    }
}

impl From<SettingsDocument> for TenantSettings {
    fn from(document: SettingsDocument) -> Self {
        Self {
            languages: document.languages,
            voice: document.voice.into(),
            modes: document.modes,
            min_confidence: document.min_confidence,
            blocked_words: document.blocked_words,
            blocked_authors: document.blocked_authors,
            allowed_links: document.allowed_links,
            quiet_hours: document.quiet_hours.map(Into::into),
            stop_words: document.stop_words,
            start_words: document.start_words,
            max_parallel: document.max_parallel,
            daily_budget: MicroUsd(document.daily_budget_micro_usd),
            budget_shares: document.budget_shares.into(),
            approval_days: document.approval_days,
            hourly_caps: document.hourly_caps.into(),
            learning: document.learning,
            post_approval: document.post_approval,
            autonomy: document.autonomy.into(),
            comms: document.comms.into(),
        }
    }
}

impl From<BrandVoice> for VoiceDocument {
    fn from(voice: BrandVoice) -> Self {
        let BrandVoice { brand_name, formal, emoji, signature, templates, facts } = voice;
        Self { brand_name, formal, emoji, signature, templates, facts }
    }
}

impl From<VoiceDocument> for BrandVoice {
    fn from(document: VoiceDocument) -> Self {
        let VoiceDocument { brand_name, formal, emoji, signature, templates, facts } = document;
        Self { brand_name, formal, emoji, signature, templates, facts }
    }
}

impl From<HourlyCaps> for HourlyCapsDocument {
    fn from(caps: HourlyCaps) -> Self {
        let HourlyCaps { public_replies, direct_messages, private_replies, moderation, posts } = caps;
        Self { public_replies, direct_messages, private_replies, moderation, posts }
    }
}

impl From<HourlyCapsDocument> for HourlyCaps {
    fn from(document: HourlyCapsDocument) -> Self {
        let HourlyCapsDocument { public_replies, direct_messages, private_replies, moderation, posts } =
            document;
        Self { public_replies, direct_messages, private_replies, moderation, posts }
    }
}
