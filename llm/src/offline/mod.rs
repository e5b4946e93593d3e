//! The built-in provider: no key, no network, always there, always labelled as offline.

pub mod classifier;
mod crisis;
pub mod evaluate;
pub mod examples;
mod extract;
mod features;
mod fill;
mod float;
mod language;
pub mod learn;
pub mod lexicon;
mod model;
mod templates;
mod text;
pub mod train;

use std::sync::Arc;

use async_trait::async_trait;
use tenants::clock::{Clock, Timestamp};
use tenants::intent::Classification;

use self::classifier::{Classifier, ClassifierError};
pub(crate) use self::templates::signed;
use self::templates::{Templates, TemplatesError, own_templates};
use crate::error::LlmError;
use crate::router::{Answer, ClassifyRequest, LlmRouter, ReplyRequest};

/// Name by which its answers are known everywhere.
pub const PROVIDER: &str = "offline";
/// Longest fact, in bytes, that is given as an answer: a direct message holds 1,000.
const LONGEST_ANSWER: usize = 700;

/// Classifies with the local model and replies from templates and facts.
#[derive(Debug)]
pub struct OfflineProvider {
    classifier: Classifier,
    templates: Templates,
    model: String,
    clock: Arc<dyn Clock>,
}

/// Why the files built into the program cannot be used. None of it happens in a program whose tests pass.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The classifier's files.
    #[error(transparent)]
    Classifier(#[from] ClassifierError),
    /// The templates.
    #[error(transparent)]
    Templates(#[from] TemplatesError),
}

impl OfflineProvider {
    /// Reads what is built in; takes a few milliseconds. The clock measures how long answers take.
    ///
    /// # Errors
    /// [`OfflineError`] when a built-in file is damaged.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, OfflineError> {
        let classifier = Classifier::built_in()?;
        let model = classifier.model_name();
        Ok(Self { classifier, templates: Templates::built_in()?, model, clock })
    }

    /// The classifier, for those who need no [`Answer`] around its result.
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// Whether the tenant has written a reply of its own for this.
    pub fn has_own_words(&self, request: &ReplyRequest) -> bool {
        let has_answer = self.answer_from_facts(request).is_some();
        !own_templates(request, has_answer).is_empty()
    }

    /// What a fact of the request says to its text, when one clearly does and is in the language of the reply.
    fn answer_from_facts(&self, request: &ReplyRequest) -> Option<String> {
        let answer = extract::answer(&request.text, &request.facts, self.classifier.lexicon())?;
        let language = self.classifier.language_of(&answer);
        let is_usable =
            answer.len() <= LONGEST_ANSWER && language.is_none_or(|language| language == request.language);
        is_usable.then_some(answer)
    }

    fn labelled<T>(&self, value: T, started: Timestamp, prompt_version: Option<String>) -> Answer<T> {
        let answer = Answer::free(value, PROVIDER, &self.model, self.clock.now().since(started));
        Answer { prompt_version, ..answer }
    }
}

#[async_trait]
impl LlmRouter for OfflineProvider {
    async fn classify(&self, request: ClassifyRequest) -> Result<Answer<Classification>, LlmError> {
        let started = self.clock.now();
        let classification =
            self.classifier.classify_tuned(&request.text, request.language_hint, &request.behalf.tuning);
        Ok(self.labelled(classification, started, None))
    }

    async fn reply(&self, request: ReplyRequest) -> Result<Answer<String>, LlmError> {
        let started = self.clock.now();
        let reply = self.templates.reply(&request, self.answer_from_facts(&request).as_deref())?;
        Ok(self.labelled(reply, started, Some(self.templates.version(request.language))))
    }
}
