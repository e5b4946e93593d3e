//! What speaks for a person's look besides the text itself: orders to machines spread over what was said before or in
//! the author's name, and a text that reached us long after it was written.

use tenants::event::EventSource;
use tenants::policy::MESSAGING_WINDOW;

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
    if was_told_late(case) {
        let hours = case.now.since(case.heard.written_at).as_secs() / 3_600;
        found.push(format!("no webhook told of this: it was found {hours} hours after it was written"));
    }
    found
}

/// True for what a comparison with Instagram has found a day or more after it was written. Whoever wrote it does not
/// wait for a machine's answer any more; a person decides whether one still makes sense.
pub(super) fn was_told_late(case: &Case<'_>) -> bool {
    case.source == EventSource::Backfill && case.now.since(case.heard.written_at) >= MESSAGING_WINDOW
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
