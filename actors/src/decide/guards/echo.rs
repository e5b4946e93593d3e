//! Echoes: a reply does not repeat at length what a stranger wrote, as if the brand said it.

use super::{Breach, Guard, Outgoing};

/// Words in a row; fewer are how people take up a question.
const RUN: usize = 7;

pub(super) fn check(outgoing: &Outgoing<'_>) -> Option<Breach> {
    let said = words(outgoing.text);
    if said.len() < RUN || outgoing.heard.is_empty() {
        return None;
    }
    let heard: Vec<Vec<String>> = outgoing.heard.iter().map(|text| words(text)).collect();
    let is_in = |run: &[String], text: &[String]| text.windows(RUN).any(|window| window == run);
    let is_echo = |run: &&[String]| heard.iter().any(|text| is_in(run, text));
    let echo = said.windows(RUN).filter(is_echo).find(|run| !outgoing.is_own(&run.join(" ")));
    echo.map(|_| Breach::new(Guard::Echo, "repeats what the customer wrote"))
}

fn words(text: &str) -> Vec<String> {
    let plain = llm::disguise::plain(text);
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
