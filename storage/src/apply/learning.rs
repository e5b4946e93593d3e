//! Stores verdicts of people and what is learned from them.

use tenants::changes::Change;
use tenants::ids::TenantId;
use tenants::verdict::Verdict;

use super::schedule::Group;
use super::tenants::tenant_of;
use crate::db::{Connection, run};
use crate::failure::Failure;
use crate::statement::statements;
use crate::types::{Doc, Moment, text};

statements! {
    ADD_VERDICT {
        "insert into verdicts (id, tenant_id, source, approval_id, event_id, decision_id, text, basis, language, intent, \
         confidence, undoubted, prompt, model, cost_micro_usd, latency_us, verdict, corrected_intent, edit_distance, \
         decided_by, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
         $20, $21)"
    }
}

pub(crate) async fn apply(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    for item in group {
        let tenant = tenant_of(item.chain)?;
        if let Change::AddVerdict(verdict) = item.change {
            add(connection, tenant, verdict).await?;
        }
    }
    Ok(())
}

async fn add(connection: &mut Connection, tenant: TenantId, verdict: &Verdict) -> Result<(), Failure> {
    let found = verdict.basis.classification.as_ref();
    let writer = verdict.basis.written_by.as_ref();
    run!(
        connection,
        ADD_VERDICT,
        verdict.id.0,
        tenant.0,
        verdict.source.as_str(),
        verdict.approval.map(|approval| approval.0),
        verdict.event.0,
        verdict.decision.0,
        text(&verdict.text),
        Doc(&verdict.basis),
        found.and_then(|found| found.language).map(|language| language.as_str()),
        verdict.intent().map(|intent| intent.as_str()),
        found.map(|found| found.confidence),
        verdict.basis.undoubted,
        writer.and_then(|writer| writer.prompt.as_deref().map(text)),
        writer.map(|writer| text(&writer.model)),
        verdict.cost().0,
        verdict.latency_us(),
        verdict.verdict.as_str(),
        verdict.corrected_intent.map(|intent| intent.as_str()),
        verdict.edit_distance,
        text(&verdict.by),
        Moment(verdict.at)
    )
    .map_err(|failure| {
        failure.when_taken(|| format!("a verdict on {} was given already", verdict.decision))
    })?;
    Ok(())
}
