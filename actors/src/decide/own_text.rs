//! Words of the account itself: ours come back as webhooks, and a person may answer from the phone.

use tenants::account::Account;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::conversation::{CommentStatus, Conversation, ConversationKind, comment_key, direct_key};
use tenants::decision::{Outcome, Step};
use tenants::effect::{ActionType, Effect, EffectState};
use tenants::event::Person;
use tenants::ports::{EffectFilter, PageRequest};

use crate::Ports;

use super::audit::{conversation_changed, decision_made};
use super::bookkeeping::{begin, take_in_own, take_over};
use super::decision::decision_of;
use super::error::DecideError;
use super::judgement::Judgement;
use super::matter::OwnWords;
use super::rows::own_message_row;
use super::situation::{Decided, Situation};
use super::work::Workings;

/// Most open private replies that are compared with an echo.
const OPEN_EFFECTS: u32 = 200;

/// Records our own words; hands the conversation to the human when a person wrote them.
pub(super) async fn record_own_words(
    ports: &Ports,
    situation: &Situation,
    account: &Account,
    own: &OwnWords,
) -> Result<Decided, DecideError> {
    let is_direct = own.partner.is_some();
    if !is_direct && own.parent_id.is_none() {
        let recorded = Recorded::nothing("the account comments on its own media");
        return Ok(recorded.decided(ports, situation, situation.thread.clone(), false));
    }
    let effect = effect_behind(ports, situation, account, own).await?;
    let now = ports.clock.now();
    let mut thread = match (&situation.thread, effect.is_some() && !is_direct) {
        (Some(thread), _) => thread.clone(),
        // Our reply to a comment whose thread is unknown: nothing to keep.
        (None, true) => {
            let recorded = Recorded::nothing("our own reply came back");
            return Ok(recorded.decided(ports, situation, None, false));
        }
        (None, false) => begin_thread(ports, situation, account, own, now).await?,
    };
    take_in_own(&mut thread, own.partner.as_ref(), own.written_at, now);
    let mut recorded = Recorded::of_thread(&thread);
    if is_direct {
        let effect = effect.as_ref().map(|effect| effect.id);
        let message = own_message_row(own, &thread, effect, &ports.ids, now);
        recorded.changes.push(Change::PutMessage(Box::new(message)));
    }
    if effect.is_some() {
        recorded.reason = "our own words came back";
        recorded.put_thread(&thread);
        return Ok(recorded.decided(ports, situation, Some(thread), false));
    }
    recorded.reason = "a person answered from Instagram; the conversation is theirs already";
    if take_over(&mut thread, own.written_at) {
        recorded.reason = "a person answered from Instagram and takes the conversation";
        let names = ("conversation.taken_over", "take_over");
        let entry = conversation_changed(&situation.event, &thread, names, &ports.ids, now);
        recorded.changes.push(Change::Audit(Box::new(entry)));
    }
    recorded.changes.push(Change::ExpireDrafts { conversation: thread.id, at: now });
    if let Some(parent) = &own.parent_id {
        recorded.changes.push(Change::MarkComment {
            account: account.id,
            external_id: parent.clone(),
            status: CommentStatus::Replied,
            reply: Some(own.text.clone()),
        });
    }
    recorded.put_thread(&thread);
    Ok(recorded.decided(ports, situation, Some(thread), true))
}

/// What is about to be recorded.
struct Recorded {
    changes: Vec<Change>,
    reason: &'static str,
}

impl Recorded {
    fn nothing(reason: &'static str) -> Self {
        Self { changes: Vec::new(), reason }
    }

    fn of_thread(_thread: &Conversation) -> Self {
        Self::nothing("")
    }

    /// The conversation goes first: the other rows name it.
    fn put_thread(&mut self, thread: &Conversation) {
        self.changes.insert(0, Change::PutConversation(Box::new(thread.clone())));
    }

    fn decided(
        self,
        ports: &Ports,
        situation: &Situation,
        thread: Option<Conversation>,
        is_audited: bool,
    ) -> Decided {
        record(ports, situation, self.changes, self.reason, thread, is_audited)
    }
}

/// A decision that only takes note, with its changes. What happens with every reply of ours (it comes back) or
/// every glance of a person is not audited: the effect has entries of its own.
pub(super) fn record(
    ports: &Ports,
    situation: &Situation,
    list: Vec<Change>,
    reason: &str,
    thread: Option<Conversation>,
    is_audited: bool,
) -> Decided {
    let event = &situation.event;
    let mut work = Workings::default();
    work.note(Step::Outcome, format!("{}: {reason}", Outcome::Record), serde_json::Value::Null);
    let decision =
        decision_of(ports, event.id, situation.taken_up_at, &Judgement::quiet(Outcome::Record, reason, work));
    let mut changes = Changes::of_tenant(event.tenant);
    changes.list = list;
    if is_audited {
        let entry = decision_made(event, &decision, thread.as_ref(), None, &ports.ids);
        changes.push(Change::Audit(Box::new(entry)));
    }
    changes.push(Change::EventDone { event: event.id, at: decision.decided_at });
    Decided { decision: Some(decision), changes, thread, direct: situation.direct.clone() }
}

/// The effect of ours that wrote these words, if one did.
async fn effect_behind(
    ports: &Ports,
    situation: &Situation,
    account: &Account,
    own: &OwnWords,
) -> Result<Option<Effect>, DecideError> {
    let event = &situation.event;
    let from_store = |error| DecideError::from_store(error, event.attempts);
    let found = ports
        .store
        .find_effect_behind(&event.tenant, &account.id, &event.conversation_key, &own.instagram_id, &own.text)
        .await
        .map_err(from_store)?;
    if found.is_some() || own.partner.is_none() {
        return Ok(found);
    }
    // A private reply belongs to the comment's conversation but comes back in the direct messages, perhaps before
    // the answer to our call is recorded: then only its text tells.
    for state in [EffectState::Processing, EffectState::Unknown] {
        let filter = EffectFilter {
            state: Some(state),
            action_type: Some(ActionType::PrivateReply),
            account: Some(account.id),
            conversation: None,
        };
        let open = ports.store.list_effects(&event.tenant, &filter, PageRequest::first(OPEN_EFFECTS)).await;
        let is_it = |effect: &Effect| effect.action.text() == Some(own.text.as_str());
        if let Some(effect) = open.map_err(from_store)?.into_iter().find(is_it) {
            return Ok(Some(effect));
        }
    }
    Ok(None)
}

/// A thread that begins with words of a person of the brand. Who they speak to is known for direct messages; for
/// comments it is the author of the comment they answer, if we have seen it.
async fn begin_thread(
    ports: &Ports,
    situation: &Situation,
    account: &Account,
    own: &OwnWords,
    now: Timestamp,
) -> Result<Conversation, DecideError> {
    let event = &situation.event;
    if let Some(partner) = &own.partner {
        let key = direct_key(&partner.id);
        return Ok(begin(&ports.ids, account.id, ConversationKind::Direct, &key, partner, now));
    }
    let parent_id = own.parent_id.as_deref().unwrap_or_default();
    let parent = ports.store.find_comment_by_external_id(&event.tenant, &account.id, parent_id).await;
    let parent = parent.map_err(|error| DecideError::from_store(error, event.attempts))?;
    let person = parent.map_or_else(Person::default, |comment| comment.author);
    Ok(begin(&ports.ids, account.id, ConversationKind::CommentThread, &comment_key(parent_id), &person, now))
}
