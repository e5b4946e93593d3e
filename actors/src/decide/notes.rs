//! Events that are only taken note of: edits, deletions, reactions, read receipts, ticks.

use serde_json::json;
use tenants::alert::{AlertType, NewAlert};
use tenants::changes::{Change, Changes};
use tenants::event::EventKind;
use tenants::ids::{AccountId, AlertId};

use super::record::{Audited, record};
use super::senses::Senses;
use super::situation::{Decided, Situation};

/// The sender took a message back: its text goes.
pub(super) fn forget(ports: Senses<'_>, situation: &Situation, account: AccountId, mid: &str) -> Decided {
    let change = Change::ForgetMessage { account, external_id: mid.to_owned() };
    record(ports, situation, vec![change], "a message was taken back", situation.thread.clone(), Audited::Yes)
}

/// The sender changed a message.
pub(super) fn edit(
    ports: Senses<'_>,
    situation: &Situation,
    account: AccountId,
    mid: &str,
    text: &str,
) -> Decided {
    let change = Change::EditMessage { account, external_id: mid.to_owned(), text: text.to_owned() };
    record(ports, situation, vec![change], "a message was changed", situation.thread.clone(), Audited::Yes)
}

/// Anything else that is worth a line, or not even that.
pub(super) fn note(ports: Senses<'_>, situation: &Situation, what: &str, audited: Audited) -> Decided {
    let mut list = Vec::new();
    if situation.event.kind == EventKind::PolicyEnforcement {
        let alert = policy_alert(ports, situation);
        list.push(Change::RaiseAlert(Box::new(alert), ports.clock.now()));
    }
    record(ports, situation, list, what, situation.thread.clone(), audited)
}

/// A tick: its role's actor has nothing to do here, so nothing is recorded but its end.
pub(super) fn tick(ports: Senses<'_>, situation: &Situation) -> Decided {
    let event = &situation.event;
    let done = Change::EventDone { event: event.id, at: ports.clock.now() };
    let changes = Changes::of_tenant(event.tenant).with(done);
    Decided { decision: None, changes, thread: None, direct: None }
}

fn policy_alert(ports: Senses<'_>, situation: &Situation) -> NewAlert {
    let (context, event) = (&situation.context, &situation.event);
    let name = context.accounts.iter().find(|account| Some(account.id) == event.account);
    let name = name.map_or("an account", |account| account.username.as_str());
    NewAlert {
        id: AlertId::new(ports.ids),
        agency: Some(context.tenant.agency),
        tenant: Some(context.tenant.id),
        alert_type: AlertType::ContentViolation,
        severity: None,
        message: format!(
            "Instagram warned, blocked or unblocked {name}: look at the event and at the account"
        ),
        details: json!({ "event": event.id, "account": event.account }),
        dedup_key: format!("policy:{}", event.external_id),
    }
}
