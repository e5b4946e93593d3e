//! The one door to language models: what may be asked, and what an answer carries.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tenants::breaker::BreakerView;
use tenants::budget::TenantBudget;
use tenants::clock::Timestamp;
use tenants::ids::EventId;
use tenants::intent::{Classification, Intent, Language};
use tenants::prompt::PromptSet;
use tenants::tuning::Tuning;

use crate::caption::{CaptionRequest, Captions};
use crate::error::LlmError;
use crate::oversight::OversightRequest;
use crate::report::{ReportRequest, Written, from_numbers};
use crate::routing::ReplyStream;

/// Chooses a model for a request, asks it, and says what that cost.
#[async_trait]
pub trait LlmRouter: Send + Sync {
    /// What a text wants.
    ///
    /// # Errors
    /// See [`LlmError`]; the offline provider always has an answer.
    async fn classify(&self, request: ClassifyRequest) -> Result<Answer<Classification>, LlmError>;

    /// A reply to a text.
    ///
    /// # Errors
    /// [`LlmError::NothingToSay`] when the intent wants no reply, [`LlmError::InvalidOutput`] when no reply
    /// without forbidden words could be made, and those of the providers.
    async fn reply(&self, request: ReplyRequest) -> Result<Answer<String>, LlmError>;

    /// What a report's numbers mean, in sentences whose numbers are the report's.
    ///
    /// # Errors
    /// Those of the providers; where none is asked, the built-in rules have an answer.
    async fn report(&self, request: ReportRequest) -> Result<Answer<Written>, LlmError> {
        Ok(Answer::free(from_numbers(&request), crate::offline::PROVIDER, "rules-1", Duration::ZERO))
    }
    /// Captions and hashtags for a post; a person chooses among them. The built-in ones unless a provider says otherwise.
    ///
    /// # Errors
    /// Those of the providers.
    async fn captions(&self, request: CaptionRequest) -> Result<Answer<Captions>, LlmError> {
        Ok(crate::caption::offline(&request))
    }

    /// A model that answers somebody who asks why, piece by piece; `None` where no model is asked, so that the records
    /// have to answer by themselves.
    ///
    /// # Errors
    /// Those of the providers.
    async fn oversight(&self, _request: OversightRequest) -> Result<Option<ReplyStream>, LlmError> {
        Ok(None)
    }

    /// Whether a model answers people who ask why.
    fn answers_oversight(&self) -> bool {
        false
    }

    /// Whether replies depend on what was said before, so that it is worth reading.
    fn reads_history(&self) -> bool {
        false
    }

    /// The circuit breaker of every model in use; empty when no model can fail.
    fn breakers(&self) -> Vec<BreakerOf> {
        Vec::new()
    }
}

/// The breaker of one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BreakerOf {
    /// Provider and model, as `provider/model`.
    pub name: String,
    /// Its state.
    #[serde(flatten)]
    pub view: BreakerView,
    /// Until when the model is left alone because its provider has asked for that; `None` when it is not.
    pub rests_until: Option<Timestamp>,
}

/// An answer, who gave it, and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The answer itself.
    pub value: T,
    /// Who answered; `offline` for the built-in provider.
    pub provider: String,
    /// Name and version of the model.
    pub model: String,
    /// Version of the prompt or of the templates; `None` where there is neither.
    pub prompt_version: Option<String>,
    /// Tokens sent, those from the provider's cache among them.
    pub tokens_in: u32,
    /// Tokens sent that came from the provider's cache.
    pub tokens_cached: u32,
    /// Tokens received.
    pub tokens_out: u32,
    /// Price in millionths of a US dollar, of every call that was made on the way.
    pub cost_micro_usd: i64,
    /// True when a part of the price had to be estimated.
    pub is_estimate: bool,
    /// Calls that were made.
    pub attempts: u32,
    /// Why earlier choices were not taken, as `provider/model: reason`.
    pub fallback_reasons: Vec<String>,
    /// True when it is an earlier answer to the same question.
    pub cache_hit: bool,
    /// Why a lesser model answered than should have, for people; `None` when all went as it should. What rests on
    /// such an answer is never done without a person.
    pub degraded: Option<String>,
    /// True when the model itself says that a person should look at it.
    pub is_unsure: bool,
    /// Time it took.
    pub latency: Duration,
}

impl<T> Answer<T> {
    /// An answer that took no call.
    pub fn free(value: T, provider: &str, model: &str, latency: Duration) -> Self {
        Self {
            value,
            provider: provider.to_owned(),
            model: model.to_owned(),
            prompt_version: None,
            tokens_in: 0,
            tokens_cached: 0,
            tokens_out: 0,
            cost_micro_usd: 0,
            is_estimate: false,
            attempts: 0,
            fallback_reasons: Vec::new(),
            cache_hit: false,
            degraded: None,
            is_unsure: false,
            latency,
        }
    }
}

/// Asks what a text wants.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassifyRequest {
    /// The text as it came in. It is data, never an instruction.
    pub text: String,
    /// Name of the brand it was written to; may be empty.
    pub brand: String,
    /// The language it probably has: what the account or the conversation usually speaks.
    pub language_hint: Option<Language>,
    /// For whom.
    pub behalf: Arc<Behalf>,
}

/// On whose behalf a model is asked: who pays, in which words, with what was learned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Behalf {
    /// Who pays, and how much a day.
    pub budget: TenantBudget,
    /// The prompts in use.
    pub prompts: Arc<PromptSet>,
    /// What was learned from the tenant's verdicts.
    pub tuning: Arc<Tuning>,
    /// The event it is asked for; `None` for a preview.
    pub event: Option<EventId>,
    /// The conversation, within the tenant: experiments stick to it.
    pub conversation: String,
}

/// Where a reply will appear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// In public, under the comment.
    Comment,
    /// In a conversation of direct messages.
    DirectMessage,
    /// As the one direct message that may answer a comment.
    PrivateReply,
}

/// How a brand addresses people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Formality {
    /// Usted, Sie, vous, Lei.
    Formal,
    /// Tú, du, tu.
    #[default]
    Casual,
}

/// How a brand speaks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Voice {
    /// Name of the brand; empty when it shall not be mentioned.
    pub brand: String,
    /// Languages the brand answers in; empty when that is not known.
    pub languages: Vec<Language>,
    /// Form of address.
    pub formality: Formality,
    /// Whether emoji may be used.
    pub emoji: bool,
    /// Put at the end of direct messages.
    pub signature: Option<String>,
    /// The tenant's own replies; where one fits, the built-in ones are not used.
    pub templates: Vec<OwnTemplate>,
    /// Words and phrases that no reply may contain, whatever their case.
    pub forbidden_words: Vec<String>,
}

/// A reply written by the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnTemplate {
    /// The intent it answers.
    pub intent: Intent,
    /// Its language; `None` fits every language.
    #[serde(default)]
    pub language: Option<Language>,
    /// Where it may be used; `None` means everywhere.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// The text, with the placeholders `{name}`, `{brand}`, `{answer}`. A template with `{answer}` is used
    /// only when a fact answers the question.
    pub text: String,
}

/// Asks for a reply.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplyRequest {
    /// What the text wants.
    pub intent: Intent,
    /// The language to answer in.
    pub language: Language,
    /// Where the reply will appear.
    pub channel: Channel,
    /// How the brand speaks.
    pub voice: Arc<Voice>,
    /// What to call the author; `None` when not known.
    pub author_name: Option<String>,
    /// The text to answer. It is data, never an instruction.
    pub text: String,
    /// What the brand knows about itself: answers from its FAQ, opening hours, and so on, the most relevant
    /// first. Either plain sentences or `question? answer`.
    pub facts: Vec<String>,
    /// Picks the variation: the same seed gives the same reply. Derive it from the event.
    pub variation_seed: u64,
    /// What was said before in the conversation, oldest first. It is data, never an instruction.
    pub history: Vec<Line>,
    /// For whom.
    pub behalf: Arc<Behalf>,
}

/// Something that was said in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// True for the brand's words, false for the customer's.
    pub ours: bool,
    /// The words.
    pub text: String,
}
