//! Secrets: what looks like a key, a token, an id of ours, or speaks of a password. By shape, not by a list of makers:
//! a long run without a space that mixes letters and digits is no word of any language.

use std::sync::LazyLock;

use llm::disguise::{plain, spelled_out};
use regex::Regex;

use super::patterns::built_in;
use super::{Breach, Guard, Outgoing};

/// Shortest run that may be a key.
const KEY: usize = 16;
/// Changes between letters and digits, or of case inside of a word, that no word has.
const CHANGES: usize = 2;

/// Words for secrets, names of environment variables, armour. Over plain text.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    built_in(concat!(
        r"\b(?:api|access|auth|secret|bearer)[ _-]?(?:key|token|secret)s?\b|\bbearer [a-z0-9._-]{8,}|\btoken:|\b(?:password|passwort|contrasena|senha|mot de passe|parola d'ordine) (?:is|ist|lautet|es|e|est)\b|\b(?:password|passwort|contrasena|senha|mot de passe)\s?:|\bprivate key\b|\b[a-z][a-z0-9]*_(?:[a-z0-9]+_)*(?:key|token|secret|password)s?\b|\b[a-z]+__[a-z_]+|\b(?:clave|chave|chiave) (?:de |da |do )?api\b|\bcle api\b|\bapi-?schlussel\b|\b(?:sk|pk|xox[a-z]|gh[a-z])[-_ ]?(?:ant|proj|live|test|api)[-_]",
        r"|\b[a-z]{2,4}_[0-9a-f]{16,}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
    ))
});

pub(super) fn check(outgoing: &Outgoing<'_>) -> Option<Breach> {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || "-_+/=.".contains(c);
    let key =
        outgoing.text.split(|c: char| !is_of_key(c)).find(|run| looks_like_key(run) && !outgoing.is_own(run));
    // The secret itself stays out of the reason.
    if key.is_some() {
        return Some(Breach::new(Guard::Secret, "contains what looks like a key or an internal id"));
    }
    let spelled = spelled_out(outgoing.text).is_some_and(|spelled| NAMED.is_match(&spelled));
    let plain = plain(outgoing.text);
    let named = NAMED.find(&plain).filter(|found| !outgoing.is_own(found.as_str()));
    (named.is_some() || spelled).then(|| Breach::new(Guard::Secret, "speaks of a password, a key or a token"))
}

fn looks_like_key(run: &str) -> bool {
    let run = run.trim_end_matches(['.', '-', '_', '/', '=']);
    let letters = run.chars().filter(char::is_ascii_alphabetic).count();
    let digits = run.chars().filter(char::is_ascii_digit).count();
    if letters + digits < KEY || letters == 0 || run.split('/').count() > 3 {
        return false;
    }
    let kinds: Vec<u8> = run.chars().filter(char::is_ascii_alphanumeric).map(kind).collect();
    let changes = kinds.windows(2).filter(|two| two[0] != two[1] && two != &[1, 0]).count();
    changes >= CHANGES
}

/// Lower case, upper case, digit.
fn kind(c: char) -> u8 {
    match c {
        'a'..='z' => 0,
        'A'..='Z' => 1,
        _ => 2,
    }
}
