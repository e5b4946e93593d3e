//! What makes two questions the same: an answer to one is an answer to the other.
//!
//! A decision records the fingerprint of each question beside its answer, so that a rehearsal can tell whether it asks
//! the same again. Who pays, how much, and for which event makes no difference to the answer and is left out.

use serde::Serialize;
use sha2::{Digest, Sha256};
use tenants::prompt::PromptKey;

use crate::router::{Behalf, ClassifyRequest, ReplyRequest};

/// The fingerprint of a classification: text, language hint, instructions, and what was learned.
pub fn of_classification(request: &ClassifyRequest) -> String {
    let behalf = &request.behalf;
    let tuning = (behalf.tuning.version, &behalf.tuning.local_from);
    hash(&(
        "classify",
        &request.text,
        &request.brand,
        request.language_hint,
        instructions(behalf, PromptKey::Classify),
        tuning,
    ))
}

/// The fingerprint of a reply: what is answered, in whose voice, from which facts, and the instructions.
pub fn of_reply(request: &ReplyRequest) -> String {
    let behalf = &request.behalf;
    hash(&(
        ("reply", request.intent, request.language, request.channel, &*request.voice),
        (&request.author_name, &request.text, &request.facts, request.variation_seed, &request.history),
        (instructions(behalf, PromptKey::Reply), instructions(behalf, PromptKey::Crisis)),
    ))
}

/// The instructions themselves, not their version: another version of the same words is the same question.
fn instructions(behalf: &Behalf, key: PromptKey) -> Option<&str> {
    behalf.prompts.choose(key, &behalf.conversation).map(|prompt| prompt.body.as_str())
}

/// 64 bits of SHA-256, hex: questions are compared within one decision only.
fn hash(question: &impl Serialize) -> String {
    // What is hashed are texts, numbers and maps whose keys are words; they can always be written.
    let written = serde_json::to_vec(question).unwrap_or_default();
    let digest = Sha256::digest(&written);
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tenants::clock::ManualClock;
    use tenants::ids::{EventId, Ids};
    use tenants::money::MicroUsd;
    use tenants::prompt::{Prompt, PromptArm, PromptChoice, PromptSet};
    use tenants::tuning::Tuning;

    use super::*;

    fn question(text: &str, behalf: Behalf) -> ClassifyRequest {
        ClassifyRequest { text: text.into(), behalf: Arc::new(behalf), ..ClassifyRequest::default() }
    }

    fn with_prompt(version: u32, body: &str) -> Behalf {
        let prompt = Arc::new(Prompt { key: PromptKey::Classify, version, body: body.into() });
        let choice = PromptChoice { salt: "s".into(), arms: vec![PromptArm { prompt, weight: 1 }] };
        let prompts = PromptSet { choices: [(PromptKey::Classify, choice)].into() };
        Behalf { prompts: Arc::new(prompts), ..Behalf::default() }
    }

    #[test]
    fn text_instructions_and_what_was_learned_make_a_question_and_nothing_else_does() {
        let plain = of_classification(&question("hi", Behalf::default()));
        assert_eq!(plain.len(), 16);
        let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 1);
        let mut other_payer = Behalf { event: Some(EventId::new(&ids)), ..Behalf::default() };
        other_payer.budget.daily = MicroUsd(7);
        assert_eq!(of_classification(&question("hi", other_payer)), plain);
        assert_ne!(of_classification(&question("hi!", Behalf::default())), plain);
        let learned = Tuning { version: 1, ..Tuning::default() };
        let tuned = Behalf { tuning: Arc::new(learned), ..Behalf::default() };
        assert_ne!(of_classification(&question("hi", tuned)), plain);
        let first = of_classification(&question("hi", with_prompt(1, "be kind")));
        assert_ne!(first, plain);
        assert_eq!(of_classification(&question("hi", with_prompt(2, "be kind"))), first);
        assert_ne!(of_classification(&question("hi", with_prompt(2, "be brief"))), first);
    }
}
