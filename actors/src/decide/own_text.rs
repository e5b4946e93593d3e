//! Words of the account itself: ours come back as webhooks, and a person may answer from the phone.

use tenants::account::Account;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::conversation::{CommentStatus, Conversation, ConversationKind, Owner, comment_key, direct_key};
use tenants::effect::{ActionType, Effect, EffectState};
use tenants::event::Person;
use tenants::ports::{EffectFilter, PageRequest};

use super::audit::conversation_changed;
use super::bookkeeping::{begin, take_in_own, take_over};
use super::error::DecideError;
use super::matter::OwnWords;
use super::record::{Audited, record};
use super::rows::own_message_row;
use super::senses::Senses;
use super::situation::{Decided, Situation};
use crate::notices::owner_changed;

/// Most open private replies that are compared with an echo.
const OPEN_EFFECTS: u32 = 200;

/// Records our own words; hands the conversation to the human when a person wrote them.
pub(super) async fn record_own_words(
    ports: Senses<'_>,
    situation: &Situation,
    account: &Account,
    own: &OwnWords,
) -> Result<Decided, DecideError> {
    let is_direct = own.partner.is_some();
    if !is_direct && own.parent_id.is_none() {
        let (thread, reason) = (situation.thread.clone(), "the account comments on its own media");
        return Ok(record(ports, situation, Vec::new(), reason, thread, Audited::No));
    }
    let effect = effect_behind(ports, situation, account, own).await?;
    let mut thread = match &situation.thread {
        Some(thread) => thread.clone(),
        None => begin_thread(ports, situation, account, own).await?,
    };
    let now = ports.clock.now();
    take_in_own(&mut thread, own.partner.as_ref(), own.written_at, now);
    let (list, reason, audited) = match &effect {
        Some(effect) => {
            (ours(ports, situation, &mut thread, own, effect, now), "our own words came back", Audited::No)
        }
        None => {
            let was_ours = thread.owner == Owner::Bot;
            let (mut list, reason) = theirs(ports, situation, &mut thread, own, now);
            if was_ours && thread.owner == Owner::Human {
                list.extend(blame(ports, situation, &thread, now).await?);
            }
            (list, reason, Audited::Yes)
        }
    };
    Ok(record(ports, situation, list, reason, Some(thread), audited))
}

/// Words that an effect of ours has sent. Its own record is the dispatcher's.
fn ours(
    ports: Senses<'_>,
    situation: &Situation,
    thread: &mut Conversation,
    own: &OwnWords,
    effect: &Effect,
    now: Timestamp,
) -> Vec<Change> {
    let disclosure = situation.context.settings.comms.disclosure.as_ref();
    if own.partner.is_some() && disclosure.is_some_and(|it| it.is_said_in(&own.text)) {
        thread.disclosed_at = thread.disclosed_at.max(Some(own.written_at));
    }
    let mut list = vec![Change::PutConversation(Box::new(thread.clone()))];
    if own.partner.is_some() {
        let row = own_message_row(&situation.event, own, thread, Some(effect.id), ports.ids, now);
        list.push(Change::PutMessage(Box::new(row)));
    }
    list
}

/// Words that a person of the brand has sent: the conversation is theirs from now on.
fn theirs(
    ports: Senses<'_>,
    situation: &Situation,
    thread: &mut Conversation,
    own: &OwnWords,
    now: Timestamp,
) -> (Vec<Change>, &'static str) {
    let takes_over = take_over(thread, own.written_at);
    let mut list = vec![
        Change::PutConversation(Box::new(thread.clone())),
        Change::ExpireDrafts { conversation: thread.id, at: now },
    ];
    if own.partner.is_some() {
        let row = own_message_row(&situation.event, own, thread, None, ports.ids, now);
        list.push(Change::PutMessage(Box::new(row)));
    }
    if let Some(parent) = &own.parent_id {
        list.push(Change::MarkComment {
            account: thread.account,
            external_id: parent.clone(),
            status: CommentStatus::Replied,
            reply: Some(own.text.clone()),
        });
    }
    if !takes_over {
        return (list, "a person answered from Instagram; nothing changes hands");
    }
    let names = ("conversation.taken_over", "take_over");
    let entry = conversation_changed(&situation.event, thread, names, ports.ids, now);
    list.push(Change::Audit(Box::new(entry)));
    list.push(owner_changed(&situation.context.tenant, thread, "instagram", ports.ids, now));
    (list, "a person answered from Instagram and takes the conversation")
}

/// A person who takes over right after an answer that left by itself says by that what they think of it.
async fn blame(
    ports: Senses<'_>,
    situation: &Situation,
    thread: &Conversation,
    now: Timestamp,
) -> Result<Option<Change>, DecideError> {
    let (event, earned) = (&situation.event, &situation.context.earned);
    let blamed = (&thread.id, "instagram", now);
    let verdict = ports.store.verdict_of_take_over(&event.tenant, blamed, earned, ports.ids).await;
    let verdict = verdict.map_err(|error| DecideError::from_store(error, event.attempts))?;
    Ok(verdict.map(|verdict| Change::AddVerdict(Box::new(verdict))))
}

/// The effect of ours that wrote these words, if one did.
async fn effect_behind(
    ports: Senses<'_>,
    situation: &Situation,
    account: &Account,
    own: &OwnWords,
) -> Result<Option<Effect>, DecideError> {
    let event = &situation.event;
    let from_store = |error| DecideError::from_store(error, event.attempts);
    let look = || {
        let key = &event.conversation_key;
        ports.store.find_effect_behind(&event.tenant, &account.id, key, &own.instagram_id, &own.text)
    };
    let found = look().await.map_err(from_store)?;
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
    // The answer may have been recorded while we looked for open ones: then the id tells now.
    look().await.map_err(from_store)
}

/// A thread that begins with words of a person of the brand. Who they speak to is known for direct messages; for
/// comments it is the author of the comment they answer, if we have seen it.
async fn begin_thread(
    ports: Senses<'_>,
    situation: &Situation,
    account: &Account,
    own: &OwnWords,
) -> Result<Conversation, DecideError> {
    let (event, now) = (&situation.event, ports.clock.now());
    if let Some(partner) = &own.partner {
        let key = direct_key(&partner.id);
        return Ok(begin(ports.ids, account.id, ConversationKind::Direct, &key, partner, now));
    }
    let parent_id = own.parent_id.as_deref().unwrap_or_default();
    let parent = ports.store.find_comment_by_external_id(&event.tenant, &account.id, parent_id).await;
    let parent = parent.map_err(|error| DecideError::from_store(error, event.attempts))?;
    let person = parent.map_or_else(Person::default, |comment| comment.author);
    Ok(begin(ports.ids, account.id, ConversationKind::CommentThread, &comment_key(parent_id), &person, now))
}
