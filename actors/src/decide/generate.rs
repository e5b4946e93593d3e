//! Step 6: writing the reply in the tenant's voice.

use std::sync::Arc;

use llm::{Channel, Formality, OwnTemplate, ReplyRequest, Voice, fingerprint};
use serde_json::json;
use tenants::decision::Step;
use tenants::intent::{Intent, Language};

use super::classify::note_failure;
use super::error::DecideError;
use super::judgement::Case;
use super::rules_step::{brand_of, called};
use super::work::Workings;

/// Writes a reply; `None` when no model has anything usable to say.
pub(super) async fn write_reply(
    case: &Case<'_>,
    intent: Intent,
    language: Language,
    channel: Channel,
    work: &mut Workings,
) -> Result<Option<String>, DecideError> {
    let request = ReplyRequest {
        intent,
        language,
        channel,
        voice: Arc::new(voice_of(case)),
        author_name: called(case).map(|name| match channel {
            Channel::Comment => name,
            // A handle with `@` would be a mention inside of a private message.
            Channel::DirectMessage | Channel::PrivateReply => name.trim_start_matches('@').to_owned(),
        }),
        text: case.heard.text.clone(),
        facts: case.context.settings.voice.facts.clone(),
        variation_seed: case.seed,
        history: Vec::new(),
        behalf: case.behalf(),
    };
    let asked = fingerprint::of_reply(&request);
    match case.ports.llm.reply(request).await {
        Ok(answer) => {
            let (text, label) = work.account_for(answer);
            let summary = format!("wrote a reply in {language}");
            work.note(
                Step::Generate,
                summary,
                json!({ "asked": asked, "text": text, "channel": channel, "by": label }),
            );
            Ok(Some(text))
        }
        Err(error) => note_failure(error, asked, case.attempts, Step::Generate, work).map(|()| None),
    }
}

/// The language to answer in: that of the text when the tenant speaks it, else the tenant's first.
pub(super) fn language_of_reply(case: &Case<'_>, found: Option<Language>) -> Language {
    let spoken = &case.context.settings.languages;
    let first = spoken.first().copied().unwrap_or(Language::English);
    found.filter(|language| spoken.contains(language)).unwrap_or(first)
}

fn voice_of(case: &Case<'_>) -> Voice {
    let settings = &case.context.settings;
    let voice = &settings.voice;
    let mut templates = Vec::new();
    for (&language, by_intent) in &voice.templates {
        for (&intent, texts) in by_intent {
            let own = |text: &String| OwnTemplate {
                intent,
                language: Some(language),
                channel: None,
                text: text.clone(),
            };
            templates.extend(texts.iter().map(own));
        }
    }
    Voice {
        brand: brand_of(case).to_owned(),
        formality: if voice.formal { Formality::Formal } else { Formality::Casual },
        emoji: voice.emoji,
        signature: (!voice.signature.is_empty()).then(|| voice.signature.clone()),
        templates,
        forbidden_words: settings.blocked_words.clone(),
    }
}
