//! What is known when an event is taken up, and what is handed back.

use std::sync::Arc;

use tenants::changes::Changes;
use tenants::clock::Timestamp;
use tenants::conversation::{Conversation, direct_key};
use tenants::decision::Decision;
use tenants::event::{EventBody, InboxEvent};
use tenants::ids::AccountId;
use tenants::ports::TenantContext;

use super::moved_on::MovedOn;
use super::rules::RuleSet;

/// What a lane knows when it takes up an event.
#[derive(Debug, Clone)]
pub struct Situation {
    /// The tenant: settings, rules, accounts.
    pub context: Arc<TenantContext>,
    /// The rules of `context`, compiled, with their daily counters. Build it once per context with
    /// [`RuleSet::new`] and share it among all lanes of the tenant: the counters live in it.
    pub rules: Arc<RuleSet>,
    /// The event.
    pub event: InboxEvent,
    /// The thread of the event as it stands; `None` when there is none yet. See [`conversations_of`].
    pub thread: Option<Conversation>,
    /// For comments, the direct messages with their author as they stand. `None` for direct messages: there the
    /// thread is the direct conversation.
    pub direct: Option<Conversation>,
    /// When the event was taken up; decisions measure their latency from it.
    pub taken_up_at: Timestamp,
    /// Tells when the person writes again before the event is decided.
    pub moved_on: MovedOn,
}

/// What came of an event. Commit `changes`, then keep `thread` and `direct` in memory.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The decision; `None` for ticks that found nothing to do.
    pub decision: Option<Decision>,
    /// All that is to be committed, complete with the event's end and the audit entry.
    pub changes: Changes,
    /// The new state of the thread; `None` when the event belongs to none (ticks, account-level events).
    pub thread: Option<Conversation>,
    /// The direct messages with the author of a comment or mention, where there are any.
    pub direct: Option<Conversation>,
}

/// The (account, key) pairs of the conversations that [`decide`](super::decide) wants to know for an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConversationsOf {
    /// For [`Situation::thread`].
    pub thread: Option<(AccountId, String)>,
    /// For [`Situation::direct`].
    pub direct: Option<(AccountId, String)>,
}

/// Which conversations to load before an event is decided.
pub fn conversations_of(event: &InboxEvent) -> ConversationsOf {
    let Some(account) = event.account else { return ConversationsOf::default() };
    let thread = Some((account, event.conversation_key.clone()));
    match &event.body {
        EventBody::Tick(_) | EventBody::Raw => ConversationsOf::default(),
        EventBody::Comment(comment) => {
            ConversationsOf { thread, direct: Some((account, direct_key(&comment.from.id))) }
        }
        _ => ConversationsOf { thread, direct: None },
    }
}
