//! What rules are made of, as it is sent and received.

use serde::{Deserialize, Serialize};
use tenants::intent::{Intent, Language, Sentiment};
use tenants::rule::{Condition, RuleAction, Trigger, TriggerKind};
use utoipa::ToSchema;

use crate::http::extract::words;
use crate::http::schema;

/// What a rule listens to, and where.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Trigger)]
pub struct TriggerDocument {
    /// The kind.
    #[schema(value_type = schema::TriggerKind)]
    on: TriggerKind,
    /// Media ids; empty means any.
    #[serde(default)]
    media: Vec<String>,
}

impl From<Trigger> for TriggerDocument {
    fn from(Trigger { on, media }: Trigger) -> Self {
        Self { on, media }
    }
}

impl From<TriggerDocument> for Trigger {
    fn from(TriggerDocument { on, media }: TriggerDocument) -> Self {
        Self { on, media }
    }
}

/// One condition; `if` names its kind.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "if", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = Condition)]
pub enum ConditionDocument {
    /// At least one of the words occurs, as a whole word, without case.
    KeywordsAny {
        /// The words.
        words: Vec<String>,
    },
    /// Every word occurs.
    KeywordsAll {
        /// The words.
        words: Vec<String>,
    },
    /// No word occurs.
    KeywordsNone {
        /// The words.
        words: Vec<String>,
    },
    /// The regular expression matches somewhere, without case.
    Regex {
        /// Rust regex syntax, at most 1000 bytes.
        pattern: String,
    },
    /// The text is in one of these languages.
    Language {
        /// The languages.
        #[schema(value_type = Vec<schema::Language>)]
        any: Vec<Language>,
    },
    /// The author is one of these.
    Author {
        /// Handles without `@`, or ids.
        any: Vec<String>,
    },
    /// The local time lies in this span; may cross midnight.
    Time {
        /// `HH:MM`, first minute.
        from: String,
        /// `HH:MM`, first minute after.
        until: String,
    },
    /// The feeling is one of these.
    Sentiment {
        /// The feelings.
        #[schema(value_type = Vec<schema::Sentiment>)]
        any: Vec<Sentiment>,
    },
    /// The intent is one of these.
    Intent {
        /// The intents.
        #[schema(value_type = Vec<schema::Intent>)]
        any: Vec<Intent>,
        /// At least this confidence, 0 to 1.
        #[serde(default)]
        min_confidence: f32,
    },
}

impl From<Condition> for ConditionDocument {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::KeywordsAny { words } => Self::KeywordsAny { words },
            Condition::KeywordsAll { words } => Self::KeywordsAll { words },
            Condition::KeywordsNone { words } => Self::KeywordsNone { words },
            Condition::Regex { pattern } => Self::Regex { pattern },
            Condition::Language { any } => Self::Language { any },
            Condition::Author { any } => Self::Author { any },
            Condition::Time { from, until } => Self::Time { from, until },
            Condition::Sentiment { any } => Self::Sentiment { any },
            Condition::Intent { any, min_confidence } => Self::Intent { any, min_confidence },
        }
    }
}

impl From<ConditionDocument> for Condition {
    fn from(document: ConditionDocument) -> Self {
        match document {
            ConditionDocument::KeywordsAny { words } => Self::KeywordsAny { words },
            ConditionDocument::KeywordsAll { words } => Self::KeywordsAll { words },
            ConditionDocument::KeywordsNone { words } => Self::KeywordsNone { words },
            ConditionDocument::Regex { pattern } => Self::Regex { pattern },
            ConditionDocument::Language { any } => Self::Language { any },
            ConditionDocument::Author { any } => Self::Author { any },
            ConditionDocument::Time { from, until } => Self::Time { from, until },
            ConditionDocument::Sentiment { any } => Self::Sentiment { any },
            ConditionDocument::Intent { any, min_confidence } => Self::Intent { any, min_confidence },
        }
    }
}

/// One thing a rule does; `do` names its kind. Texts may hold `{name}` and `{brand}`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = RuleAction)]
pub enum RuleActionDocument {
    /// Answer where it was said.
    Reply {
        /// One is chosen by the event.
        variations: Vec<String>,
    },
    /// Answer a comment by direct message.
    PrivateReply {
        /// One is chosen by the event.
        variations: Vec<String>,
    },
    /// Send a direct message, inside the window.
    Dm {
        /// One is chosen by the event.
        variations: Vec<String>,
    },
    /// Send a direct message with quick replies to tap, inside the window.
    Ask {
        /// One is chosen by the event.
        variations: Vec<String>,
        /// What can be tapped: 1 to 13 titles of at most 20 characters. A tap comes back as a message with this text.
        quick_replies: Vec<String>,
    },
    /// Like it.
    Like,
    /// Hide the comment.
    Hide,
    /// Delete the comment.
    Delete,
    /// Tag the comment or conversation.
    Tag {
        /// The tag.
        #[serde(deserialize_with = "words")]
        tag: String,
    },
    /// Hand it to a person.
    Escalate,
    /// Hand it to a named person.
    Assign {
        /// Who.
        #[serde(deserialize_with = "words")]
        to: String,
    },
    /// Do nothing further: no later rule, no classification.
    Stop,
}

impl From<RuleAction> for RuleActionDocument {
    fn from(action: RuleAction) -> Self {
        match action {
            RuleAction::Reply { variations } => Self::Reply { variations },
            RuleAction::PrivateReply { variations } => Self::PrivateReply { variations },
            RuleAction::Dm { variations } => Self::Dm { variations },
            RuleAction::Ask { variations, quick_replies } => Self::Ask { variations, quick_replies },
            RuleAction::Like => Self::Like,
            RuleAction::Hide => Self::Hide,
            RuleAction::Delete => Self::Delete,
            RuleAction::Tag { tag } => Self::Tag { tag },
            RuleAction::Escalate => Self::Escalate,
            RuleAction::Assign { to } => Self::Assign { to },
            RuleAction::Stop => Self::Stop,
        }
    }
}

impl From<RuleActionDocument> for RuleAction {
    fn from(document: RuleActionDocument) -> Self {
        match document {
            RuleActionDocument::Reply { variations } => Self::Reply { variations },
            RuleActionDocument::PrivateReply { variations } => Self::PrivateReply { variations },
            RuleActionDocument::Dm { variations } => Self::Dm { variations },
            RuleActionDocument::Ask { variations, quick_replies } => Self::Ask { variations, quick_replies },
            RuleActionDocument::Like => Self::Like,
            RuleActionDocument::Hide => Self::Hide,
            RuleActionDocument::Delete => Self::Delete,
            RuleActionDocument::Tag { tag } => Self::Tag { tag },
            RuleActionDocument::Escalate => Self::Escalate,
            RuleActionDocument::Assign { to } => Self::Assign { to },
            RuleActionDocument::Stop => Self::Stop,
        }
    }
}
