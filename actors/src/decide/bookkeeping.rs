//! The state of conversations: what incoming and outgoing texts do to it. Pure.
//!
//! Events arrive late and out of order; nothing here ever moves a window, an opt-out or a hand-over back.

use tenants::clock::Timestamp;
use tenants::conversation::{Conversation, ConversationKind, Owner};
use tenants::event::Person;
use tenants::ids::{AccountId, ConversationId, Ids};
use tenants::policy::MESSAGING_WINDOW;

use super::heard::{Heard, Place};

/// A conversation that begins now.
pub(super) fn begin(
    ids: &Ids,
    account: AccountId,
    kind: ConversationKind,
    key: &str,
    person: &Person,
    now: Timestamp,
) -> Conversation {
    Conversation {
        id: ConversationId::new(ids),
        account,
        kind,
        key: key.to_owned(),
        person: person.clone(),
        owner: Owner::Bot,
        owner_since: now,
        window_ends_at: None,
        opted_out_at: None,
        last_inbound_at: None,
        last_outbound_at: None,
        disclosed_at: None,
        assigned_to: None,
        created_at: now,
        updated_at: now,
    }
}

/// The kind of conversation that a text belongs to.
pub(super) fn kind_of(place: &Place) -> ConversationKind {
    match place {
        Place::Comment { .. } => ConversationKind::CommentThread,
        Place::Mention { .. } => ConversationKind::Mention,
        Place::Direct { .. } => ConversationKind::Direct,
    }
}

/// Takes in a text of somebody else: it is a sign of life, and a direct message opens the window for 24 hours.
pub(super) fn take_in(thread: &mut Conversation, heard: &Heard, now: Timestamp) {
    know_better(&mut thread.person, &heard.author);
    thread.last_inbound_at = thread.last_inbound_at.max(Some(heard.written_at));
    if heard.is_direct() {
        thread.window_ends_at = thread.window_ends_at.max(Some(heard.written_at + MESSAGING_WINDOW));
    }
    thread.updated_at = now;
}

/// Takes in a text of the account itself.
pub(super) fn take_in_own(
    thread: &mut Conversation,
    partner: Option<&Person>,
    written_at: Timestamp,
    now: Timestamp,
) {
    if let Some(partner) = partner {
        know_better(&mut thread.person, partner);
    }
    thread.last_outbound_at = thread.last_outbound_at.max(Some(written_at));
    thread.updated_at = now;
}

/// The person asked us to stop. A late STOP counts too: silence is the safe side.
pub(super) fn opt_out(thread: &mut Conversation, written_at: Timestamp) {
    thread.opted_out_at = thread.opted_out_at.max(Some(written_at));
}

/// The person asked us to go on; true when that changed anything. A START older than the STOP changes nothing.
pub(super) fn opt_in(thread: &mut Conversation, written_at: Timestamp) -> bool {
    let is_newer = thread.opted_out_at.is_some_and(|stopped| written_at > stopped);
    if is_newer {
        thread.opted_out_at = None;
    }
    is_newer
}

/// A person of the brand answered; true when they take the conversation by that. An answer older than the moment
/// at which the conversation was handed back takes nothing.
pub(super) fn take_over(thread: &mut Conversation, written_at: Timestamp) -> bool {
    let was_handed_back = thread.owner == Owner::Bot && thread.owner_since > thread.created_at;
    let is_late = was_handed_back && written_at <= thread.owner_since;
    if thread.owner == Owner::Human || is_late {
        return false;
    }
    thread.owner = Owner::Human;
    thread.owner_since = written_at.max(thread.created_at);
    true
}

/// Keeps what is known about a person and adds what is new.
fn know_better(known: &mut Person, seen: &Person) {
    if known.id.is_empty() {
        known.id.clone_from(&seen.id);
    }
    if known.id == seen.id && seen.username.is_some() {
        known.username.clone_from(&seen.username);
    }
}

#[cfg(test)]
#[path = "bookkeeping_tests.rs"]
mod tests;
