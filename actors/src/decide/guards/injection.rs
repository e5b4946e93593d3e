//! Signs that a text was made by, or is meant for, a language model's instructions.

use std::sync::LazyLock;

use regex::Regex;

use super::patterns::built_in;
use super::{Breach, Guard, Outgoing};

/// What a model says when it was led off its task, or when its instructions leak.
static LEAK: LazyLock<Regex> = LazyLock::new(|| {
    built_in(
        r"\bas an? (?:ai|artificial intelligence|language model|assistant)\b|\blanguage model\b|\bsystem prompt\b|\b(?:my|these|the) instructions\b|\bi (?:cannot|can't|am unable to) (?:comply|assist|help) with\b|<\|[^|]*\|>|\[/?inst\]|^\s*(?:system|assistant|user)\s*:|#{2,}\s*\w|```|\{(?:name|brand|answer|emoji)\}|\bcomo (?:un|una|um|uma) (?:ia|modelo de (?:lenguaje|linguagem))\b|\bals (?:ki|sprachmodell)\b|\ben tant qu'(?:ia|intelligence artificielle)\b|\bmodello linguistico\b",
    )
});
/// What people write who want to lead a model off its task.
static ORDER: LazyLock<Regex> = LazyLock::new(|| {
    built_in(
        r"\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:instructions?|prompts?|rules|above)\b|\bsystem prompt\b|\byou are (?:now )?(?:an? )?(?:ai|bot|assistant|chatgpt|dan)\b|\bact as (?:an? )?(?:ai|admin|developer|system)\b|<\|[^|]*\|>|\[/?inst\]|\b(?:ignora|olvida|esquece|esqueça|ignoriere|vergiss|ignore[zr]?|oublie[zr]?|dimentica)\b.{0,30}\b(?:instrucciones|instruções|anweisungen|instructions|istruzioni)\b|\b(?:reveal|print|show|repeat)\b.{0,20}\b(?:prompt|instructions)\b",
    )
});

pub(super) fn check(outgoing: &Outgoing<'_>) -> Option<Breach> {
    let found = LEAK.find(outgoing.text)?;
    let problem = format!("reads like instructions to a machine: `{}`", found.as_str().trim());
    (!outgoing.is_own(found.as_str())).then(|| Breach::new(Guard::Injection, problem))
}

/// True when an incoming text tries to give instructions to a machine. It is answered by a person.
pub(in crate::decide) fn speaks_to_machines(text: &str) -> bool {
    ORDER.is_match(text)
}
