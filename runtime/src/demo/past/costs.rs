//! What language models would have cost in the two weeks before: the demo itself asks none.

use std::time::Duration;

use tenants::ids::{CallId, ReservationId};
use tenants::models::{CallOutcome, LlmCall, Task};
use tenants::money::MicroUsd;
use tenants::ports::BudgetLedger;

use super::super::stage::{Brand, Stage};
use super::{ids, noise};

const DAYS: i64 = 14;
/// Kind of work, model, tokens in and out, cost of one call.
const WORK: [(Task, &str, &str, u32, u32, i64, u32); 5] = [
    (Task::Classify, "moonshot", "kimi-k2.5", 620, 40, 480, 9),
    (Task::ShortReply, "moonshot", "kimi-k2.5", 1_150, 90, 930, 6),
    (Task::Caption, "moonshot", "kimi-k2.5", 900, 180, 1_080, 1),
    (Task::Report, "anthropic", "claude-opus-4-6", 3_800, 900, 41_500, 1),
    (Task::Crisis, "anthropic", "claude-opus-4-6", 1_900, 350, 18_250, 1),
];

pub(super) async fn remember(stage: &Stage, brand: &Brand, index: usize) -> anyhow::Result<()> {
    let foundations = stage.node.foundations();
    let now = foundations.clock.now();
    let mut calls = Vec::new();
    for ago in 1..=DAYS {
        for (salt, (task, provider, model, tokens_in, tokens_out, cost, most)) in WORK.into_iter().enumerate()
        {
            let times = (f64::from(most) * (0.4 + noise(index, ago, salt as u64))).round() as u64;
            for time in 0..times {
                let earlier = Duration::from_secs(ago.unsigned_abs() * 86_400 + time * 1_800);
                let luck = 0.7 + 0.6 * noise(index, ago, salt as u64 * 31 + time);
                calls.push(LlmCall {
                    id: CallId::new(ids(stage)),
                    tenant: brand.tenant.id,
                    task,
                    event: None,
                    provider: provider.to_owned(),
                    model: model.to_owned(),
                    prompt: None,
                    tokens_in: (f64::from(tokens_in) * luck) as u32,
                    tokens_cached: 0,
                    tokens_out: (f64::from(tokens_out) * luck) as u32,
                    cost: MicroUsd((cost as f64 * luck) as i64),
                    is_estimate: false,
                    latency_us: (900_000.0 * luck) as i64,
                    attempt: 1,
                    fallback_reason: None,
                    outcome: CallOutcome::Answered,
                    error: None,
                    at: now - earlier,
                });
            }
        }
    }
    // Nothing was set aside for them: of such a reservation only the calls are kept.
    foundations.database.settle(&ReservationId::new(ids(stage)), calls).await?;
    Ok(())
}
