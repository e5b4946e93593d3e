//! What a text wants, asked of the cheapest that can be believed.

use serde_json::{Value, json};
use tenants::intent::{Classification, Intent, Language};
use tenants::models::Task;
use tenants::prompt::PromptKey;

use super::opinion::{Opinion, schema};
use super::{Cascade, answer, instead, instructions, reckoned, shown};
use crate::budget::Tally;
use crate::error::LlmError;
use crate::request::{CacheScope, Input, Request, Tier};
use crate::router::{Answer, ClassifyRequest, LlmRouter};

/// A small model's opinion below this confidence is asked of a larger one as well.
const SMALL_FROM: f32 = 0.7;

impl Cascade {
    pub(super) async fn classify_in_turn(
        &self,
        request: ClassifyRequest,
    ) -> Result<Answer<Classification>, LlmError> {
        let local = self.local.classify(request.clone()).await?;
        if is_believed(&local.value, &request) {
            return Ok(local);
        }
        let tally = Tally::default();
        let found = if self.models.has_models(Task::Classify) {
            self.classify_by_models(&request, local, &tally).await?
        } else if self.models.has_larger(Task::Classify) {
            self.classify_by_larger(&request, local, &tally).await?
        } else {
            return Ok(local);
        };
        Ok(reckoned(found, &tally))
    }

    async fn classify_by_models(
        &self,
        request: &ClassifyRequest,
        local: Answer<Classification>,
        tally: &Tally,
    ) -> Result<Answer<Classification>, LlmError> {
        let small = match self.ask_for_opinion(request, &local.value, Tier::First, tally).await {
            Ok(small) => small,
            Err(error) => return instead(error, local),
        };
        if !wants_larger(&small.value, &local.value) || !self.models.has_larger(Task::Classify) {
            return Ok(with_alarm_of(&local.value, small));
        }
        match self.ask_for_opinion(request, &local.value, Tier::Larger, tally).await {
            // Two models have read it: if neither sees danger, the local alarm was a false one.
            Ok(larger) => Ok(after(&small, larger)),
            Err(error) => instead(error, with_alarm_of(&local.value, small)),
        }
    }

    /// None of the small models can be used, for want of a key.
    async fn classify_by_larger(
        &self,
        request: &ClassifyRequest,
        local: Answer<Classification>,
        tally: &Tally,
    ) -> Result<Answer<Classification>, LlmError> {
        match self.ask_for_opinion(request, &local.value, Tier::Larger, tally).await {
            Ok(larger) => Ok(with_alarm_of(&local.value, larger)),
            Err(error) => instead(error, local),
        }
    }

    async fn ask_for_opinion(
        &self,
        request: &ClassifyRequest,
        local: &Classification,
        tier: Tier,
        tally: &Tally,
    ) -> Result<Answer<Classification>, LlmError> {
        let question = Request { tally: tally.clone(), ..self.question(request, tier)? };
        let reply = self.models.complete(question).await?;
        let opinion = Opinion::read(reply.json.as_ref()).ok_or_else(|| LlmError::InvalidOutput {
            reason: "the answer is no classification".to_owned(),
        })?;
        Ok(answer(opinion.beside(local), reply.origin))
    }

    fn question(&self, request: &ClassifyRequest, tier: Tier) -> Result<Request, LlmError> {
        let behalf = &request.behalf;
        let prompt = Self::prompt(behalf, PromptKey::Classify);
        let system = instructions(&prompt, &classify_values(request))?;
        let text = json!({ "customer_text": shown(&request.text) });
        let input = Input {
            schema: Some(schema()),
            language_hint: request.language_hint.map(|language| language.to_string()),
            ..Input::text(system, text.to_string())
        };
        let question = self.request(behalf, Task::Classify, &prompt, input)?;
        // The prompt may be the agency's own, so an answer is given again to the same tenant only.
        Ok(Request { tier, cache: CacheScope::Tenant, ..question })
    }
}

/// What templates of prompts may use.
fn classify_values(request: &ClassifyRequest) -> Value {
    let intents: Vec<Value> = Intent::ALL
        .iter()
        .map(|intent| json!({ "name": intent.as_str(), "meaning": meaning(*intent) }))
        .collect();
    let languages: Vec<&str> = Language::ALL.iter().map(|language| language.as_str()).collect();
    json!({ "brand": request.brand, "intents": intents, "languages": languages })
}

/// What an intent means, in the words the examples were labelled by.
fn meaning(intent: Intent) -> &'static str {
    match intent {
        Intent::Praise => "approval or affection; needs at most a thank-you",
        Intent::Question => "something that wants an answer",
        Intent::Complaint => "dissatisfaction with the brand or its product, also in sarcasm",
        Intent::Spam => "advertising, scams, bait",
        Intent::Lead => "somebody who may buy: asks for price, offer, booking, availability",
        Intent::Other => "none of the others",
    }
}

/// Whether the local answer is taken: it is sure enough for this tenant and sees no danger.
fn is_believed(local: &Classification, request: &ClassifyRequest) -> bool {
    !local.crisis && local.confidence >= request.behalf.tuning.local_from(local.intent)
}

fn wants_larger(small: &Classification, local: &Classification) -> bool {
    let denies_danger = local.crisis && !small.crisis;
    denies_danger || small.confidence < SMALL_FROM
}

/// One model alone does not clear an alarm.
fn with_alarm_of(local: &Classification, mut found: Answer<Classification>) -> Answer<Classification> {
    found.value.crisis |= local.crisis;
    found
}

/// The larger model's answer, with the reason why it was asked.
fn after(small: &Answer<Classification>, larger: Answer<Classification>) -> Answer<Classification> {
    let mut value = larger.value;
    value.crisis |= small.value.crisis;
    let mut fallback_reasons = small.fallback_reasons.clone();
    fallback_reasons.push(format!("{}/{}: unsure", small.provider, small.model));
    fallback_reasons.extend(larger.fallback_reasons);
    Answer { value, fallback_reasons, latency: small.latency + larger.latency, ..larger }
}
