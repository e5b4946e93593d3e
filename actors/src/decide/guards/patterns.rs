//! Regular expressions that are part of the program.

use regex::{Regex, RegexBuilder};

/// Compiles an expression that stands in the source, without case.
pub(super) fn built_in(pattern: &str) -> Regex {
    let compiled = RegexBuilder::new(pattern).case_insensitive(true).build();
    compiled.expect("an expression in the source compiles: every one is used by a test")
}
