//! Notices that others commit with what they are about.

use serde_json::json;
use tenants::account::Tenant;
use tenants::alert::Severity;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::conversation::{Conversation, Owner};
use tenants::ids::{Ids, NoticeId};
use tenants::notice::{Notice, NoticeKind};

/// A conversation has changed hands. The notice is of the tenant.
pub fn owner_changed(tenant: &Tenant, thread: &Conversation, by: &str, ids: &Ids, now: Timestamp) -> Change {
    let who =
        thread.person.username.as_ref().map_or_else(|| thread.person.id.clone(), |name| format!("@{name}"));
    let subject = match thread.owner {
        Owner::Human => format!("{}: a person answers {who} now", tenant.name),
        Owner::Bot => format!("{}: Troupe answers {who} again", tenant.name),
    };
    let text = match thread.owner {
        Owner::Human => "Troupe says nothing in this conversation until it is handed back.",
        Owner::Bot => "The conversation was handed back.",
    };
    Change::AddNotice(Box::new(Notice {
        id: NoticeId::new(ids),
        agency: tenant.agency,
        tenant: Some(tenant.id),
        kind: NoticeKind::TakeOver,
        severity: Severity::Info,
        person: Some(thread.person.id.clone()),
        dedup_key: format!("owner:{}:{}", thread.id, thread.owner_since.as_micros()),
        subject,
        text: text.to_owned(),
        html: None,
        data: json!({
            "conversation": thread.id, "owner": thread.owner, "by": by, "tenant": tenant.id,
        }),
        created_at: now,
    }))
}
