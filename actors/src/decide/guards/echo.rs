//! Echoes: a reply does not say what a stranger wrote as if the brand said it: not at length in a longer one, and not
//! as the whole of a short one.
//!
//! A short reply may be made of the customer's words where it says nothing of its own with them: thanks for thanks, a
//! greeting, a wish, a plain yes. Whatever else is only the customer's words is seen by a person first: `Acme is a scam`
//! under a brand's name does harm in four words.

use std::sync::LazyLock;

use super::{Breach, Guard, Outgoing};

/// Words in a row; fewer inside of a longer reply are how people take up a question.
const RUN: usize = 7;

/// Words of thanks, greetings, wishes and consent, which say nothing but that, in whatever order. No word belongs here
/// that could deny, judge or name something.
const COURTESY: &str = "thank thanks thx ty you u so very much many a lot lots again welcome hi hello hey good morning \
    afternoon evening night day weekend nice great lovely have happy birthday congrats congratulations love yes yeah \
    yep ok okay sure of course bye dear best wishes cheers aww haha hahaha wow xx xoxo \
    gracias muchas muchisimas mil hola buenos buenas dias tardes noches buen dia feliz cumpleanos felicidades si claro \
    igualmente besos saludos abrazo un por obrigado obrigada muito muita oi ola bom boa tarde noite aniversario parabens \
    sim beijos abraco danke dankeschoen dankeschön vielen dank sehr herzlichen lieben hallo guten morgen tag abend nacht \
    alles gute zum geburtstag ja gerne gern klar schönen schöne liebe grüße merci beaucoup mille bonjour bonsoir salut \
    bonne bon journee soiree nuit joyeux anniversaire felicitations oui bien sur grazie tante ciao buongiorno buonasera \
    buona buon giornata serata notte compleanno auguri certo prego";

static COURTEOUS: LazyLock<Vec<String>> = LazyLock::new(|| words(COURTESY));

pub(super) fn check(outgoing: &Outgoing<'_>) -> Option<Breach> {
    let said = words(outgoing.text);
    if said.is_empty() || outgoing.heard.is_empty() {
        return None;
    }
    let heard: Vec<Vec<String>> = outgoing.heard.iter().map(|text| words(text)).collect();
    let is_echo = repeats_at_length(outgoing, &said, &heard) || is_nothing_else(outgoing, &said, &heard);
    is_echo.then(|| Breach::new(Guard::Echo, "repeats what the customer wrote"))
}

fn repeats_at_length(outgoing: &Outgoing<'_>, said: &[String], heard: &[Vec<String>]) -> bool {
    let is_theirs = |run: &&[String]| heard.iter().any(|text| contains(text, run));
    said.windows(RUN).filter(is_theirs).any(|run| !outgoing.is_own(&run.join(" ")))
}

/// True for a short reply that a stranger wrote word for word, or that is a stranger's whole text between courtesies.
fn is_nothing_else(outgoing: &Outgoing<'_>, said: &[String], heard: &[Vec<String>]) -> bool {
    let answer = without_address(said, outgoing.author);
    let core = without_courtesy(answer);
    if core.is_empty() || core.len() >= RUN {
        return false;
    }
    let is_bare = core.len() == answer.len();
    let is_theirs = |text: &Vec<String>| {
        contains(text, core) && (is_bare || contains(text, answer) || without_courtesy(text) == core)
    };
    let is_own = |piece: &str| outgoing.is_own(piece);
    heard.iter().any(is_theirs) && !is_own(outgoing.text) && !is_own(&core.join(" "))
}

/// The words without the author's handle in front.
fn without_address<'w>(said: &'w [String], author: Option<&str>) -> &'w [String] {
    let handle = words(author.unwrap_or_default());
    said.strip_prefix(handle.as_slice()).filter(|rest| !rest.is_empty()).unwrap_or(said)
}

fn without_courtesy(said: &[String]) -> &[String] {
    let says_something = |word: &String| !COURTEOUS.contains(word);
    let Some(first) = said.iter().position(says_something) else { return &[] };
    let last = said.iter().rposition(says_something).unwrap_or(first);
    &said[first..=last]
}

fn contains(text: &[String], run: &[String]) -> bool {
    text.windows(run.len()).any(|window| window == run)
}

fn words(text: &str) -> Vec<String> {
    let plain = llm::disguise::plain(text);
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
