//! What learning commits, with the entries and alerts that tell people.

use serde_json::json;
use tenants::alert::{AlertType, NewAlert};
use tenants::audit::{Chain, NewAuditEntry};
use tenants::autonomy::EarnedMode;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, AlertId, AuditId, Ids};
use tenants::tuning::{Learned, Lesson};

use super::LEARNING;

/// Stores a lesson. A threshold that moved is told in the audit log: from there on other texts go to other models.
pub(super) fn learn(changes: &mut Changes, before: &Learned, lesson: Lesson, ids: &Ids) {
    if let Some(next) = &lesson.next
        && next.learned.tuning.local_from != before.tuning.local_from
    {
        let details = json!({
            "version": next.learned.tuning.version,
            "before": before.tuning.local_from,
            "after": next.learned.tuning.local_from,
            "reason": next.reason,
        });
        let entry = entry(changes, ("learning.threshold_moved", "learn"), LEARNING, details, next.at, ids);
        changes.push(entry);
    }
    changes.list.insert(0, Change::Learn(Box::new(lesson)));
}

/// Stores that an intent begins or ceases to act by itself, and tells everybody.
pub(super) fn move_mode(
    changes: &mut Changes,
    agency: Option<AgencyId>,
    before: &EarnedMode,
    after: EarnedMode,
    ids: &Ids,
) {
    let Chain::Tenant(tenant) = changes.chain else { return };
    let (intent, at) = (after.intent, after.since);
    let key = |mode: &EarnedMode| format!("autonomy:{tenant}:{intent}:{}", mode.state);
    let details = json!({
        "intent": intent,
        "before": before.state,
        "after": after.state,
        "because": after.reason,
        "agreed": after.agreement.agreed,
        "of": after.agreement.of,
        "surely_at_least": after.agreement.lower(),
        "bar": after.bar,
        "not_again_before": after.not_before,
    });
    let (alert_type, names, message) = if after.is_acting() {
        let message =
            format!("From now on {} answered without a person: {}", intent.texts_are(), after.reason);
        (AlertType::AutonomyEarned, ("autonomy.earned", "promote"), message)
    } else {
        let message =
            format!("From now on {} drafted for a person again: {}", intent.texts_are(), after.reason);
        (AlertType::AutonomyLost, ("autonomy.lost", "demote"), message)
    };
    let alert = NewAlert {
        id: AlertId::new(ids),
        agency,
        tenant: Some(tenant),
        severity: None,
        alert_type,
        message,
        details: details.clone(),
        dedup_key: key(&after),
    };
    let entry = entry(changes, names, LEARNING, details, at, ids);
    changes.push(Change::ResolveAlert { dedup_key: key(before), by: LEARNING.to_owned(), at });
    changes.push(Change::RaiseAlert(Box::new(alert), at));
    changes.push(entry);
    changes.push(Change::PutEarnedMode(Box::new(after)));
}

/// An entry about the tenant.
pub(super) fn entry(
    changes: &Changes,
    (event_type, action): (&str, &str),
    actor: &str,
    details: serde_json::Value,
    at: Timestamp,
    ids: &Ids,
) -> Change {
    let tenant = match changes.chain {
        Chain::Tenant(tenant) => tenant.to_string(),
        Chain::Agency(agency) => agency.to_string(),
    };
    Change::Audit(Box::new(NewAuditEntry {
        id: AuditId::new(ids),
        event_type: event_type.to_owned(),
        action: action.to_owned(),
        resource_type: "tenant".to_owned(),
        resource_id: tenant,
        actor: actor.to_owned(),
        success: true,
        error: None,
        details: details.into(),
        at,
    }))
}
