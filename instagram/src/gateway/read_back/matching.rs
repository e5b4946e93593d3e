//! Is this reply or message the one whose answer was lost?

use std::time::Duration;

use serde_json::Value;
use tenants::account::Account;
use tenants::clock::Timestamp;

use crate::gateway::graph_time;
use crate::webhook::fields;

/// How much earlier than our own first try Instagram's time of it may be: its times have whole seconds, and its
/// clocks are not ours.
const CLOCK_SKEW: Duration = Duration::from_secs(10);

/// What is looked for.
pub(in crate::gateway) struct Wanted<'a> {
    pub(in crate::gateway) account: &'a Account,
    text: &'a str,
    since: Timestamp,
    already_ours: &'a [String],
}

/// Something the account may have written.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::gateway) struct Found {
    pub(in crate::gateway) id: String,
    /// Time of it; `None` sorts before every time.
    pub(in crate::gateway) at: Option<Timestamp>,
}

impl<'a> Wanted<'a> {
    pub(in crate::gateway) fn new(
        account: &'a Account,
        text: &'a str,
        since: Timestamp,
        already_ours: &'a [String],
    ) -> Self {
        Self { account, text, since, already_ours }
    }

    /// The candidate, unless it was written too early or belongs to another effect. A candidate without a time
    /// counts: taking it for ours at worst leaves a reply out, leaving it out at worst doubles one.
    pub(in crate::gateway) fn candidate(&self, item: &Value, time_member: &str) -> Option<Found> {
        let id = fields::id(item, "id")?;
        let at = item[time_member].as_str().and_then(graph_time::parse);
        let in_time = at.is_none_or(|at| at >= self.since - CLOCK_SKEW);
        let free = !self.already_ours.contains(&id);
        (in_time && free).then_some(Found { id, at })
    }

    /// True when the account wrote it, with the wanted words. Where Instagram hides the author, the words decide.
    pub(in crate::gateway) fn is_written_by_us(&self, item: &Value, text_member: &str) -> bool {
        let author = fields::id(&item["from"], "id");
        let name = item["from"]["username"].as_str().or_else(|| item["username"].as_str());
        let by_us = match (&author, name) {
            (None, None) => true,
            (author, name) => self.account.is_self(author.as_deref().unwrap_or_default(), name),
        };
        // Instagram trims and joins white space.
        let words = item[text_member].as_str().unwrap_or_default().split_whitespace();
        by_us && words.eq(self.text.split_whitespace())
    }
}

/// The earliest of several: with two equal replies on the way, each must find its own.
pub(in crate::gateway) fn earliest(found: impl IntoIterator<Item = Found>) -> Option<Found> {
    found.into_iter().min_by_key(|found| found.at)
}
