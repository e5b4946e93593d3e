//! How people introduce themselves.

use std::sync::LazyLock;

use regex::Regex;

/// Phrases after which a name stands, in six languages. `I'm` and its like are left out: "I'm interested" is no name.
static PHRASE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i:\bmy name(?:'s| is)|\bthis is|\bme llamo|\bmi nombre es|\bmeu nome (?:é|e)|\bchamo-me|\bme chamo|\bich hei(?:ß|ss)e|\bmein name ist|\bje m'appelle|\bmon nom est|\bmi chiamo|\bil mio nome (?:è|e'))[\s:]+((?:\p{Lu}[\p{L}'’\-]{1,30})(?:\s(?:(?:de|da|do|dos|del|della|di|van|von|der|la|le)\s){0,2}\p{Lu}[\p{L}'’\-]{1,30}){0,3})",
    )
    .ok()
});
/// Capitalised words that follow such a phrase and are no names.
const NO_NAMES: [&str; 8] = ["The", "A", "My", "Your", "So", "Not", "What", "Amazing"];

/// The name that the person gives.
pub(super) fn name_in(text: &str) -> Option<String> {
    let text = text.replace('’', "'");
    let found = PHRASE.as_ref()?.captures(&text)?.get(1)?.as_str();
    let first = found.split_whitespace().next()?;
    (!NO_NAMES.contains(&first)).then(|| found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_introduce_themselves_in_six_languages() {
        for (text, name) in [
            ("Hello, my name is Anna Berg and I want", "Anna Berg"),
            ("hola! me llamo María José", "María José"),
            ("Olá, meu nome é João da Silva.", "João da Silva"),
            ("Guten Tag, ich heiße Jörg von der Heide", "Jörg von der Heide"),
            ("Bonjour, je m’appelle Zoé", "Zoé"),
            ("Ciao, mi chiamo Luca D'Angelo", "Luca D'Angelo"),
        ] {
            assert_eq!(name_in(text).as_deref(), Some(name), "{text}");
        }
    }

    #[test]
    fn what_is_no_introduction_gives_no_name() {
        for text in
            ["I'm Interested", "this is amazing", "This is The best", "me llamo", "my name is on the list"]
        {
            assert_eq!(name_in(text), None, "{text}");
        }
    }
}
