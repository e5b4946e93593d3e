//! Captions and hashtags for a post: what is asked, and what the built-in provider makes of it without any model.

use std::sync::Arc;

use tenants::intent::Language;

use crate::offline::PROVIDER;
use crate::router::{Answer, Behalf, Voice};

/// Most captions that are suggested.
pub const MAX_CAPTIONS: usize = 3;
/// Most hashtags that are suggested.
pub const MAX_HASHTAGS: usize = 15;
/// Longest caption in characters.
pub const MAX_CHARS: usize = 2_200;
/// Name of what the built-in provider answers with.
const MODEL: &str = "captions-1";

/// Asks for captions and hashtags.
#[derive(Debug, Clone, PartialEq)]
pub struct CaptionRequest {
    /// What the post is about, in the words of somebody at the agency.
    pub topic: String,
    /// The language to write in.
    pub language: Language,
    /// How the brand speaks.
    pub voice: Arc<Voice>,
    /// What the brand knows about itself.
    pub facts: Vec<String>,
    /// For whom.
    pub behalf: Arc<Behalf>,
}

/// Suggestions; a person chooses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captions {
    /// Captions, without hashtags.
    pub captions: Vec<String>,
    /// Hashtags, without `#`.
    pub hashtags: Vec<String>,
}

impl Captions {
    /// Without what Instagram or the brand does not allow, and without repetitions.
    pub(crate) fn cleaned(self, voice: &Voice) -> Self {
        let is_allowed = |text: &String| {
            let lower = text.to_lowercase();
            !voice.forbidden_words.iter().any(|word| !word.is_empty() && lower.contains(&word.to_lowercase()))
        };
        let mut captions: Vec<String> = Vec::new();
        for caption in self.captions {
            let caption: String = caption.trim().chars().take(MAX_CHARS).collect();
            if !caption.is_empty() && is_allowed(&caption) && !captions.contains(&caption) {
                captions.push(caption);
            }
        }
        captions.truncate(MAX_CAPTIONS);
        let mut hashtags: Vec<String> = Vec::new();
        for tag in self.hashtags {
            let tag: String = tag.chars().filter(|c| c.is_alphanumeric() || *c == '_').take(60).collect();
            let is_new = !hashtags.iter().any(|known| known.to_lowercase() == tag.to_lowercase());
            if is_new && is_allowed(&tag) && tag.chars().any(char::is_alphabetic) {
                hashtags.push(tag);
            }
        }
        hashtags.truncate(MAX_HASHTAGS);
        Self { captions, hashtags }
    }
}

/// What can be said without a model: the topic in the brand's frame, and its own words as hashtags.
pub fn offline(request: &CaptionRequest) -> Answer<Captions> {
    let topic = request.topic.split_whitespace().collect::<Vec<_>>().join(" ");
    let voice = &request.voice;
    let sparkle = if voice.emoji { " ✨" } else { "" };
    let (new, ask) = frames(request.language);
    let mut captions =
        vec![format!("{topic}{sparkle}"), format!("{new} {topic}{sparkle}"), format!("{topic}. {ask}")];
    if let Some(fact) = request.facts.iter().find(|fact| shares_a_word(fact, &topic)) {
        captions.insert(0, format!("{topic}{sparkle}\n\n{fact}"));
    }
    let mut hashtags: Vec<String> = long_words(&topic).map(str::to_owned).collect();
    hashtags
        .extend(Some(voice.brand.split_whitespace().collect::<String>()).filter(|brand| !brand.is_empty()));
    let suggestion = Captions { captions, hashtags }.cleaned(voice);
    Answer::free(suggestion, PROVIDER, MODEL, std::time::Duration::ZERO)
}

fn frames(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::English => ("New:", "What do you think?"),
        Language::Spanish => ("Nuevo:", "¿Qué te parece?"),
        Language::Portuguese => ("Novo:", "O que achas?"),
        Language::German => ("Neu:", "Was meint ihr?"),
        Language::French => ("Nouveau :", "Qu'en pensez-vous ?"),
        Language::Italian => ("Novità:", "Che ne pensate?"),
    }
}

fn long_words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| word.chars().count() >= 4 && word.chars().any(char::is_alphabetic))
}

fn shares_a_word(one: &str, other: &str) -> bool {
    let one = one.to_lowercase();
    long_words(other).any(|word| one.contains(&word.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(topic: &str, voice: Voice) -> CaptionRequest {
        CaptionRequest {
            topic: topic.to_owned(),
            language: Language::Spanish,
            voice: Arc::new(voice),
            facts: vec!["Abrimos a las 9".to_owned(), "El pan de centeno sale a las 7".to_owned()],
            behalf: Arc::default(),
        }
    }

    #[test]
    fn without_a_model_the_topic_and_a_fact_that_fits_make_captions_that_say_they_are_offline() {
        let voice = Voice { brand: "La Panadería".to_owned(), ..Voice::default() };
        let answer = offline(&request("pan de centeno recién hecho", voice));
        assert_eq!(answer.provider, "offline");
        assert!(answer.value.captions[0].contains("El pan de centeno sale a las 7"));
        assert_eq!(answer.value.hashtags, ["centeno", "recién", "hecho", "LaPanadería"]);
    }

    #[test]
    fn forbidden_words_never_come_back() {
        let voice = Voice { forbidden_words: vec!["Centeno".to_owned()], ..Voice::default() };
        let answer = offline(&request("pan de centeno", voice));
        assert!(answer.value.captions.is_empty() && answer.value.hashtags.is_empty());
    }

    #[test]
    fn hashtags_are_letters_and_digits_and_come_once() {
        let told = Captions {
            captions: vec![],
            hashtags: ["#Cake!", "cake", "2024", "été_2026"].map(str::to_owned).to_vec(),
        };
        assert_eq!(told.cleaned(&Voice::default()).hashtags, ["Cake", "été_2026"]);
    }
}
