//! How words, ids and moments of the domain look in the API description. The types here are named in
//! `#[schema(value_type = …)]` only; values are the domain's own.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! words {
    ($($name:ident = $domain:ty;)+) => { $(
        #[doc = concat!("Schema of [`", stringify!($domain), "`]: its closed set of words.")]
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = <$domain>::ALL.iter().map(|word| word.as_str());
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+ };
}

words! {
    UserRole = tenants::access::UserRole;
    UserStatus = tenants::user::UserStatus;
    TenantStatus = tenants::account::TenantStatus;
    AccountStatus = tenants::account::AccountStatus;
    LoginFlavour = tenants::account::LoginFlavour;
    ConnectStatus = tenants::connect::ConnectStatus;
    TokenTrouble = tenants::connect::TokenTrouble;
    Intent = tenants::intent::Intent;
    Sentiment = tenants::intent::Sentiment;
    Language = tenants::intent::Language;
    Mode = tenants::settings::Mode;
    TriggerKind = tenants::rule::TriggerKind;
    ConversationKind = tenants::conversation::ConversationKind;
    Owner = tenants::conversation::Owner;
    Direction = tenants::conversation::Direction;
    CommentStatus = tenants::conversation::CommentStatus;
    ActionType = tenants::effect::ActionType;
    EffectState = tenants::effect::EffectState;
    SkipReason = tenants::effect::SkipReason;
    ErrorCategory = tenants::effect::ErrorCategory;
    ApprovalKind = tenants::approval::ApprovalKind;
    ApprovalStatus = tenants::approval::ApprovalStatus;
    AlertType = tenants::alert::AlertType;
    EarnedState = tenants::autonomy::EarnedState;
    Severity = tenants::alert::Severity;
    AgentStatus = tenants::ports::AgentStatus;
    Role = tenants::event::Role;
    TickStatus = tenants::ports::TickStatus;
    MissedTick = tenants::ports::MissedTick;
    Standing = tenants::ports::Standing;
    BreakerState = tenants::breaker::BreakerState;
    EventSource = tenants::event::EventSource;
    EventKind = tenants::event::EventKind;
    MemoryKind = tenants::memory::MemoryKind;
    Visibility = tenants::memory::Visibility;
    Outcome = tenants::decision::Outcome;
    Step = tenants::decision::Step;
    ReportType = tenants::report::ReportType;
    RehearsalStatus = tenants::rehearsal::RehearsalStatus;
    PromptKey = tenants::prompt::PromptKey;
    ExperimentStatus = tenants::experiment::ExperimentStatus;
    MediaKind = tenants::media::MediaKind;
    MediaFormat = tenants::media::MediaFormat;
    MediaUserKind = tenants::media::MediaUserKind;
    Placement = tenants::media::Placement;
    ProblemCode = tenants::media::ProblemCode;
    UploadStatus = tenants::media::UploadStatus;
    Task = tenants::models::Task;
    Share = tenants::models::Share;
    CallOutcome = tenants::models::CallOutcome;
    BudgetLevel = tenants::models::BudgetLevel;
    ChannelKind = tenants::notice::ChannelKind;
    NoticeKind = tenants::notice::NoticeKind;
    NotificationStatus = tenants::notice::NotificationStatus;
    DeliveryState = tenants::webhook::DeliveryState;
    DisabledReason = tenants::webhook::DisabledReason;
    LeadStage = tenants::lead::LeadStage;
    BriefingKind = tenants::briefing::BriefingKind;
    PostType = tenants::post::PostType;
    PostState = tenants::post::PostState;
    ApprovalPolicy = tenants::post::ApprovalPolicy;
    Approver = tenants::post::Approver;
    Frequency = tenants::post::Frequency;
}

/// Schema of every id: a prefix that names the kind, and a UUIDv7.
#[derive(Debug)]
pub struct Id;

impl PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[a-z]{3,4}_[0-9a-f]{32}$"))
            .description(Some("A prefix that names the kind of thing, and a UUIDv7."))
            .into()
    }
}

impl ToSchema for Id {
    fn name() -> Cow<'static, str> {
        "Id".into()
    }
}

/// Schema of every moment: RFC 3339 in UTC.
#[derive(Debug)]
pub struct Moment;

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, in UTC, with microseconds."))
            .into()
    }
}

impl ToSchema for Moment {
    fn name() -> Cow<'static, str> {
        "Moment".into()
    }
}

/// Schema of an event of a stream (`text/event-stream`), by its fields.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it is described and never made")]
pub struct StreamedEvent {
    /// A JSON document.
    data: String,
    /// What kind of event it is; `message` where the stream says none.
    event: Option<String>,
    /// Where to go on from, as `Last-Event-ID`.
    id: Option<String>,
}
