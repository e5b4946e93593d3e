//! Mentions: nobody is called into a conversation but the person who is answered, and the account itself.

use std::sync::LazyLock;

use regex::Regex;

use super::patterns::built_in;
use super::{Breach, Guard, Outgoing};

static MENTION: LazyLock<Regex> = LazyLock::new(|| built_in(r"@([a-z0-9_](?:[a-z0-9_.]{0,28}[a-z0-9_])?)"));

pub(super) fn check(outgoing: &Outgoing<'_>) -> Option<Breach> {
    let is_known = |handle: &str| {
        handle.eq_ignore_ascii_case(outgoing.own_handle)
            || outgoing.author.is_some_and(|author| author.eq_ignore_ascii_case(handle))
            || outgoing.named.iter().any(|named| named.eq_ignore_ascii_case(handle))
            || outgoing
                .allowed_links
                .iter()
                .any(|known| known.trim_start_matches('@').eq_ignore_ascii_case(handle))
    };
    let is_mention = |start: usize| {
        let before = outgoing.text[..start].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-'))
    };
    MENTION
        .captures_iter(outgoing.text)
        .filter_map(|captures| Some((captures.get(0)?, captures.get(1)?.as_str())))
        .find(|(whole, handle)| {
            is_mention(whole.start()) && !is_known(handle) && !outgoing.is_own(whole.as_str())
        })
        .map(|(whole, _)| {
            Breach::new(Guard::Mention, format!("mentions {}, who is not part of this", whole.as_str()))
        })
}
