//! Finds the fact that answers a question, if one clearly does.
//!
//! The score is that of BM25 over the few facts given, with the classes of the lexicon as synonyms, so that
//! "¿a qué hora abrís?" finds "Horario: …". It must also cover most of what the question speaks of: a holding
//! reply is better than an answer to something else.

use std::collections::{HashMap, HashSet};

use super::lexicon::Lexicon;
use super::text::Text;

/// Saturation of repeated words, the usual value.
const K1: f32 = 1.2;
/// Weight of a fact's length, the usual value.
const B: f32 = 0.5;
/// Share of the weight of the question's words that the fact must cover.
const LEAST_COVERAGE: f32 = 0.45;
/// A class says more than a word: `price` is what the question is about.
const CLASS_WEIGHT: f32 = 2.0;
/// Letters of a word that count: plural and conjugation are mostly behind them.
const STEM: usize = 5;
/// Shorter words say nothing here.
const SHORTEST: usize = 3;
/// Classes of the lexicon that name what a question is about.
const TOPIC_PREFIX: &str = "topic_";

/// The answer in the best fitting fact: its part behind the question mark if it has one, else all of it; as a
/// sentence with an end.
pub fn answer(question: &str, facts: &[String], lexicon: &Lexicon) -> Option<String> {
    let wanted = terms(question, lexicon);
    let documents: Vec<HashMap<String, f32>> = facts.iter().map(|fact| counted(fact, lexicon)).collect();
    let average = documents.iter().map(length).sum::<f32>() / documents.len().max(1) as f32;
    let rarity = |term: &String| {
        let holding = documents.iter().filter(|document| document.contains_key(term)).count() as f32;
        let rarity = (1.0 + (documents.len() as f32 - holding + 0.5) / (holding + 0.5)).ln();
        if term.starts_with(TOPIC_PREFIX) { rarity * CLASS_WEIGHT } else { rarity }
    };
    let total: f32 = wanted.iter().map(rarity).sum();
    let scored = documents.iter().zip(facts).map(|(document, fact)| {
        let (mut score, mut covered) = (0.0, 0.0);
        for term in &wanted {
            if let Some(times) = document.get(term) {
                let weight = rarity(term);
                covered += weight;
                score += weight * times * (K1 + 1.0)
                    / (times + K1 * (1.0 - B + B * length(document) / average.max(1.0)));
            }
        }
        let has_topic =
            wanted.iter().any(|term| term.starts_with(TOPIC_PREFIX) && document.contains_key(term));
        (score, covered / total.max(f32::MIN_POSITIVE), has_topic, fact)
    });
    let (_, coverage, has_topic, fact) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let is_clear = coverage >= LEAST_COVERAGE || (has_topic && coverage >= LEAST_COVERAGE / 2.0);
    is_clear.then(|| answer_part(fact)).filter(|answer| !answer.is_empty()).map(sentence)
}

fn sentence(text: &str) -> String {
    let has_end = !text.ends_with(|c: char| c.is_alphanumeric() || c == ')');
    if has_end { text.to_owned() } else { format!("{text}.") }
}

fn length(document: &HashMap<String, f32>) -> f32 {
    document.values().sum()
}

fn answer_part(fact: &str) -> &str {
    match fact.split_once('?') {
        Some((_, answer)) if !answer.trim().is_empty() => answer.trim(),
        _ => fact.trim(),
    }
}

fn counted(raw: &str, lexicon: &Lexicon) -> HashMap<String, f32> {
    let mut counts = HashMap::new();
    for term in all_terms(raw, lexicon) {
        *counts.entry(term).or_default() += 1.0;
    }
    counts
}

fn terms(raw: &str, lexicon: &Lexicon) -> HashSet<String> {
    all_terms(raw, lexicon).collect()
}

/// Stems of the words that carry meaning, and the topics.
fn all_terms(raw: &str, lexicon: &Lexicon) -> impl Iterator<Item = String> {
    let text = Text::parse(raw);
    let hits = lexicon.hits(&text);
    let mut empty: Vec<bool> = text.words.iter().map(|word| word.len() < SHORTEST).collect();
    for hit in &hits {
        if lexicon.name(hit.class) == "filler" {
            empty[hit.word] = true;
        }
    }
    let topics = hits.iter().map(|hit| lexicon.name(hit.class)).filter(|name| name.starts_with(TOPIC_PREFIX));
    let topics: Vec<String> = topics.map(str::to_owned).collect();
    let words = text.words.into_iter().zip(empty).filter(|(_, is_empty)| !is_empty);
    words.map(|(word, _)| word.chars().take(STEM).collect()).chain(topics)
}
