//! Regular expressions that are part of the program.

use regex::{Regex, RegexBuilder};

/// Compiles an expression that stands in the source, without case.
///
/// `\b` is the boundary of ASCII words: on texts with emoji or accents the Unicode one would push the engine from
/// its automaton to a search that is ten times slower, and our expressions begin and end in ASCII letters.
pub(super) fn built_in(pattern: &str) -> Regex {
    let pattern = pattern.replace(r"\b", r"(?-u:\b)");
    let compiled = RegexBuilder::new(&pattern).case_insensitive(true).build();
    compiled.expect("an expression in the source compiles: every one is used by a test")
}
