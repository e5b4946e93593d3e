//! Entries of the audit log.

use serde::Serialize;
use serde_json::json;
use tenants::audit::{Details, NewAuditEntry};
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::conversation::Conversation;
use tenants::decision::Decision;
use tenants::event::{EventKind, InboxEvent};
use tenants::ids::{AuditId, ConversationId, Ids};

use super::circumstances::Circumstances;
use super::recall::{RecalledFact, SHOWN};
use super::situation::Situation;

/// What is recorded of a decision.
#[derive(Serialize)]
struct DecisionDetails<'a> {
    #[serde(flatten)]
    decision: &'a Decision,
    event_kind: EventKind,
    conversation: Option<ConversationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incoming_text: Option<&'a str>,
    situation: &'a Circumstances,
}

/// Keeps the configuration that a decision is made with, unless it is kept already, and gives its name.
pub(super) fn keep_configuration<'s>(situation: &'s Situation, changes: &mut Changes) -> &'s str {
    let configuration = situation.rules.configuration(&situation.context);
    if let Some(parts) = configuration.to_keep() {
        changes.push(Change::KeepConfiguration(parts));
    }
    &configuration.hash
}

/// Keeps the recalled facts that are too long for the trace, unless they are kept already, and gives their names.
pub(super) fn keep_facts(
    situation: &Situation,
    recalled: &[RecalledFact],
    changes: &mut Changes,
) -> Vec<String> {
    let configuration = situation.rules.configuration(&situation.context);
    let long = recalled.iter().filter(|fact| fact.text.chars().nth(SHOWN - 1).is_some());
    let facts: Vec<_> = long.map(|fact| configuration.fact(&fact.text)).collect();
    let new: Vec<_> = facts.iter().filter(|(_, is_new)| *is_new).map(|(part, _)| part.clone()).collect();
    if !new.is_empty() {
        changes.push(Change::KeepConfiguration(new.into()));
    }
    facts.into_iter().map(|(part, _)| part.hash).collect()
}

/// A decision with all its reasons. `heard` is what was said and by whom.
pub(super) fn decision_made(
    event: &InboxEvent,
    decision: &Decision,
    thread: Option<&Conversation>,
    heard: Option<(&str, &str)>,
    circumstances: &Circumstances,
    ids: &Ids,
) -> NewAuditEntry {
    let details = DecisionDetails {
        decision,
        event_kind: event.kind,
        conversation: thread.map(|thread| thread.id),
        author: heard.map(|(author, _)| author),
        incoming_text: heard.map(|(_, text)| text),
        situation: circumstances,
    };
    NewAuditEntry {
        id: AuditId::new(ids),
        event_type: "decision.made".to_owned(),
        action: decision.outcome.as_str().to_owned(),
        resource_type: "decision".to_owned(),
        resource_id: decision.id.to_string(),
        actor: event.role().as_str().to_owned(),
        success: true,
        error: None,
        details: Details::of(&details),
        at: decision.decided_at,
    }
}

/// Something that happened to a conversation, such as `conversation.taken_over`.
pub(super) fn conversation_changed(
    event: &InboxEvent,
    thread: &Conversation,
    (event_type, action): (&str, &str),
    ids: &Ids,
    at: Timestamp,
) -> NewAuditEntry {
    NewAuditEntry {
        id: AuditId::new(ids),
        event_type: event_type.to_owned(),
        action: action.to_owned(),
        resource_type: "conversation".to_owned(),
        resource_id: thread.id.to_string(),
        actor: event.role().as_str().to_owned(),
        success: true,
        error: None,
        details:
            json!({ "event": event.id, "event_kind": event.kind, "person": thread.person, "key": thread.key })
                .into(),
        at,
    }
}
