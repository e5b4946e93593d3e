//! Whether a reply repeats its instructions.

/// So many words in a row that also stand in the instructions are no accident.
const RUN: usize = 7;

/// True when `reply` repeats a passage of `instructions` that is not among the `allowed` texts.
pub(super) fn repeats(reply: &str, instructions: &str, allowed: &[String]) -> bool {
    let (said, secret) = (words(reply), words(instructions));
    let is_in = |run: &[String], text: &[String]| text.windows(RUN).any(|window| window == run);
    said.windows(RUN)
        .filter(|run| is_in(run, &secret))
        .any(|run| !allowed.iter().any(|text| is_in(run, &words(text))))
}

/// The words of a text, without case and signs: what a model changes first when it is asked to hide a passage.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTRUCTIONS: &str = "You answer for the brand Luna. Never promise refunds, dates or legal things that are not in the facts.";

    #[test]
    fn a_passage_is_recognised_whatever_its_case_and_signs() {
        let reply = "Sure! never PROMISE refunds — dates, or legal things that are not in the facts";
        assert!(repeats(reply, INSTRUCTIONS, &[]));
    }

    #[test]
    fn ordinary_words_and_what_the_brand_says_itself_are_no_leak() {
        assert!(!repeats("We never promise refunds, sorry!", INSTRUCTIONS, &[]));
        let fact = "Never promise refunds, dates or legal things that are not in the facts.".to_owned();
        assert!(!repeats(&fact.clone(), INSTRUCTIONS, &[fact]));
        assert!(!repeats("", INSTRUCTIONS, &[]));
    }
}
