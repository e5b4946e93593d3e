//! The replies that are built in, and the choice among them and the tenant's own.

use serde::Deserialize;
use tenants::intent::{Intent, Language};

use super::fill::{Values, can_fill, fill};
use crate::error::LlmError;
use crate::router::{Channel, Formality, OwnTemplate, ReplyRequest, Voice};

const FILES: [(Language, &str); 6] = [
    (Language::English, include_str!("../../../config/templates/en.toml")),
    (Language::Spanish, include_str!("../../../config/templates/es.toml")),
    (Language::Portuguese, include_str!("../../../config/templates/pt.toml")),
    (Language::German, include_str!("../../../config/templates/de.toml")),
    (Language::French, include_str!("../../../config/templates/fr.toml")),
    (Language::Italian, include_str!("../../../config/templates/it.toml")),
];

/// The built-in replies of all languages.
#[derive(Debug)]
pub struct Templates {
    books: Vec<(Language, Book)>,
}

/// A built-in file that cannot be read. It does not happen in a program whose tests pass.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the built-in templates of `{language}`")]
pub struct TemplatesError {
    language: Language,
    #[source]
    source: toml::de::Error,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    /// Raised with every change of the texts.
    version: u32,
    praise: Section,
    question: Section,
    complaint: Section,
    lead: Section,
    other: Section,
}

/// The replies to one intent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    /// One of them replaces `{emoji}`.
    emoji: Vec<String>,
    comment: Tones,
    direct_message: Tones,
    /// Where absent, those of direct messages are used.
    private_reply: Option<Tones>,
    /// Used when a fact answers the question, on every channel.
    answer: Option<Tones>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tones {
    formal: Vec<String>,
    casual: Vec<String>,
}

impl Templates {
    /// Reads the files built into the program.
    ///
    /// # Errors
    /// [`TemplatesError`] when one of them is damaged.
    pub fn built_in() -> Result<Self, TemplatesError> {
        let read = |(language, source)| {
            toml::from_str(source)
                .map(|book| (language, book))
                .map_err(|source| TemplatesError { language, source })
        };
        Ok(Self { books: FILES.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    /// Version of the texts of a language, as `templates/en@1`.
    pub fn version(&self, language: Language) -> String {
        let version = self.book(language).map_or(0, |book| book.version);
        format!("templates/{language}@{version}")
    }

    /// Writes the reply. `answer` is what a fact says to the question, if one does.
    ///
    /// # Errors
    /// [`LlmError::NothingToSay`] when there is no template, [`LlmError::InvalidOutput`] when each of them
    /// contains a forbidden word.
    pub fn reply(&self, request: &ReplyRequest, answer: Option<&str>) -> Result<String, LlmError> {
        let book = self.book(request.language);
        let section = book.and_then(|book| book.section(request.intent));
        let voice = &request.voice;
        let values = Values {
            name: request.author_name.as_deref(),
            brand: Some(&voice.brand),
            answer,
            emoji: section.and_then(|section| emoji(section, voice, request.variation_seed)),
        };
        let own = own_templates(request, answer.is_some());
        let built_in = section.map_or(&[][..], |section| section.templates(request, answer.is_some()));
        let candidates = if own.is_empty() { complete(built_in, values) } else { own };
        if candidates.is_empty() {
            return Err(LlmError::NothingToSay);
        }
        let first = spread(request.variation_seed) as usize % candidates.len();
        let in_turn = (0..candidates.len()).map(|step| candidates[(first + step) % candidates.len()]);
        in_turn
            .map(|template| signed(fill(template, values), request))
            .find(|reply| !has_forbidden_word(reply, voice))
            .ok_or_else(|| LlmError::InvalidOutput {
                reason: "every template contains a word that the tenant forbids".to_owned(),
            })
    }

    fn book(&self, language: Language) -> Option<&Book> {
        self.books.iter().find(|(known, _)| *known == language).map(|(_, book)| book)
    }
}

impl Book {
    fn section(&self, intent: Intent) -> Option<&Section> {
        match intent {
            Intent::Praise => Some(&self.praise),
            Intent::Question => Some(&self.question),
            Intent::Complaint => Some(&self.complaint),
            Intent::Lead => Some(&self.lead),
            Intent::Other => Some(&self.other),
            Intent::Spam => None,
        }
    }
}

impl Section {
    fn templates(&self, request: &ReplyRequest, has_answer: bool) -> &[String] {
        let of_channel = match request.channel {
            Channel::Comment => &self.comment,
            Channel::DirectMessage => &self.direct_message,
            Channel::PrivateReply => self.private_reply.as_ref().unwrap_or(&self.direct_message),
        };
        let tones = self.answer.as_ref().filter(|_| has_answer).unwrap_or(of_channel);
        match request.voice.formality {
            Formality::Formal => &tones.formal,
            Formality::Casual => &tones.casual,
        }
    }
}

/// The templates that leave nothing out.
fn complete<'a>(templates: &'a [String], values: Values<'_>) -> Vec<&'a str> {
    templates.iter().map(String::as_str).filter(|template| can_fill(template, values)).collect()
}

/// The tenant's templates for this request. Those with `{answer}` count only when there is an answer, and are
/// then the only ones that count; a template for exactly this language or channel beats a general one.
/// The tenant's own replies that fit best.
pub fn own_templates(request: &ReplyRequest, has_answer: bool) -> Vec<&str> {
    let fits = request.voice.templates.iter().filter(|own| {
        own.intent == request.intent
            && own.language.is_none_or(|language| language == request.language)
            && own.channel.is_none_or(|channel| channel == request.channel)
            && (has_answer || !own.text.contains("{answer}"))
    });
    let rank = |own: &OwnTemplate| {
        (has_answer && own.text.contains("{answer}"), own.language.is_some(), own.channel.is_some())
    };
    let ranked: Vec<_> = fits.map(|own| (rank(own), own.text.as_str())).collect();
    let Some(highest) = ranked.iter().map(|(rank, _)| *rank).max() else { return Vec::new() };
    // An answer is worth more than a holding reply, even the tenant's own.
    if has_answer && !highest.0 {
        return Vec::new();
    }
    ranked.into_iter().filter(|(rank, _)| *rank == highest).map(|(_, text)| text).collect()
}

fn emoji<'a>(section: &'a Section, voice: &Voice, seed: u64) -> Option<&'a str> {
    if !voice.emoji || section.emoji.is_empty() {
        return None;
    }
    let choice = (spread(seed) >> 32) as usize % section.emoji.len();
    Some(&section.emoji[choice])
}

/// With the brand's signature, if it is a direct message and the brand has one.
pub fn signed(reply: String, request: &ReplyRequest) -> String {
    let signature = request.voice.signature.as_deref().map(str::trim).filter(|text| !text.is_empty());
    match signature {
        Some(signature) if request.channel != Channel::Comment => format!("{reply}\n{signature}"),
        _ => reply,
    }
}

fn has_forbidden_word(reply: &str, voice: &Voice) -> bool {
    let reply = reply.to_lowercase();
    let forbidden = voice.forbidden_words.iter().map(|word| word.trim().to_lowercase());
    forbidden.filter(|word| !word.is_empty()).any(|word| contains_word(&reply, &word))
}

/// True when `word` stands in `text` and is not a part of a longer word.
fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, found)| {
        let before = text[..start].chars().next_back();
        let after = text[start + found.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// Spreads neighbouring seeds over all numbers.
fn spread(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
