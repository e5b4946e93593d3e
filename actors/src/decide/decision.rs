//! The decision as it is recorded.

use tenants::clock::Timestamp;
use tenants::decision::Decision;
use tenants::ids::{DecisionId, EventId};

use super::judgement::Judgement;
use super::senses::Senses;

/// Makes the record of a judgement.
pub(super) fn decision_of(
    ports: Senses<'_>,
    event: EventId,
    taken_up_at: Timestamp,
    judgement: &Judgement,
) -> Decision {
    let decided_at = ports.clock.now();
    let latency = decided_at.since(taken_up_at).as_micros();
    let work = &judgement.work;
    Decision {
        id: DecisionId::new(ports.ids),
        event,
        outcome: judgement.outcome,
        mode: judgement.mode,
        classification: work.classification.clone(),
        reason: judgement.reason.clone(),
        trace: work.trace.clone(),
        model: work.model.clone(),
        prompt_version: work.prompt_version.clone(),
        degraded: work.degraded.clone(),
        tokens_in: work.tokens_in,
        tokens_cached: work.tokens_cached,
        tokens_out: work.tokens_out,
        cost_micro_usd: work.cost_micro_usd,
        latency_us: i64::try_from(latency).unwrap_or(i64::MAX),
        decided_at,
    }
}
