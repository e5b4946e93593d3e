//! Links: none but those that the tenant allows or wrote itself.

use std::sync::LazyLock;

use llm::disguise::plain;
use regex::Regex;

use super::patterns::built_in;
use super::{Breach, Guard, Outgoing};

/// An address with a scheme, or a bare domain with an ending that is really in use as one in texts. A dot between
/// words without a space ("great.Thanks") is no link: those endings are not in the list.
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    built_in(
        r"(?:https?://|www\.)[^\s]+|\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|net|org|info|biz|shop|store|online|site|club|app|dev|io|ai|co|me|ly|gg|gl|example|link|live|vip|xyz|top|eu|es|pt|br|de|at|ch|fr|be|it|uk|us|mx|ar|cl|pe|ru|cn|in|to|tv|page|bio|ee|cc|sh)\b(?:/[^\s]*)?",
    )
});

/// Addresses written so that they are not seen as such: `evil . com`, `evil[.]com`, `evil dot com`, `hxxp`, numbers.
static HIDDEN: LazyLock<Regex> = LazyLock::new(|| {
    built_in(
        r"\bhxxps?\b|\b[a-z0-9-]{2,}(?:\s?[\[(]\s?(?:\.|dot|punto|ponto|punkt|point)\s?[\])]\s?|\s\.\s|\s(?:dot|punto|ponto|punkt)\s)(?:com|net|org|info|shop|store|io|ai|co|me|ly|app|link|xyz|example|es|pt|de|fr|it|uk)\b|\b(?:\d{1,3}\.){3}\d{1,3}\b|\b[a-z0-9._]{2,}\s?[\[(]\s?(?:at|@)\s?[\])]\s?[a-z0-9-]{2,}|\b[a-z0-9._-]+ at [a-z0-9-]+ dot [a-z]{2,}",
    )
});

/// A hidden address in plain text, or one of look-alike letters.
fn hidden(outgoing: &Outgoing<'_>) -> Option<Breach> {
    let plain = plain(outgoing.text);
    let is_new = |found: &str| !outgoing.is_own(found) && !outgoing.text.to_lowercase().contains(found);
    let found = HIDDEN.find(&plain).filter(|found| !outgoing.is_own(found.as_str()));
    let found = found.or_else(|| LINK.find(&plain).filter(|found| is_new(found.as_str())));
    found.map(|found| Breach::new(Guard::Link, format!("hides the address `{}`", found.as_str())))
}

pub(super) fn check(outgoing: &Outgoing<'_>) -> Vec<Breach> {
    let mut breaches: Vec<Breach> = hidden(outgoing).into_iter().collect();
    for found in LINK.find_iter(outgoing.text) {
        let before = outgoing.text[..found.start()].chars().next_back();
        // A part of a mention or of an e-mail address: other guards look at those.
        if before.is_some_and(|c| matches!(c, '@' | '.' | '_' | '-'))
            || outgoing.text[found.end()..].starts_with('@')
        {
            continue;
        }
        let link = found.as_str().trim_end_matches(|c: char| ".,;:!?)]}\"'»”".contains(c));
        if !is_allowed(link, outgoing.allowed_links) && !outgoing.is_own(link) {
            breaches
                .push(Breach::new(Guard::Link, format!("contains the link `{link}`, which is not allowed")));
        }
    }
    breaches
}

/// True when the link is an allowed one or lies below it: `acme.com` allows `https://www.acme.com/sale`, and
/// `acme.com/shop` only what begins so.
fn is_allowed(link: &str, allowed: &[String]) -> bool {
    let link = bare(link);
    allowed.iter().map(|allowed| bare(allowed)).filter(|allowed| !allowed.is_empty()).any(|allowed| {
        let below = |rest: &str| rest.is_empty() || rest.starts_with(['/', '?', '#']);
        let is_same_host = link.strip_prefix(&allowed).is_some_and(below);
        let (host, _) = link.split_once(['/', '?', '#']).unwrap_or((&link, ""));
        let is_subdomain = !allowed.contains('/') && host.ends_with(&format!(".{allowed}"));
        is_same_host || is_subdomain
    })
}

fn bare(link: &str) -> String {
    let link = link.trim().to_lowercase();
    let link = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://")).unwrap_or(&link);
    // What stands before an `@` in the host part is a user name: `acme.com@evil.example` leads to evil.example.
    let host_end = link.find(['/', '?', '#']).unwrap_or(link.len());
    let start = link[..host_end].rfind('@').map_or(0, |at| at + 1);
    let link = &link[start..];
    link.strip_prefix("www.").unwrap_or(link).trim_end_matches('/').to_owned()
}
