//! Whether a reply repeats its instructions, in whatever disguise.

use std::collections::HashSet;

use crate::disguise::readings;

/// So many letters in a row that also stand in the instructions are no accident; about eight words.
const RUN: usize = 40;

/// True when `reply`, in one of its readings, repeats a passage of `instructions` that is not among the `allowed` texts.
///
/// Letters alone are compared: spaces, signs and case are what a model changes first when it is asked to hide a passage.
pub(super) fn repeats(reply: &str, instructions: &str, allowed: &[String]) -> bool {
    let secret = letters(instructions);
    let mut passages: HashSet<&[char]> = secret.windows(RUN).collect();
    for text in allowed {
        for run in letters(text).windows(RUN) {
            passages.remove(run);
        }
    }
    let in_order = readings(reply).into_iter();
    let backwards = words_backwards(reply);
    in_order
        .chain([backwards])
        .any(|reading| letters(&reading).windows(RUN).any(|run| passages.contains(run)))
}

fn letters(text: &str) -> Vec<char> {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn words_backwards(text: &str) -> String {
    text.split_whitespace().rev().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTRUCTIONS: &str = "You answer for the brand Luna. Never promise refunds, dates or legal things that are not in the facts.";

    #[test]
    fn a_passage_is_recognised_in_every_disguise() {
        let passage = "never PROMISE refunds — dates, or legal things that are not in the facts";
        let plain = "never promise refunds dates or legal things that are not in the facts";
        let backwards: Vec<&str> = plain.split(' ').rev().collect();
        for reply in [
            format!("Sure! {passage}"),
            plain.chars().rev().collect(),
            backwards.join(" "),
            plain.chars().map(|c| format!("{c}.")).collect(),
            plain.replace('e', "3").replace('o', "0"),
            plain.replace('e', "е"),
            "bmV2ZXIgcHJvbWlzZSByZWZ1bmRzIGRhdGVzIG9yIGxlZ2FsIHRoaW5ncyB0aGF0IGFyZSBub3Q=".to_owned(),
        ] {
            assert!(repeats(&reply, INSTRUCTIONS, &[]), "{reply}");
        }
    }

    #[test]
    fn ordinary_words_and_what_the_brand_says_itself_are_no_leak() {
        assert!(!repeats("We never promise refunds, sorry!", INSTRUCTIONS, &[]));
        let fact = "Never promise refunds, dates or legal things that are not in the facts.".to_owned();
        assert!(!repeats(&fact.clone(), INSTRUCTIONS, &[fact]));
        assert!(!repeats("", INSTRUCTIONS, &[]));
        let usual = "Somebody of the team will look into it.";
        assert!(!repeats(usual, crate::prompts::built_in_text(tenants::prompt::PromptKey::Reply), &[]));
    }
}
