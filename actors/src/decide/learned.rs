//! What a person's verdict teaches the memory: an approved or edited reply answers the next one who asks the same.
//!
//! What speaks of one person must not be told to another. So an answer with a number, a name or an address in it, or to
//! a text with one, is remembered as a conversation with that person and is recalled for nobody else.

use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::effect::Action;
use tenants::ids::{Ids, MemoryId};
use tenants::memory::{MAX_TEXT, MAX_TITLE, MemoryItem, MemoryKind, Visibility};

use super::approvals::{Asked, Verdict};
use super::guards::speaks_to_machines;
use super::words::Folded;

/// Digits in a row, however they are grouped, that may be an order, a telephone, a date of birth. A year, a price and
/// the time of day have fewer.
const TELLING_DIGITS: usize = 5;

/// The item that comes of a verdict; none for rejections, for deeds without words, and where nothing was asked.
pub(super) fn learned(
    asked: &Asked<'_>,
    verdict: &Verdict,
    actions: &[Action],
    now: Timestamp,
    ids: &Ids,
) -> Option<Change> {
    if matches!(verdict, Verdict::Reject { .. }) {
        return None;
    }
    let answer = actions.iter().find_map(Action::text)?.trim();
    let question = asked.approval.incoming_text.trim();
    // Orders to machines are no question that others will ask, and nothing a model should read as one.
    if speaks_to_machines(question) {
        return None;
    }
    if answer.is_empty() || question.is_empty() || answer.chars().count() > MAX_TEXT {
        return None;
    }
    let person = &asked.thread.person;
    let names: Vec<&str> = person.username.as_deref().into_iter().collect();
    let is_telling = |text: &str| speaks_of_somebody(text, &names);
    let kind = if is_telling(answer) || is_telling(question) {
        MemoryKind::Interaction
    } else {
        MemoryKind::ApprovedAnswer
    };
    if kind == MemoryKind::Interaction && person.id.is_empty() {
        return None;
    }
    let item = MemoryItem {
        title: Some(question.chars().take(MAX_TITLE).collect()),
        person: (!person.id.is_empty()).then(|| person.id.clone()),
        account: Some(asked.approval.account),
        conversation: Some(asked.approval.conversation),
        ..MemoryItem::new(
            MemoryId::new(ids),
            asked.event.tenant,
            kind,
            Visibility::Customer,
            answer,
            "approval",
            now,
        )
    };
    item.check().is_ok().then(|| Change::Remember(Box::new(item)))
}

/// True when a text holds something that may belong to one person.
fn speaks_of_somebody(text: &str, names: &[&str]) -> bool {
    let (mut digits, mut before) = (0, ' ');
    for c in text.chars() {
        match c {
            _ if c.is_numeric() && before == '#' => return true,
            _ if c.is_numeric() => digits += 1,
            // They stand inside of numbers.
            ' ' | '-' | '.' | '/' | '(' | ')' | ',' => {}
            // The minutes of an hour begin anew; so does what follows a word.
            _ => digits = 0,
        }
        if digits >= TELLING_DIGITS || c == '@' {
            return true;
        }
        before = c;
    }
    let folded = Folded::new(text);
    let parts = names.iter().flat_map(|name| name.split(['.', '_', '-'])).chain(names.iter().copied());
    let mut named = parts.filter(|part| part.chars().count() > 2 && !part.chars().all(char::is_numeric));
    named.any(|part| folded.contains_word(&Folded::new(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_names_and_addresses_belong_to_somebody() {
        for text in [
            "Your order 48151 has left",
            "Call +34 600 11 22 33",
            "write to anna@example.com",
            "@maria.rossi it is on its way",
            "Dear Maria, we are sorry",
            "born 12.03.1990",
            "about #4711",
            "٤٨١٥١",
        ] {
            assert!(speaks_of_somebody(text, &["maria.rossi"]), "{text}");
        }
    }

    #[test]
    fn what_is_true_for_everybody_is_nobodys() {
        for text in [
            "Yes, we ship to Spain in 3 to 5 days.",
            "Open from 10 to 18, on Sundays from 11",
            "It costs 1,299 € since 2025.",
            "Mon-Fri 10:00-18:30",
            "The rose one is back in April",
        ] {
            assert!(!speaks_of_somebody(text, &["maria.rossi"]), "{text}");
        }
    }
}
