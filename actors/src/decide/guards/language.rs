//! Language: a reply is in the language of the text it answers.
//!
//! Counts the commonest small words of the six languages. It speaks up only when another language is clearly
//! there and the expected one is not: names, brands and loan words must not stop a reply.

use tenants::intent::Language;

use super::{Breach, Guard, Outgoing};

/// Fewest small words of another language.
const CLEAR: usize = 3;

const SMALL_WORDS: [(Language, &[&str]); 6] = [
    (
        Language::English,
        &[
            "the", "and", "you", "your", "for", "with", "is", "are", "this", "that", "we", "our", "will",
            "have", "thanks", "thank", "please", "to", "of", "it", "here",
        ],
    ),
    (
        Language::Spanish,
        &[
            "el", "los", "las", "y", "para", "con", "una", "por", "gracias", "tu", "tus", "nos", "es",
            "está", "muy", "aquí", "te", "del", "hola", "también", "su",
        ],
    ),
    (
        Language::Portuguese,
        &[
            "o", "os", "as", "e", "para", "com", "uma", "por", "obrigado", "obrigada", "seu", "sua", "nos",
            "é", "está", "muito", "aqui", "você", "do", "da", "olá", "também", "não",
        ],
    ),
    (
        Language::German,
        &[
            "der", "die", "das", "und", "für", "mit", "ist", "sind", "dir", "dich", "ihr", "sie", "wir",
            "uns", "danke", "bitte", "ein", "eine", "nicht", "auch", "hier", "vielen",
        ],
    ),
    (
        Language::French,
        &[
            "le", "les", "et", "pour", "avec", "une", "merci", "vous", "votre", "vos", "nous", "est", "sont",
            "très", "ici", "des", "du", "bonjour", "aussi", "ne", "pas", "ce",
        ],
    ),
    (
        Language::Italian,
        &[
            "il", "gli", "per", "con", "una", "grazie", "tuo", "tua", "ci", "è", "sono", "molto", "qui",
            "di", "che", "del", "della", "ciao", "anche", "non", "siamo",
        ],
    ),
];

pub(super) fn check(outgoing: &Outgoing<'_>) -> Option<Breach> {
    let expected = outgoing.language?;
    let text = outgoing.text.to_lowercase();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let count = |list: &[&str]| words.iter().filter(|word| list.contains(word)).count();
    let counts = SMALL_WORDS.map(|(language, list)| (language, count(list)));
    let of_expected =
        counts.iter().find(|(language, _)| *language == expected).map_or(0, |(_, count)| *count);
    let (other, of_other) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let is_clear = of_other >= CLEAR && of_other > 2 * of_expected;
    is_clear.then(|| Breach::new(Guard::Language, format!("is written in {other} instead of {expected}")))
}
