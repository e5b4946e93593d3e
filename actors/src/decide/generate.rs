//! Step 6: writing the reply in the tenant's voice.

use std::sync::Arc;

use llm::{Channel, Formality, OwnTemplate, ReplyRequest, Voice, fingerprint};
use serde_json::{Value, json};
use tenants::decision::Step;
use tenants::intent::{Intent, Language};

use super::classify::note_failure;
use super::error::DecideError;
use super::judgement::Case;
use super::recall::facts_for_reply;
use super::rules_step::{brand_of, called};
use super::work::{Workings, answerer};

/// What came of writing a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    /// A reply, and every reason why a person should look at it.
    Reply { text: String, doubts: Vec<String> },
    /// No model has anything usable to say.
    Nothing,
    /// The person has written again meanwhile.
    Overtaken,
}

/// Writes a reply, unless the conversation moves on before it is written.
pub(super) async fn write_reply(
    case: &Case<'_>,
    intent: Intent,
    language: Language,
    channel: Channel,
    work: &mut Workings,
) -> Result<Written, DecideError> {
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
        text: case.words().to_owned(),
        facts: facts_for_reply(case, work),
        variation_seed: case.seed,
        history: case.before.lines.clone(),
        behalf: case.behalf(),
    };
    let asked = fingerprint::of_reply(&request);
    let answer = tokio::select! {
        biased;
        answer = case.ports.llm.reply(request) => answer,
        // Dropping the request settles what it has cost so far.
        () = case.moved_on.happened() => {
            work.note(Step::Generate, "given up: the person has written again", Value::Null);
            return Ok(Written::Overtaken);
        }
    };
    match answer {
        Ok(answer) => {
            let mut doubts: Vec<String> = answer.degraded.iter().cloned().collect();
            if answer.is_unsure {
                doubts.push("the model is not sure that its answer is right".to_owned());
            }
            work.is_doubtful |= !doubts.is_empty();
            work.written_by = Some(answerer(&answer));
            let (text, label) = work.account_for(answer);
            let summary = format!("wrote a reply in {language}");
            let details = json!({ "asked": asked, "text": text, "channel": channel, "by": label });
            work.note(Step::Generate, summary, details);
            Ok(Written::Reply { text, doubts })
        }
        Err(error) => {
            note_failure(error, asked, case.attempts, Step::Generate, work).map(|()| Written::Nothing)
        }
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
        languages: settings.languages.clone(),
        formality: if voice.formal { Formality::Formal } else { Formality::Casual },
        emoji: voice.emoji,
        signature: (!voice.signature.is_empty()).then(|| voice.signature.clone()),
        templates,
        forbidden_words: settings.blocked_words.clone(),
    }
}
