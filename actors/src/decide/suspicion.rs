//! Orders to machines that are not in the text itself: spread over what was said before, or in the author's name.

use super::guards::speaks_to_machines;
use super::judgement::Case;

/// Why a person should look, one phrase each. The text alone is looked at where the mode is chosen.
pub(super) fn suspicions(case: &Case<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if case.heard.author.username.as_deref().is_some_and(name_speaks) {
        found.push("the author's name reads like an instruction to a machine".to_owned());
    }
    if !speaks_to_machines(&case.heard.text) && speaks_over_time(case) {
        found.push("what was said before, together, tries to instruct a machine".to_owned());
    }
    found
}

fn name_speaks(name: &str) -> bool {
    speaks_to_machines(&name.replace(['_', '.'], " "))
}

fn speaks_over_time(case: &Case<'_>) -> bool {
    let earlier = case.before.lines.iter().filter(|line| !line.ours).map(|line| line.text.as_str());
    let mut pieces: Vec<&str> = earlier.collect();
    if pieces.is_empty() && case.before.burst.is_none() {
        return false;
    }
    pieces.push(case.words());
    speaks_to_machines(&pieces.join(" "))
}
