//! What language models were asked and what that cost, as it is read. The rows are written by `apply::ledger`.

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::ids::{AgencyId, CallId, EventId, TenantId};
use tenants::models::{CallOutcome, LlmCall, Task};
use tenants::money::MicroUsd;
use tenants::ports::{CallFilter, CostKeys, CostReports, CostSum, Period, StoreError, TimePosition};
use uuid::Uuid;

use crate::Database;
use crate::db::rows;
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Moment, Word, count, maybe_text};

macro_rules! sums {
    () => {
        "select task, provider, model, prompt, count(*) as calls, \
         cast(sum(case when outcome = 'answered' then 0 else 1 end) as bigint) as unanswered, \
         cast(sum(case when is_estimate then 1 else 0 end) as bigint) as estimates, \
         cast(sum(tokens_in) as bigint) as tokens_in, cast(sum(tokens_cached) as bigint) as tokens_cached, \
         cast(sum(tokens_out) as bigint) as tokens_out, cast(sum(case when cost_micro_usd > 1000000000000 then 1000000000000 else cost_micro_usd end) as bigint) \
         as cost_micro_usd, \
         max(case when place = (many * 50 + 99) / 100 then latency_us end) as p50_us, \
         max(case when place = (many * 95 + 99) / 100 then latency_us end) as p95_us from (select *, \
         row_number() over (partition by task, provider, model, prompt order by latency_us) as place, \
         count(*) over (partition by task, provider, model, prompt) as many from (select \
         case when $4 then task end as task, case when $5 then provider end as provider, \
         case when $6 then model end as model, case when $7 then prompt end as prompt, tokens_in, tokens_cached, \
         tokens_out, cost_micro_usd, is_estimate, latency_us, outcome from llm_calls "
    };
}
macro_rules! summed {
    () => {
        " and at >= $2 and at < $3 and outcome <> 'cached') as told_apart) as placed group by task, provider, model, prompt \
         order by cost_micro_usd desc, calls desc, task, provider, model, prompt"
    };
}

statements! {
    LIST_CALLS {
        "select id, tenant_id, task, event_id, provider, model, prompt, tokens_in, tokens_cached, tokens_out, \
         cost_micro_usd, is_estimate, latency_us, attempt, fallback_reason, outcome, error, at from llm_calls \
         where tenant_id = $1 and (at, id) < ($2, $3) and (task = $4 or $4 is null) and (model = $5 or provider || '/' || model = $5 or $5 is null) \
         and (outcome = $6 or $6 is null) and (event_id = $7 or $7 is null) order by at desc, id desc limit $8"
    }
    TENANT_COSTS { (columns sums) "where tenant_id = $1" (columns summed) }
    AGENCY_COSTS {
        (columns sums) "where tenant_id in (select id from tenants where agency_id = $1)" (columns summed)
    }
}

/// Later than any call.
#[derive(FromRow)]
struct CallRow {
    id: Uuid,
    tenant_id: Uuid,
    task: Word<Task>,
    event_id: Option<Uuid>,
    provider: String,
    model: String,
    prompt: Option<String>,
    tokens_in: i64,
    tokens_cached: i64,
    tokens_out: i64,
    cost_micro_usd: i64,
    is_estimate: bool,
    latency_us: i64,
    attempt: i64,
    fallback_reason: Option<String>,
    outcome: Word<CallOutcome>,
    error: Option<String>,
    at: Moment,
}

impl From<CallRow> for LlmCall {
    fn from(row: CallRow) -> Self {
        LlmCall {
            id: CallId(row.id),
            tenant: TenantId(row.tenant_id),
            task: row.task.0,
            event: row.event_id.map(EventId),
            provider: row.provider,
            model: row.model,
            prompt: row.prompt,
            tokens_in: count(row.tokens_in),
            tokens_cached: count(row.tokens_cached),
            tokens_out: count(row.tokens_out),
            cost: MicroUsd(row.cost_micro_usd),
            is_estimate: row.is_estimate,
            latency_us: row.latency_us,
            attempt: count(row.attempt),
            fallback_reason: row.fallback_reason,
            outcome: row.outcome.0,
            error: row.error,
            at: row.at.0,
        }
    }
}

#[derive(FromRow)]
struct SumRow {
    task: Option<Word<Task>>,
    provider: Option<String>,
    model: Option<String>,
    prompt: Option<String>,
    calls: i64,
    unanswered: i64,
    estimates: i64,
    tokens_in: i64,
    tokens_cached: i64,
    tokens_out: i64,
    cost_micro_usd: i64,
    p50_us: i64,
    p95_us: i64,
}

impl From<SumRow> for CostSum {
    fn from(row: SumRow) -> Self {
        CostSum {
            task: row.task.map(|task| task.0),
            provider: row.provider,
            model: row.model,
            prompt: row.prompt,
            calls: row.calls,
            unanswered: row.unanswered,
            estimates: row.estimates,
            tokens_in: row.tokens_in,
            tokens_cached: row.tokens_cached,
            tokens_out: row.tokens_out,
            cost: MicroUsd(row.cost_micro_usd),
            p50_us: row.p50_us,
            p95_us: row.p95_us,
        }
    }
}

macro_rules! costs {
    ($database:expr, $statement:expr, $scope:expr, $period:expr, $by:expr) => {{
        let CostKeys { task, provider, model, prompt } = $by;
        let (from, until) = (Moment($period.from), Moment($period.until));
        let reader = $database.reader();
        rows!(reader, SumRow, $statement, $scope, from, until, task, provider, model, prompt).map(all)
    }};
}

#[async_trait]
impl CostReports for Database {
    async fn list_calls(
        &self,
        tenant: &TenantId,
        filter: &CallFilter,
        after: Option<TimePosition>,
        limit: u32,
    ) -> Result<Vec<LlmCall>, StoreError> {
        let after = after.unwrap_or(TimePosition::END_OF_TIME);
        rows!(
            self.reader(),
            CallRow,
            LIST_CALLS,
            tenant.0,
            Moment(after.at),
            after.id,
            filter.task.map(Task::as_str),
            maybe_text(&filter.model),
            filter.outcome.map(CallOutcome::as_str),
            filter.event.map(|event| event.0),
            i64::from(limit)
        )
        .map(all)
    }

    async fn tenant_costs(
        &self,
        tenant: &TenantId,
        period: Period,
        by: CostKeys,
    ) -> Result<Vec<CostSum>, StoreError> {
        costs!(self, TENANT_COSTS, tenant.0, period, by)
    }

    async fn agency_costs(
        &self,
        agency: &AgencyId,
        period: Period,
        by: CostKeys,
    ) -> Result<Vec<CostSum>, StoreError> {
        costs!(self, AGENCY_COSTS, agency.0, period, by)
    }
}
