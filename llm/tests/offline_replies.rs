//! What the built-in provider answers, as a tenant would see it.

use std::collections::HashSet;
use std::sync::Arc;

use tenants::clock::ManualClock;
use tenants::intent::{Intent, Language};
use troupe_llm::{
    Channel, ClassifyRequest, Formality, LlmError, LlmRouter, OfflineProvider, OwnTemplate, ReplyRequest,
    Voice,
};

const CHANNELS: [Channel; 3] = [Channel::Comment, Channel::DirectMessage, Channel::PrivateReply];

fn provider() -> OfflineProvider {
    OfflineProvider::new(Arc::new(ManualClock::at(0))).expect("the built-in files are sound")
}

fn request(intent: Intent, language: Language) -> ReplyRequest {
    ReplyRequest {
        intent,
        language,
        channel: Channel::Comment,
        voice: Arc::new(Voice { brand: "Luna".to_owned(), emoji: true, ..Voice::default() }),
        author_name: Some("Ana".to_owned()),
        text: String::new(),
        facts: Vec::new(),
        variation_seed: 7,
        history: Vec::new(),
        behalf: Arc::default(),
    }
}

fn voiced(mut request: ReplyRequest, change: impl FnOnce(&mut Voice)) -> ReplyRequest {
    change(Arc::make_mut(&mut request.voice));
    request
}

async fn reply(request: &ReplyRequest) -> String {
    provider().reply(request.clone()).await.expect("there is a reply").value
}

fn facts() -> Vec<String> {
    [
        "Opening hours: Monday to Friday 9 am to 6 pm, Saturday 10 am to 2 pm",
        "Do you ship abroad? Yes, we ship to the whole EU within 5 working days",
        "All our candles are vegan and contain no paraffin.",
        "We are at 12 Harbour Street, next to the old market.",
        "Returns are free within 30 days.",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[tokio::test]
async fn every_intent_but_spam_has_several_replies_on_every_channel_in_every_language_and_tone() {
    let provider = provider();
    for &language in Language::ALL {
        for intent in Intent::ALL.iter().copied().filter(|intent| *intent != Intent::Spam) {
            for channel in CHANNELS {
                for formality in [Formality::Formal, Formality::Casual] {
                    let mut seen = HashSet::new();
                    for variation_seed in 0..40 {
                        let mut request =
                            voiced(request(intent, language), |voice| voice.formality = formality);
                        request.author_name = None;
                        (request.channel, request.variation_seed) = (channel, variation_seed);
                        let reply = provider.reply(request).await.unwrap().value;
                        assert!(!reply.contains(['{', '}']) && !reply.contains("  "), "{reply}");
                        assert!(reply.len() <= 1_000, "too long for a direct message: {reply}");
                        seen.insert(reply);
                    }
                    assert!(seen.len() >= 2, "{language} {intent} {channel:?} {formality:?}: {seen:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn replies_are_in_the_language_they_are_meant_to_be_in() {
    let provider = provider();
    for &language in Language::ALL {
        for intent in [Intent::Praise, Intent::Question, Intent::Complaint, Intent::Lead] {
            for variation_seed in 0..20 {
                let mut request = voiced(request(intent, language), |voice| voice.emoji = false);
                (request.variation_seed, request.author_name) = (variation_seed, None);
                let reply = provider.reply(request).await.unwrap().value;
                let found = provider.classifier().language_of(&reply);
                assert_eq!(found, Some(language), "{reply}");
            }
        }
    }
}

#[tokio::test]
async fn the_same_event_gets_the_same_reply_and_others_get_others() {
    let first = request(Intent::Praise, Language::Spanish);
    assert_eq!(reply(&first).await, reply(&first).await);
    let mut all = HashSet::new();
    for variation_seed in 0..30 {
        all.insert(reply(&ReplyRequest { variation_seed, ..first.clone() }).await);
    }
    assert!(all.len() >= 4, "{all:?}");
}

#[tokio::test]
async fn a_brand_without_emoji_gets_none() {
    for variation_seed in 0..30 {
        let mut request = voiced(request(Intent::Praise, Language::English), |voice| voice.emoji = false);
        request.variation_seed = variation_seed;
        let reply = reply(&request).await;
        assert!(reply.chars().all(|c| (c as u32) < 0x2600), "{reply}");
    }
}

#[tokio::test]
async fn a_question_is_answered_with_the_fact_that_fits() {
    let cases = [
        ("What time do you close on Saturday?", "10 am to 2 pm"),
        ("do you ship to France?", "within 5 working days"),
        ("are these vegan? 🌱", "no paraffin"),
        ("where are you located", "12 Harbour Street"),
        ("can I return it if it doesn't fit?", "30 days"),
    ];
    for (question, expected) in cases {
        let request = ReplyRequest {
            text: question.to_owned(),
            facts: facts(),
            ..request(Intent::Question, Language::English)
        };
        let reply = reply(&request).await;
        assert!(reply.contains(expected), "{question} -> {reply}");
    }
}

#[tokio::test]
async fn a_question_no_fact_answers_gets_a_holding_reply() {
    let holding = request(Intent::Question, Language::English);
    for question in ["Who painted the mural?", "can I bring my own cake?", "hm?"] {
        let request = ReplyRequest { text: question.to_owned(), facts: facts(), ..holding.clone() };
        assert_eq!(reply(&request).await, reply(&holding).await, "{question}");
    }
}

#[tokio::test]
async fn a_question_finds_a_fact_through_words_that_mean_the_same() {
    let request = ReplyRequest {
        text: "¿A qué hora abrís los domingos?".to_owned(),
        facts: vec![
            "Enviamos a toda la península en 48 horas.".to_owned(),
            "Horario: de lunes a sábado de 9 a 20 h, domingos cerrado".to_owned(),
        ],
        ..request(Intent::Question, Language::Spanish)
    };
    let reply = reply(&request).await;
    assert!(reply.contains("domingos cerrado."), "{reply}");
}

#[tokio::test]
async fn a_fact_in_another_language_is_not_quoted() {
    let request = ReplyRequest {
        text: "Wann habt ihr samstags geöffnet?".to_owned(),
        facts: facts(),
        ..request(Intent::Question, Language::German)
    };
    assert!(!reply(&request).await.contains("Monday"));
}

#[tokio::test]
async fn a_tenants_own_template_comes_first_and_the_closest_one_wins() {
    let own = |language, channel, text: &str| OwnTemplate {
        intent: Intent::Praise,
        language,
        channel,
        text: text.to_owned(),
    };
    let request = voiced(request(Intent::Praise, Language::French), |voice| {
        voice.templates = vec![
            own(None, None, "merci {name} — {brand}"),
            own(Some(Language::French), None, "Bisous {name} {emoji}"),
            own(Some(Language::German), None, "Danke {name}"),
        ];
    });
    assert!(reply(&request).await.starts_with("Bisous Ana"));
    let spanish = ReplyRequest { language: Language::Spanish, author_name: None, ..request };
    assert_eq!(reply(&spanish).await, "Merci — Luna");
}

#[tokio::test]
async fn an_answer_is_worth_more_than_the_tenants_holding_reply() {
    let own = OwnTemplate {
        intent: Intent::Question,
        language: None,
        channel: None,
        text: "We'll see!".to_owned(),
    };
    let asked = |text: &str| {
        let mut request = voiced(request(Intent::Question, Language::English), |voice| {
            voice.templates = vec![own.clone()];
        });
        (request.text, request.facts) = (text.to_owned(), facts());
        request
    };
    assert_eq!(reply(&asked("who painted this?")).await, "We'll see!");
    assert!(reply(&asked("are they vegan?")).await.contains("no paraffin"));
}

#[tokio::test]
async fn forbidden_words_are_avoided_and_named_when_they_cannot_be() {
    for variation_seed in 0..30 {
        let mut request = voiced(request(Intent::Praise, Language::English), |voice| {
            voice.forbidden_words = vec!["TEAM".to_owned(), "thanks".to_owned()];
        });
        request.variation_seed = variation_seed;
        let reply = reply(&request).await.to_lowercase();
        assert!(!reply.contains("team") && !reply.contains("thanks"), "{reply}");
    }
    let everything = voiced(request(Intent::Complaint, Language::English), |voice| {
        voice.forbidden_words = vec!["us".to_owned(), "sorry".to_owned(), "we".to_owned()];
    });
    let error = provider().reply(everything).await.unwrap_err();
    assert!(matches!(error, LlmError::InvalidOutput { .. }), "{error}");
}

#[tokio::test]
async fn direct_messages_are_signed_and_comments_are_not() {
    let signed = voiced(request(Intent::Lead, Language::English), |voice| {
        voice.signature = Some("— Team Luna".to_owned());
    });
    assert!(!reply(&signed).await.contains("Team Luna"));
    let message = ReplyRequest { channel: Channel::DirectMessage, ..signed };
    assert!(reply(&message).await.ends_with("\n— Team Luna"));
}

#[tokio::test]
async fn spam_gets_no_reply() {
    let error = provider().reply(request(Intent::Spam, Language::English)).await.unwrap_err();
    assert_eq!(error, LlmError::NothingToSay);
    assert!(!error.is_transient());
}

#[tokio::test]
async fn answers_say_who_gave_them_and_that_they_cost_nothing() {
    let provider = provider();
    let classified = provider
        .classify(ClassifyRequest { text: "love it".to_owned(), ..ClassifyRequest::default() })
        .await
        .unwrap();
    assert_eq!((classified.provider.as_str(), classified.cost_micro_usd), ("offline", 0));
    assert!(classified.model.starts_with("intents-"), "{}", classified.model);
    let replied = provider.reply(request(Intent::Praise, Language::Italian)).await.unwrap();
    assert_eq!(replied.prompt_version.as_deref(), Some("templates/it@1"));
    assert!(provider.breakers().is_empty());
}
