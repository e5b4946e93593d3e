//! The policy gate: what may be said to whom, and when. Pure functions, asked twice: when deciding, and again
//! right before an effect is sent, because the world moves on while it waits.
//!
//! The facts behind them are Instagram's platform policies: the person writes first; 24 hours from the person's
//! last message; one private reply per comment, within 7 days; nothing automatic once a person has taken over
//! or the other side has asked us to stop.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::account::TenantStatus;
use crate::clock::Timestamp;
use crate::conversation::{Conversation, Owner};
use crate::effect::{Action, SkipReason};
use crate::event::Person;
use crate::settings::TenantSettings;
use crate::words::word_enum;

/// How long after a person's last message we may write.
pub const MESSAGING_WINDOW: Duration = Duration::from_secs(24 * 3_600);
/// How long after a comment a private reply is possible.
pub const PRIVATE_REPLY_WINDOW: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How long before the end of a window we stop sending: clocks differ, calls take time.
pub const WINDOW_MARGIN: Duration = Duration::from_secs(30);

word_enum! {
    /// Why an incoming text gets no automatic answer.
    pub enum SilenceReason {
        /// The account itself wrote it.
        OwnText = "own_text",
        /// The person asked us to stop.
        OptedOut = "opted_out",
        /// The person has just asked us to stop.
        StopWord = "stop_word",
        /// The person has just asked us to go on.
        StartWord = "start_word",
        /// A person answers in this conversation.
        HumanHasThread = "human_has_thread",
        /// The tenant blocks this author.
        AuthorBlocked = "author_blocked",
        /// The message can no longer be answered.
        WindowClosed = "window_closed",
        /// There is nothing to answer: no text, no content that we understand.
        NothingToAnswer = "nothing_to_answer",
        /// The tenant is suspended.
        TenantSuspended = "tenant_suspended",
    }
}

/// Everything the gate looks at when an incoming text is about to be decided.
#[derive(Debug, Clone)]
pub struct Incoming<'a> {
    /// Who wrote.
    pub author: &'a Person,
    /// The account itself wrote it (comment of our own, echo).
    pub is_own: bool,
    /// The text.
    pub text: &'a str,
    /// A direct message rather than something public.
    pub is_direct: bool,
    /// When it was written.
    pub written_at: Timestamp,
    /// The thread it belongs to, as it stands after this text was taken in.
    pub thread: &'a Conversation,
    /// Our direct messages with the author, if there are any; equals `thread` for direct messages.
    pub direct: Option<&'a Conversation>,
}

/// What the gate says about an incoming text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "gate", rename_all = "snake_case")]
pub enum Gate {
    /// Go on deciding; answers may be sent.
    Open,
    /// Go on deciding; answers wait until this moment (quiet hours). Moderation need not wait.
    Quiet {
        /// End of the quiet hours.
        until: Timestamp,
    },
    /// Nothing may be said. Public spam may still be hidden unless the text is our own.
    Silent {
        /// Why.
        reason: SilenceReason,
    },
}

/// Judges an incoming text. The order of the checks is the order of product section D.1.
pub fn gate(
    incoming: &Incoming<'_>,
    settings: &TenantSettings,
    status: TenantStatus,
    quiet_until: Option<Timestamp>,
    now: Timestamp,
) -> Gate {
    let silent = |reason| Gate::Silent { reason };
    if incoming.is_own {
        return silent(SilenceReason::OwnText);
    }
    if status == TenantStatus::Suspended {
        return silent(SilenceReason::TenantSuspended);
    }
    if incoming.is_direct && is_command(incoming.text, &settings.stop_words) {
        return silent(SilenceReason::StopWord);
    }
    if incoming.is_direct && is_command(incoming.text, &settings.start_words) {
        return silent(SilenceReason::StartWord);
    }
    if is_opted_out(incoming.thread) || incoming.direct.is_some_and(is_opted_out) {
        return silent(SilenceReason::OptedOut);
    }
    if incoming.thread.owner == Owner::Human {
        return silent(SilenceReason::HumanHasThread);
    }
    if is_blocked(incoming.author, settings) {
        return silent(SilenceReason::AuthorBlocked);
    }
    if incoming.is_direct && now + WINDOW_MARGIN >= incoming.written_at + MESSAGING_WINDOW {
        return silent(SilenceReason::WindowClosed);
    }
    quiet_until.map_or(Gate::Open, |until| Gate::Quiet { until })
}

/// What an effect's conversation looks like at the moment of sending.
#[derive(Debug, Clone, Default)]
pub struct SendFacts<'a> {
    /// The thread the effect belongs to.
    pub thread: Option<&'a Conversation>,
    /// Our direct messages with the same person, if there are any.
    pub direct: Option<&'a Conversation>,
    /// When the comment behind a private reply was written.
    pub comment_written_at: Option<Timestamp>,
    /// Another private reply to the same comment was sent, or may have been.
    pub private_reply_used: bool,
    /// A person approved this effect: it may go out although a person has the thread.
    pub approved_by_person: bool,
}

/// Whether an effect may be sent now; the reason when not.
pub fn may_send(
    action: &Action,
    facts: &SendFacts<'_>,
    settings: &TenantSettings,
    status: TenantStatus,
    now: Timestamp,
) -> Result<(), SkipReason> {
    if status == TenantStatus::Suspended {
        return Err(SkipReason::TenantSuspended);
    }
    if !action.speaks() && !action.needs_window() {
        return Ok(());
    }
    let threads = || facts.thread.into_iter().chain(facts.direct);
    if threads().any(is_opted_out) {
        return Err(SkipReason::OptedOut);
    }
    // A private reply belongs to a comment but lands in the direct messages: a person may be talking there.
    let lands_in_direct = action.needs_window() || matches!(action, Action::PrivateReply { .. });
    let is_taken = |conversation: &Conversation| conversation.owner == Owner::Human;
    let human_is_there =
        facts.thread.is_some_and(is_taken) || (lands_in_direct && facts.direct.is_some_and(is_taken));
    if human_is_there && !facts.approved_by_person {
        return Err(SkipReason::HumanTookOver);
    }
    if facts.thread.is_some_and(|thread| is_blocked(&thread.person, settings)) && !facts.approved_by_person {
        return Err(SkipReason::AuthorBlocked);
    }
    if action.needs_window() {
        let window = facts.direct.or(facts.thread).and_then(|thread| thread.window_ends_at);
        if window.is_none_or(|end| now + WINDOW_MARGIN >= end) {
            return Err(SkipReason::WindowClosed);
        }
    }
    if let Action::PrivateReply { .. } = action {
        if facts.private_reply_used {
            return Err(SkipReason::AlreadyReplied);
        }
        let written_at = facts.comment_written_at;
        if written_at.is_none_or(|written| now + WINDOW_MARGIN >= written + PRIVATE_REPLY_WINDOW) {
            return Err(SkipReason::PrivateReplyExpired);
        }
    }
    Ok(())
}

/// Until when an action may be sent, as far as it is known when it is decided.
pub fn deadline(action: &Action, direct: Option<&Conversation>, written_at: Timestamp) -> Option<Timestamp> {
    match action {
        Action::PrivateReply { .. } => Some(written_at + PRIVATE_REPLY_WINDOW),
        _ if action.needs_window() => direct.and_then(|thread| thread.window_ends_at),
        _ => None,
    }
}

fn is_opted_out(conversation: &Conversation) -> bool {
    conversation.opted_out_at.is_some()
}

fn is_blocked(author: &Person, settings: &TenantSettings) -> bool {
    settings.blocked_authors.iter().any(|blocked| {
        let blocked = blocked.trim_start_matches('@');
        blocked == author.id
            || author.username.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(blocked))
    })
}

/// True when the whole text is one of the command words, without case and punctuation.
pub fn is_command(text: &str, words: &[String]) -> bool {
    let said: String = text.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace()).collect();
    let said = said.trim().to_lowercase();
    !said.is_empty() && words.iter().any(|word| word.to_lowercase() == said)
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
