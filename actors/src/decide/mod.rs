//! Decisions: from an event to the changes it makes.
//!
//! [`decide`] reads (the situation, a language model, for mentions Instagram) and returns [`Changes`] as plain
//! data; the lane commits them. The way of a text from somebody else: bookkeeping, then gate → rules → memory →
//! classification → mode → generation → guards, each step written into the trace, then rows and effects.
//!
//! **One more kind of event.** Give it a `Matter` (`matter.rs`); the compiler then asks for the rest.
//! **One more guard.** A file in `guards/`, a line in its `check`, a row in its table of cases.
//! **One more condition or action of rules.** `conditions.rs`, or `plan_action` in `rules_step.rs`.
//!
//! [`Changes`]: tenants::changes::Changes

mod approvals;
mod audit;
mod before;
mod bookkeeping;
mod circumstances;
mod classify;
mod conditions;
mod configuration;
mod counters;
mod decision;
mod disclosure;
mod effects;
mod error;
mod gate_step;
mod generate;
mod guards;
mod heard;
mod judge;
mod judgement;
mod leads_step;
mod learned;
mod lessons;
mod matter;
mod mode;
mod moved_on;
mod notes;
mod outcome;
mod outside;
mod own_text;
mod placeholders;
mod plan;
mod preview;
mod recall;
mod record;
mod rows;
mod rules;
mod rules_step;
mod said;
mod seed;
mod senses;
mod situation;
mod suspicion;
mod words;
mod work;
mod zone;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::world as testing;

use tenants::account::Account;
use tenants::conversation::{Conversation, direct_key};
use tenants::event::{InboxEvent, Person};
use tenants::ports::TenantContext;

use crate::Ports;

pub use approvals::{Asked, Verdict, VerdictError, approve};
pub use error::DecideError;
pub use moved_on::MovedOn;
pub use outside::{OutsideSend, SendRefused, WordProblem, check_post_words, queue_outside};
pub use preview::{PreviewText, preview};
pub use rules::RuleSet;
pub use situation::{ConversationsOf, Decided, Situation, conversations_of};

pub(crate) use before::Before;
pub(crate) use circumstances::Circumstances;
pub(crate) use configuration::{parts_of, put_together};
use heard::{Heard, Place};
use matter::{Matter, matter_of};
pub(crate) use recall::SHOWN;
use record::Audited;
pub(crate) use senses::{DecisionReads, MemoryReads, MentionReads, Senses};

/// Decides about an event. Nothing is stored and nothing is sent: commit [`Decided::changes`].
///
/// Deciding the same event again gives effects with the same idempotency keys, so a lost commit does no harm.
///
/// # Errors
/// [`DecideError::Retry`] while the database, a model or Instagram does not answer, [`DecideError::Broken`] when
/// the event can never be decided.
pub async fn decide(ports: &Ports, situation: &Situation) -> Result<Decided, DecideError> {
    decide_by(ports.senses(), situation).await
}

/// The same for whoever has nothing but senses.
pub(crate) async fn decide_by(ports: Senses<'_>, situation: &Situation) -> Result<Decided, DecideError> {
    let event = &situation.event;
    let account = event.account.and_then(|id| situation.context.accounts.iter().find(|known| known.id == id));
    let matter = matter_of(event, account, ports.clock.now());
    if let Matter::Tick = matter {
        return Ok(notes::tick(ports, situation));
    }
    let account = account.ok_or_else(|| account_is_missing(event))?;
    match matter {
        Matter::Tick => Ok(notes::tick(ports, situation)),
        Matter::Said(heard) => {
            let direct = situation.direct.clone().filter(|_| !heard.is_direct());
            said::decide_text(ports, situation, account, &heard, direct).await
        }
        Matter::Mentioned { media_id, comment_id } => {
            decide_mention(ports, situation, account, media_id, comment_id).await
        }
        Matter::Own(own) => own_text::record_own_words(ports, situation, account, &own).await,
        Matter::Deleted { mid } => Ok(notes::forget(ports, situation, account.id, &mid)),
        Matter::Edited { mid, text } => Ok(notes::edit(ports, situation, account.id, &mid, &text)),
        Matter::Noted(what) => Ok(notes::note(ports, situation, what, Audited::Yes)),
        Matter::Passing(what) => Ok(notes::note(ports, situation, what, Audited::No)),
    }
}

fn account_is_missing(event: &InboxEvent) -> DecideError {
    let reason = match event.account {
        Some(account) => format!("the tenant has no account {account} any more"),
        None => "it names no account".to_owned(),
    };
    DecideError::broken(reason)
}

/// A mention's webhook carries ids only: the text is read first.
async fn decide_mention(
    ports: Senses<'_>,
    situation: &Situation,
    account: &Account,
    media_id: String,
    comment_id: Option<String>,
) -> Result<Decided, DecideError> {
    let event = &situation.event;
    let text = match ports.messenger.read_mention(account, &media_id, comment_id.as_deref()).await {
        Ok(text) => text,
        Err(error) => match DecideError::from_messenger(error, event.attempts) {
            Some(retry) => return Err(retry),
            None => None,
        },
    };
    let Some(text) = text else {
        return Ok(notes::note(ports, situation, "the mention is gone or private", Audited::Yes));
    };
    let written_at = event.occurred_at.min(ports.clock.now());
    if account.is_self(&text.author.id, text.author.username.as_deref()) {
        return Ok(notes::note(ports, situation, "the account mentions itself", Audited::No));
    }
    let direct = direct_with(ports, &situation.context, account, &text.author, event.attempts).await?;
    let place = Place::Mention { media_id, comment_id };
    let heard = Heard { place, author: text.author, text: text.text, attachments: Vec::new(), written_at };
    said::decide_text(ports, situation, account, &heard, direct).await
}

/// Our direct messages with a person, if there are any.
async fn direct_with(
    ports: Senses<'_>,
    context: &TenantContext,
    account: &Account,
    person: &Person,
    attempts: u32,
) -> Result<Option<Conversation>, DecideError> {
    if person.id.is_empty() {
        return Ok(None);
    }
    let keys = [(account.id, direct_key(&person.id))];
    let found = ports.store.load_conversations(&context.tenant.id, &keys).await;
    Ok(found.map_err(|error| DecideError::from_store(error, attempts))?.pop())
}
