//! Words in texts, whatever their case, their spacing and the tricks they are written with.

use unicode_normalization::UnicodeNormalization;

/// A text made comparable: compatibility letters (𝗙𝗿𝗲𝗲) plain, lower case, invisible characters gone, every run
/// of white space one space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folded(String);

impl Folded {
    pub fn new(text: &str) -> Self {
        let mut folded = String::with_capacity(text.len());
        for c in text.nfkc().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase) {
            if !c.is_whitespace() {
                folded.push(c);
            } else if !folded.ends_with(' ') && !folded.is_empty() {
                folded.push(' ');
            }
        }
        folded.truncate(folded.trim_end().len());
        Self(folded)
    }

    /// True when `word` (a word, phrase or sign) occurs and is not a part of a longer word.
    pub fn contains_word(&self, word: &Folded) -> bool {
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let starts_with_letter = is_letter(word.0.chars().next());
        let ends_with_letter = is_letter(word.0.chars().next_back());
        !word.0.is_empty()
            && self.0.match_indices(&word.0).any(|(start, found)| {
                let goes_on_before = is_letter(self.0[..start].chars().next_back());
                let goes_on_after = is_letter(self.0[start + found.len()..].chars().next());
                let is_part = (starts_with_letter && goes_on_before) || (ends_with_letter && goes_on_after);
                !is_part
            })
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}')
}

/// True when nothing in the text could be meant for the brand: no letter, digit or question mark outside of
/// @mentions, or only a few words beside the @mention of a friend.
pub(super) fn is_idle_talk(text: &str, own_handle: &str) -> bool {
    const FEW: usize = 3;
    let is_friend = |word: &&str| {
        let handle = word.trim_start_matches('@').trim_matches(|c: char| !c.is_alphanumeric());
        word.starts_with('@') && !handle.eq_ignore_ascii_case(own_handle)
    };
    let (friends, rest): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(is_friend);
    let says_something = |word: &&&str| word.chars().any(|c| c.is_alphanumeric() || c == '?');
    let words = rest.iter().filter(says_something).count();
    words == 0 || (!friends.is_empty() && words <= FEW && !text.contains('?'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(text: &str, word: &str) -> bool {
        Folded::new(text).contains_word(&Folded::new(word))
    }

    #[test]
    fn words_are_found_whole_in_any_case_script_and_spacing() {
        let found = [
            ("What's the PRICE?", "price"),
            ("wie   viel\nkostet das", "Wie viel"),
            ("¿Cuánto vale?", "cuánto"),
            ("cua\u{301}nto", "cuánto"),
            ("ÜBERRASCHUNG!", "überraschung"),
            ("fr\u{200b}ee stuff", "free"),
            ("𝗙𝗿𝗲𝗲 stuff", "free"),
            ("so 🔥🔥", "🔥"),
            ("#promo now", "#promo"),
            ("日本 ok", "日本"),
        ];
        for (text, word) in found {
            assert!(has(text, word), "`{word}` in `{text}`");
        }
        let absent =
            [("priceless", "price"), ("reprice", "price"), ("price", ""), ("", "price"), ("freely", "free")];
        for (text, word) in absent {
            assert!(!has(text, word), "`{word}` not in `{text}`");
        }
    }

    #[test]
    fn tagging_a_friend_or_a_lone_emoji_is_idle_talk_but_a_question_is_not() {
        for idle in ["@maria 😂", "😍😍", "", "@ben_88 @lola dinner", "@katie omg look", "…"] {
            assert!(is_idle_talk(idle, "acme"), "{idle}");
        }
        for meant in [
            "ok",
            "?",
            "@maria is this open on sunday?",
            "@acme hello",
            "@maria they ship to the whole of spain",
        ] {
            assert!(!is_idle_talk(meant, "acme"), "{meant}");
        }
    }
}
