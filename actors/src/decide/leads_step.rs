//! What a text says about a lead. It changes nothing about the decision.

use std::collections::BTreeMap;

use tenants::changes::Change;
use tenants::ids::{LeadId, NoticeId};
use tenants::intent::Intent;
use tenants::lead::{Fact, LeadNote};
use tenants::policy::SilenceReason;

use super::judgement::Judgement;
use super::said::Text;
use crate::leads::facts_in;

/// What there is to note; `None` where nothing was said, or nothing may be kept.
pub(super) fn lead_note(text: &Text<'_>, judgement: &Judgement) -> Option<Change> {
    let settings = &text.situation.context.settings;
    let author = &text.heard.author;
    // Whoever wants to be left alone, and whom the tenant blocks, is no lead. A conversation of a person's is.
    let may_keep = matches!(judgement.silence, None | Some(SilenceReason::HumanHasThread));
    if !settings.comms.qualify_leads || !may_keep || author.id.is_empty() {
        return None;
    }
    let found = judgement.work.classification.as_ref();
    let interest = found
        .filter(|found| found.intent == Intent::Lead && !found.crisis)
        .filter(|found| found.confidence >= settings.min_confidence)
        .map(|found| found.confidence);
    let message = text.heard.message_id().or(text.heard.comment_id()).map(str::to_owned);
    let event = text.situation.event.id;
    let fact = |value: String| Fact { value, event, message: message.clone(), at: text.heard.written_at };
    let facts: BTreeMap<_, _> = facts_in(&text.heard.text, interest.is_some())
        .into_iter()
        .map(|(field, value)| (field, fact(value)))
        .collect();
    // A fact in public is not for us unless the person wants something of us.
    let is_worth_it = interest.is_some() || (text.heard.is_direct() && !facts.is_empty());
    is_worth_it.then(|| {
        Change::NoteLead(Box::new(LeadNote {
            lead: LeadId::new(text.ports.ids),
            notice: NoticeId::new(text.ports.ids),
            account: text.thread.account,
            conversation: text.thread.id,
            person: author.clone(),
            interest,
            facts,
            event,
            at: text.now,
        }))
    })
}
