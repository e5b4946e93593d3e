//! Language: a reply is in the language of the text it answers.
//!
//! Counts the commonest small words of the six languages. It speaks up when another language is clearly there and the
//! expected one is not, when a longer text has next to no word of the expected one (gibberish, a seventh language), and
//! when it is written in other letters: names, brands and loan words must not stop a reply.

use tenants::intent::Language;

use super::{Breach, Guard, Outgoing};

/// Fewest small words of another language.
const CLEAR: usize = 3;
/// Words of a text in which some of the expected language must be.
const LONG: usize = 6;
/// One word in so many must be of the expected language in a long text.
const SHARE: usize = 9;
/// Letters with marks that the six languages use.
const MARKED: &str = "àáâãäçèéêëìíîïñòóôõöùúûüÿœæßºª";

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

/// More words of each language, too like those of others to tell languages apart.
const OTHER_WORDS: [(Language, &str); 6] = [
    (
        Language::English,
        "a an in on at by be i it's we're you're as from or not but so yes no if do can all any when what how who there they their them he she was were has had been more very just soon up out about day days come let know see look like love help team message send write direct size order shop open made us me my one two don't isn't good new time",
    ),
    (
        Language::Spanish,
        "a de en la lo le se que no sí si al un o más pero como cuando qué cómo día días todo toda todos nuestra nuestro equipo mensaje pronto está están son ser hay puedes puede te ti mi me ya muchas directo tienes",
    ),
    (
        Language::Portuguese,
        "a de em no na nas se que um ou mais mas como quando dia dias todo toda todos nossa nosso equipe equipa mensagem breve são ser há pode te mim me já muito muita que bom sim à ao pela pelo das dos estão foi isso",
    ),
    (
        Language::German,
        "in im an am auf zu zum zur von vom es er ich du euch euer ihnen dem den des einen einem einer oder aber so ja nein wenn wie was wann alle mehr sehr nur bald tag tage team nachricht schreib hat haben wird werden kann bei nach aus dein deine unser unsere noch schon gibt",
    ),
    (
        Language::French,
        "à de en la l d c s n j qu un au aux se si que qui on ou mais oui non tout toute tous notre nos équipe message bientôt je il elle sur dans par plus être a ont fait peut peux pouvez jour jours ça cela votre ton ta tes toi me ma mes bien",
    ),
    (
        Language::Italian,
        "a ad e ed o da in su al alla ai dal dalla nel nella un lo la le i l si se ma come quando più sì no tutto tutta tutti nostra nostro squadra team messaggio presto sei hai ha ho vi ti mi giorno giorni puoi può sul sulla dei delle ore bene questo questa",
    ),
];

pub(super) fn check(outgoing: &Outgoing<'_>) -> Option<Breach> {
    let expected = outgoing.language?;
    let text = outgoing.text.to_lowercase();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    other_letters(&words, outgoing).or_else(|| other_words(&words, expected))
}

/// Another script, or letters that none of the six languages has.
fn other_letters(words: &[&str], outgoing: &Outgoing<'_>) -> Option<Breach> {
    let is_foreign = |c: char| c.is_alphabetic() && !c.is_ascii() && !MARKED.contains(c);
    let is_latin = |c: char| ('\u{c0}'..='\u{24f}').contains(&c);
    let mut marked = 0;
    for word in words.iter().filter(|word| word.chars().any(is_foreign)) {
        let is_own = outgoing.is_own(word);
        if !is_own && word.chars().any(|c| is_foreign(c) && !is_latin(c)) {
            return Some(Breach::new(Guard::Language, "is written in other letters"));
        }
        marked += usize::from(!is_own);
    }
    (marked > 1).then(|| Breach::new(Guard::Language, "has letters of another language"))
}

fn other_words(words: &[&str], expected: Language) -> Option<Breach> {
    let count = |list: &[&str]| words.iter().filter(|word| list.contains(word)).count();
    let counts = SMALL_WORDS.map(|(language, list)| (language, count(list)));
    let of_expected =
        counts.iter().find(|(language, _)| *language == expected).map_or(0, |(_, count)| *count);
    let (other, of_other) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    if of_other >= CLEAR && of_other > 2 * of_expected {
        return Some(Breach::new(Guard::Language, format!("is written in {other} instead of {expected}")));
    }
    let plain: Vec<&str> =
        OTHER_WORDS.iter().find(|(language, _)| *language == expected)?.1.split(' ').collect();
    let letters = words.iter().filter(|word| word.chars().any(char::is_alphabetic)).count();
    let known = of_expected + count(&plain);
    let is_strange = letters >= LONG && known * SHARE < letters;
    is_strange.then(|| Breach::new(Guard::Language, format!("has next to no word of {expected}")))
}
