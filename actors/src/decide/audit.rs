//! Entries of the audit log.

use serde_json::{Value, json};
use tenants::audit::NewAuditEntry;
use tenants::clock::Timestamp;
use tenants::conversation::Conversation;
use tenants::decision::Decision;
use tenants::event::InboxEvent;
use tenants::ids::{AuditId, Ids};

/// A decision with all its reasons. `heard` is what was said and by whom.
pub(super) fn decision_made(
    event: &InboxEvent,
    decision: &Decision,
    thread: Option<&Conversation>,
    heard: Option<(&str, &str)>,
    ids: &Ids,
) -> NewAuditEntry {
    let mut details = json!(decision);
    if let Value::Object(fields) = &mut details {
        fields.insert("event_kind".to_owned(), json!(event.kind));
        fields.insert("conversation".to_owned(), json!(thread.map(|thread| thread.id)));
        if let Some((author, text)) = heard {
            fields.insert("author".to_owned(), json!(author));
            fields.insert("incoming_text".to_owned(), json!(text));
        }
    }
    NewAuditEntry {
        id: AuditId::new(ids),
        event_type: "decision.made".to_owned(),
        action: decision.outcome.as_str().to_owned(),
        resource_type: "decision".to_owned(),
        resource_id: decision.id.to_string(),
        actor: event.role().as_str().to_owned(),
        success: true,
        error: None,
        details,
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
        details: json!({ "event": event.id, "event_kind": event.kind, "person": thread.person, "key": thread.key }),
        at,
    }
}
