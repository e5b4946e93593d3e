//! Verdicts on decisions that left without a person: feedback afterwards, and conversations that a person had to take
//! over.

use serde::Deserialize;
use tenants::audit::Chain;
use tenants::autonomy::{EarnedMode, TAKE_OVER_TIME};
use tenants::clock::Timestamp;
use tenants::decision::{Decision, Outcome};
use tenants::effect::Effect;
use tenants::ids::{ConversationId, DecisionId, Ids, TenantId, VerdictId};
use tenants::intent::Intent;
use tenants::money::MicroUsd;
use tenants::ports::{AuditFilter, EffectFilter, PageRequest, Store, StoreError};
use tenants::verdict::{Answerer, Basis, Verdict, VerdictKind, VerdictSource};

/// A decision as the audit log keeps it, with the text it is about.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct KeptDecision {
    /// The decision.
    #[serde(flatten)]
    pub decision: Decision,
    /// What was said to us; empty when nothing was.
    #[serde(default)]
    pub incoming_text: String,
}

/// Finds a decision of a tenant.
///
/// # Errors
/// Those of the database; an entry that cannot be read is corrupt.
pub async fn find_decision(
    store: &dyn Store,
    tenant: &TenantId,
    decision: &DecisionId,
) -> Result<Option<KeptDecision>, StoreError> {
    let filter = AuditFilter {
        event_type: Some("decision.made".to_owned()),
        resource_id: Some(decision.to_string()),
        ..AuditFilter::default()
    };
    let found = store.list_audit(&Chain::Tenant(*tenant), &filter, None, 1).await?.pop();
    let Some(entry) = found else { return Ok(None) };
    let kept = serde_json::from_str(entry.details.as_str());
    kept.map(Some).map_err(|error| StoreError::Corrupt(format!("{decision}: {error}")))
}

/// What a person says about a decision afterwards.
pub fn verdict_of_feedback(
    kept: &KeptDecision,
    is_right: bool,
    intent: Option<Intent>,
    by: &str,
    now: Timestamp,
    ids: &Ids,
) -> Verdict {
    let verdict = if is_right { VerdictKind::Approved } else { VerdictKind::Rejected };
    verdict_on(kept, VerdictSource::Feedback, verdict, intent, (by, now), ids)
}

/// The verdict of a person who takes a conversation over right after an answer that left by itself because its intent
/// had earned that. `None` when there was no such answer.
///
/// # Errors
/// Those of the database.
pub async fn verdict_of_take_over<'e>(
    store: &dyn Store,
    tenant: &TenantId,
    conversation: &ConversationId,
    earned: impl IntoIterator<Item = &'e EarnedMode>,
    (by, now): (&str, Timestamp),
    ids: &Ids,
) -> Result<Option<Verdict>, StoreError> {
    let acting: Vec<&EarnedMode> = earned.into_iter().filter(|mode| mode.is_acting()).collect();
    if acting.is_empty() {
        return Ok(None);
    }
    let filter = EffectFilter { conversation: Some(*conversation), ..EffectFilter::default() };
    let last = store.list_effects(tenant, &filter, PageRequest::first(1)).await?.pop();
    let is_recent =
        |effect: &Effect| now.since(effect.sent_at.unwrap_or(effect.created_at)) <= TAKE_OVER_TIME;
    let blamed =
        last.filter(|effect| !effect.approved_by_person && effect.action.speaks() && is_recent(effect));
    let Some(decision) = blamed.and_then(|effect| effect.decision) else { return Ok(None) };
    let Some(kept) = find_decision(store, tenant, &decision).await? else { return Ok(None) };
    let intent = kept.decision.classification.as_ref().map(|found| found.intent);
    let was_earned =
        acting.iter().any(|mode| Some(mode.intent) == intent && mode.since <= kept.decision.decided_at);
    let verdict = || verdict_on(&kept, VerdictSource::TakeOver, VerdictKind::Rejected, None, (by, now), ids);
    Ok(was_earned.then(verdict))
}

fn verdict_on(
    kept: &KeptDecision,
    source: VerdictSource,
    verdict: VerdictKind,
    corrected_intent: Option<Intent>,
    (by, at): (&str, Timestamp),
    ids: &Ids,
) -> Verdict {
    let decision = &kept.decision;
    let answerer = decision.model.as_ref().map(|model| Answerer {
        model: model.clone(),
        prompt: decision.prompt_version.clone(),
        cost: MicroUsd(decision.cost_micro_usd),
        latency_us: decision.latency_us,
    });
    Verdict {
        id: VerdictId::new(ids),
        source,
        approval: None,
        event: decision.event,
        decision: decision.id,
        text: kept.incoming_text.clone(),
        basis: Basis {
            classification: decision.classification.clone(),
            classified_by: None,
            written_by: answerer,
            undoubted: decision.outcome == Outcome::Act,
        },
        verdict,
        corrected_intent,
        edit_distance: None,
        by: by.to_owned(),
        at,
    }
}
