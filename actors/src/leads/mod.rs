//! What people say of themselves, read from their words by fixed patterns in six languages. Offline, the same every
//! time, and nothing is guessed: what is kept stands in the text.
//!
//! **One more language.** Its phrases in `name.rs` and `timeline.rs`, its words for money in `budget.rs`.

mod budget;
mod contact;
mod name;
mod timeline;

use std::collections::BTreeMap;

use tenants::lead::LeadField;

/// Longest need that is kept, in characters.
const LONGEST_NEED: usize = 280;

/// Reads one field in a text.
type Reader = fn(&str) -> Option<String>;

/// What a text says about the person who wrote it. `shows_interest` makes the text itself the need.
pub(crate) fn facts_in(text: &str, shows_interest: bool) -> BTreeMap<LeadField, String> {
    let readers: [(LeadField, Reader); 5] = [
        (LeadField::Name, name::name_in),
        (LeadField::Budget, budget::budget_in),
        (LeadField::Email, contact::email_in),
        (LeadField::Phone, contact::phone_in),
        (LeadField::Timeline, timeline::timeline_in),
    ];
    let mut facts: BTreeMap<LeadField, String> =
        readers.into_iter().filter_map(|(field, read)| Some((field, read(text)?))).collect();
    if shows_interest {
        facts.extend(need_of(text).map(|need| (LeadField::Need, need)));
    }
    facts
}

fn need_of(text: &str) -> Option<String> {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let need: String = one_line.chars().take(LONGEST_NEED).collect();
    (!need.is_empty()).then_some(need)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_says_everything_is_read_whole() {
        let text = "Hi, my name is Anna Berg. I need a wedding cake for 80 guests on 12 June, budget 600 €. \
                    Write to anna.berg@example.com or +49 170 1234567";
        let facts = facts_in(text, true);
        let get = |field| facts.get(&field).map(String::as_str);
        assert_eq!(get(LeadField::Name), Some("Anna Berg"));
        assert_eq!(get(LeadField::Budget), Some("600 €"));
        assert_eq!(get(LeadField::Email), Some("anna.berg@example.com"));
        assert_eq!(get(LeadField::Phone), Some("+491701234567"));
        assert_eq!(get(LeadField::Timeline), Some("12 June"));
        assert!(get(LeadField::Need).unwrap().starts_with("Hi, my name is Anna"));
    }

    #[test]
    fn small_talk_says_nothing() {
        for text in ["Love it!", "I'm so happy 😍", "Order 1234567 has not arrived", "see you at 10:30", ""]
        {
            assert!(facts_in(text, false).is_empty(), "{text}: {:?}", facts_in(text, false));
        }
    }

    #[test]
    fn a_text_of_any_bytes_is_read_without_a_panic() {
        for text in [
            "€€€ 9999999999999999999999999999 EUR",
            "@@@",
            "name is ",
            "+",
            "\u{202e}me llamo \u{0}",
            "1.2.3.4",
        ] {
            facts_in(text, true);
        }
    }
}
