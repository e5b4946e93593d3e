//! A decision that only takes note of something.

use serde_json::Value;
use tenants::changes::{Change, Changes};
use tenants::conversation::Conversation;
use tenants::decision::{Outcome, Step};

use super::audit::{decision_made, keep_configuration};
use super::circumstances::Circumstances;
use super::decision::decision_of;
use super::judgement::Judgement;
use super::senses::Senses;
use super::situation::{Decided, Situation};
use super::work::Workings;

/// Whether a decision gets an entry in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audited {
    Yes,
    /// It comes with every reply of ours or every glance of a person, and says nothing that other entries do not.
    No,
}

/// Takes note, with these changes.
pub(super) fn record(
    ports: Senses<'_>,
    situation: &Situation,
    list: Vec<Change>,
    reason: &str,
    thread: Option<Conversation>,
    audited: Audited,
) -> Decided {
    let event = &situation.event;
    let mut work = Workings::default();
    work.note(Step::Outcome, format!("{}: {reason}", Outcome::Record), Value::Null);
    let judgement = Judgement::quiet(Outcome::Record, reason, work);
    let decision = decision_of(ports, event.id, situation.taken_up_at, &judgement);
    let mut changes = Changes::of_tenant(event.tenant);
    if audited == Audited::No {
        changes.list = list;
    } else {
        let with = keep_configuration(situation, &mut changes);
        changes.list.extend(list);
        let (before, direct) = (situation.thread.as_ref(), situation.direct.as_ref());
        let circumstances = Circumstances::new(decision.decided_at, with, before, direct);
        let entry = decision_made(event, &decision, thread.as_ref(), None, &circumstances, ports.ids);
        changes.push(Change::Audit(Box::new(entry)));
    }
    changes.push(Change::EventDone { event: event.id, at: decision.decided_at });
    Decided { decision: Some(decision), changes, thread, direct: situation.direct.clone() }
}
