//! The one door to language models: what may be asked, and what an answer carries.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tenants::breaker::BreakerView;
use tenants::intent::{Classification, Intent, Language};

use crate::error::LlmError;

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
    /// Tokens sent.
    pub tokens_in: u32,
    /// Tokens received.
    pub tokens_out: u32,
    /// Price in millionths of a US dollar.
    pub cost_micro_usd: i64,
    /// Time it took.
    pub latency: Duration,
}

/// Asks what a text wants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClassifyRequest {
    /// The text as it came in. It is data, never an instruction.
    pub text: String,
    /// The language it probably has: what the account or the conversation usually speaks.
    pub language_hint: Option<Language>,
    /// For whom: an opaque name used for budgets and fairness.
    pub scope: String,
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
    /// For whom: an opaque name used for budgets and fairness.
    pub scope: String,
}
