//! The conditions of rules, compiled once and asked often. Pure.

use regex::Regex;
use tenants::event::Person;
use tenants::intent::{Classification, Intent, Language, Sentiment};
use tenants::rule::{Condition, compile_pattern, minute_of_day};

use super::words::Folded;

/// What conditions look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    /// The text as it was written.
    pub text: &'a str,
    /// The same, made comparable.
    pub folded: &'a Folded,
    pub author: &'a Person,
    /// Minutes since midnight in the tenant's time zone.
    pub local_minute: u32,
    /// What the classifier said, when it was asked.
    pub classification: Option<&'a Classification>,
}

/// What a condition says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Holds,
    Fails,
    /// It cannot be told before the text is classified.
    Unclassified,
}

impl From<bool> for Answer {
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

/// A condition, ready to be asked.
#[derive(Debug)]
pub(super) enum Check {
    AnyWord(Vec<Folded>),
    EveryWord(Vec<Folded>),
    NoWord(Vec<Folded>),
    Matches(Regex),
    Language(Vec<Language>),
    Author(Vec<String>),
    /// Minutes since midnight; may cross midnight.
    Time {
        from: u32,
        until: u32,
    },
    Sentiment(Vec<Sentiment>),
    Intent {
        any: Vec<Intent>,
        min_confidence: f32,
    },
    /// A stored condition that no longer compiles: it never holds, so its rule does nothing.
    Unusable,
}

impl Check {
    pub fn compile(condition: &Condition) -> Self {
        let folded = |words: &[String]| words.iter().map(|word| Folded::new(word)).collect();
        match condition {
            Condition::KeywordsAny { words } => Self::AnyWord(folded(words)),
            Condition::KeywordsAll { words } => Self::EveryWord(folded(words)),
            Condition::KeywordsNone { words } => Self::NoWord(folded(words)),
            Condition::Regex { pattern } => compile_pattern(pattern).map_or(Self::Unusable, Self::Matches),
            Condition::Language { any } => Self::Language(any.clone()),
            Condition::Author { any } => {
                Self::Author(any.iter().map(|name| name.trim().trim_start_matches('@').to_owned()).collect())
            }
            Condition::Time { from, until } => match (minute_of_day(from), minute_of_day(until)) {
                (Some(from), Some(until)) => Self::Time { from, until },
                _ => Self::Unusable,
            },
            Condition::Sentiment { any } => Self::Sentiment(any.clone()),
            Condition::Intent { any, min_confidence } => {
                Self::Intent { any: any.clone(), min_confidence: *min_confidence }
            }
        }
    }

    pub fn ask(&self, facts: &Facts<'_>) -> Answer {
        let has = |word: &Folded| facts.folded.contains_word(word);
        let classified = |says: &dyn Fn(&Classification) -> bool| match facts.classification {
            Some(classification) => Answer::from(says(classification)),
            None => Answer::Unclassified,
        };
        match self {
            Self::AnyWord(words) => words.iter().any(has).into(),
            Self::EveryWord(words) => words.iter().all(has).into(),
            Self::NoWord(words) => (!words.iter().any(has)).into(),
            Self::Matches(regex) => regex.is_match(facts.text).into(),
            Self::Author(names) => names.iter().any(|name| is_named(facts.author, name)).into(),
            Self::Time { from, until } if from <= until => {
                (*from..*until).contains(&facts.local_minute).into()
            }
            Self::Time { from, until } => (facts.local_minute >= *from || facts.local_minute < *until).into(),
            Self::Language(any) => {
                classified(&|found| found.language.is_some_and(|language| any.contains(&language)))
            }
            Self::Sentiment(any) => classified(&|found| any.contains(&found.sentiment)),
            Self::Intent { any, min_confidence } => {
                classified(&|found| any.contains(&found.intent) && found.confidence >= *min_confidence)
            }
            Self::Unusable => Answer::Fails,
        }
    }
}

/// Asks all: fails when one fails, whatever the others would say after classification.
pub(super) fn ask_all(checks: &[Check], facts: &Facts<'_>) -> Answer {
    let mut answer = Answer::Holds;
    for check in checks {
        match check.ask(facts) {
            Answer::Holds => {}
            Answer::Fails => return Answer::Fails,
            Answer::Unclassified => answer = Answer::Unclassified,
        }
    }
    answer
}

fn is_named(author: &Person, name: &str) -> bool {
    author.id == name
        || author.username.as_deref().is_some_and(|username| username.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    fn classified(intent: Intent, confidence: f32) -> Classification {
        llm::testing::classification(intent, confidence)
    }

    fn ask(condition: &Condition, text: &str, minute: u32, found: Option<&Classification>) -> Answer {
        let author = Person { id: "77".into(), username: Some("Maria".into()) };
        let folded = Folded::new(text);
        Check::compile(condition).ask(&Facts {
            text,
            folded: &folded,
            author: &author,
            local_minute: minute,
            classification: found,
        })
    }

    #[test]
    fn every_kind_of_condition_holds_and_fails_as_written() {
        let time = |from: &str, until: &str| Condition::Time { from: from.into(), until: until.into() };
        let regex = |pattern: &str| Condition::Regex { pattern: pattern.into() };
        let any = |list: &[&str]| Condition::KeywordsAny { words: words(list) };
        let all = |list: &[&str]| Condition::KeywordsAll { words: words(list) };
        let none = |list: &[&str]| Condition::KeywordsNone { words: words(list) };
        let author = |list: &[&str]| Condition::Author { any: words(list) };
        let cases = [
            (any(&["link", "price"]), "What is the PRICE", 0, true),
            (any(&["link"]), "linked", 0, false),
            (all(&["how", "much"]), "how very much", 0, true),
            (all(&["how", "much"]), "how many", 0, false),
            (none(&["scam"]), "all good", 0, true),
            (none(&["scam"]), "SCAM!", 0, false),
            (regex(r"\bco+l\b"), "so COOOL", 0, true),
            (regex("^only$"), "not only", 0, false),
            (regex("("), "(", 0, false),
            (author(&["@maria"]), "", 0, true),
            (author(&["77"]), "", 0, true),
            (author(&["ana"]), "", 0, false),
            (time("09:00", "18:00"), "", 9 * 60, true),
            (time("09:00", "18:00"), "", 18 * 60, false),
            (time("22:00", "06:00"), "", 23 * 60, true),
            (time("22:00", "06:00"), "", 5 * 60 + 59, true),
            (time("22:00", "06:00"), "", 6 * 60, false),
            (time("nine", "18:00"), "", 600, false),
        ];
        for (condition, text, minute, holds) in cases {
            assert_eq!(
                ask(&condition, text, minute, None),
                holds.into(),
                "{condition:?} on `{text}` at {minute}"
            );
        }
    }

    #[test]
    fn conditions_on_intent_sentiment_and_language_wait_for_the_classifier() {
        let praise = classified(Intent::Praise, 0.8);
        let unknown_language = Classification { language: None, ..praise.clone() };
        let intent = |min_confidence| Condition::Intent { any: vec![Intent::Praise], min_confidence };
        let language = Condition::Language { any: vec![Language::English] };
        let sentiment = Condition::Sentiment { any: vec![Sentiment::Negative] };
        assert_eq!(ask(&intent(0.0), "", 0, None), Answer::Unclassified);
        assert_eq!(ask(&intent(0.7), "", 0, Some(&praise)), Answer::Holds);
        assert_eq!(ask(&intent(0.9), "", 0, Some(&praise)), Answer::Fails);
        assert_eq!(ask(&language, "", 0, Some(&praise)), Answer::Holds);
        assert_eq!(ask(&language, "", 0, Some(&unknown_language)), Answer::Fails);
        assert_eq!(ask(&sentiment, "", 0, Some(&praise)), Answer::Fails);
    }

    #[test]
    fn a_failing_word_saves_the_classification() {
        let checks = [
            Check::compile(&Condition::Intent { any: vec![Intent::Lead], min_confidence: 0.0 }),
            Check::compile(&Condition::KeywordsAny { words: words(&["price"]) }),
        ];
        let author = Person::default();
        let ask = |text: &str| {
            let folded = Folded::new(text);
            let facts =
                Facts { text, folded: &folded, author: &author, local_minute: 0, classification: None };
            ask_all(&checks, &facts)
        };
        assert_eq!(ask("hello"), Answer::Fails);
        assert_eq!(ask("price"), Answer::Unclassified);
    }
}
