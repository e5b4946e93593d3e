//! Markup: what Instagram shows as it stands, and what a reply for people does not hold: tags, code, templates that were
//! not filled, characters that nobody sees.

use std::sync::LazyLock;

use llm::disguise::is_invisible;
use regex::Regex;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::machines::signs;
use super::patterns::built_in;
use super::{Breach, Guard, Outgoing};

/// Emphasis, headings, tables, placeholders that somebody was to fill in.
static MARKDOWN: LazyLock<Regex> = LazyLock::new(|| {
    built_in(
        r"\*\*[^*\n]+\*\*|(?:^|\n)\s*#{1,6}\s|(?:^|\n)\s*\|.*\||\[[a-z][a-z _']{2,30}\]|<[a-z][a-z _-]{2,30}>|\{[a-z_ ]{2,30}\}",
    )
});

pub(super) fn check(outgoing: &Outgoing<'_>) -> Option<Breach> {
    let text = outgoing.text;
    let joins = |c: char| matches!(c, '\u{200d}' | '\u{fe0f}' | '\u{fe0e}');
    let is_unseen =
        |c: char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || (is_invisible(c) && !joins(c));
    if text.chars().any(is_unseen) || text.nfc().any(is_combining_mark_beyond_emoji) {
        return Some(Breach::new(Guard::Markup, "contains characters that nobody sees"));
    }
    let markdown = MARKDOWN.find_iter(text).map(|found| found.as_str());
    let foreign = signs(text).chain(markdown).find(|found| !outgoing.is_own(found.trim()));
    foreign.map(|_| Breach::new(Guard::Markup, "contains markup or a placeholder"))
}

/// Marks that are no part of a letter after composition; the frame of keycap emoji is one of theirs.
fn is_combining_mark_beyond_emoji(c: char) -> bool {
    is_combining_mark(c) && !matches!(c, '\u{20e3}' | '\u{fe0f}' | '\u{fe0e}')
}
