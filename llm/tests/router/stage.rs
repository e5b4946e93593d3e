//! A router with everything around it.

use std::sync::Arc;
use std::time::Duration;

use prometheus::{Encoder, Registry, TextEncoder};
use serde_json::json;
use tenants::clock::{Clock, ManualClock, Timestamp};
use tenants::ids::{Ids, ReservationId, TenantId};
use tenants::models::{
    BudgetLine, BudgetScope, BudgetState, CallOutcome, LlmCall, Reservation, Reserved, Task,
};
use tenants::money::MicroUsd;
use tenants::ports::BudgetLedger;
use tenants::tasks::Tasks;
use troupe_llm::budget::NoWatch;
use troupe_llm::request::Schema;
use troupe_llm::testing::{MemoryLedger, ScriptedProvider};
use troupe_llm::{Catalogue, Input, LlmError, LlmMetrics, Payer, Reply, Request, Router, RouterParts};

/// The day all stories happen on.
pub const DAY: &str = "2026-03-02";
const NOON: i64 = 1_772_452_800_000_000;

/// Every task asks `near/small` first and `far/large` then. A token of the small one costs 1 micro-dollar in and 2 out,
/// of the large one ten times as much; `far/unlisted` has no price.
const CATALOGUE: &str = r#"
[calling]
first_pause_ms = 200
longest_pause_ms = 5000
reserve_quantile = 0.9
reservation_grace_ms = 60000
cache_entries = 100

[breaker]
failures_to_open = 3
open_us = 30000000
open_max_us = 300000000
probes = 1
successes_to_close = 1
probe_timeout_us = 60000000

[providers.near]
protocol = "openai"
base_url = "http://near.example"
concurrency = 4

[providers.far]
protocol = "anthropic"
base_url = "http://far.example"
concurrency = 4

[models."near/small"]
price = { input = 1000000, cached = 500000, output = 2000000 }
keeps_schema = false

[models."far/large"]
price = { input = 10000000, cached = 1000000, output = 20000000 }
temperature = false

[embedding]
models = ["near/vectors"]
timeout_ms = 2000
deadline_ms = 20000
tries = 2
"#;

pub struct Stage {
    pub router: Router,
    pub provider: Arc<ScriptedProvider>,
    pub ledger: Arc<MemoryLedger>,
    pub clock: Arc<ManualClock>,
    pub tasks: Tasks,
    pub tenant: TenantId,
    pub registry: Registry,
    pub limit: MicroUsd,
    pub ids: Ids,
}

impl Stage {
    pub fn new() -> Self {
        Self::with("")
    }

    /// With some TOML after the tables of the catalogue.
    pub fn with(more: &str) -> Self {
        let clock = Arc::new(ManualClock::at(NOON));
        let provider = ScriptedProvider::new(clock.clone());
        let ids = Ids::seeded(clock.clone(), 7);
        Self::assemble(clock, provider, Arc::default(), ids, more)
    }

    /// A new process over the same ledger and the same provider.
    pub fn restarted(&self) -> Self {
        let (clock, provider, ledger) = (self.clock.clone(), self.provider.clone(), self.ledger.clone());
        Self { tenant: self.tenant, ..Self::assemble(clock, provider, ledger, self.ids.clone(), "") }
    }

    fn assemble(
        clock: Arc<ManualClock>,
        provider: Arc<ScriptedProvider>,
        ledger: Arc<MemoryLedger>,
        ids: Ids,
        more: &str,
    ) -> Self {
        let (tasks, registry) = (Tasks::default(), Registry::new());
        let parts = RouterParts {
            ledger: ledger.clone(),
            watch: Arc::new(NoWatch),
            clock: clock.clone(),
            ids: ids.clone(),
            tasks: tasks.clone(),
            metrics: LlmMetrics::register(&registry).unwrap(),
        };
        let router = Router::new(parts, catalogue(more), &provider).unwrap();
        let tenant = TenantId::new(&ids);
        let limit = MicroUsd(1_000_000_000);
        Self { router, provider, ledger, clock, tasks, tenant, registry, limit, ids }
    }

    /// With a tenant's budget of so many micro-dollars.
    pub fn limited(mut self, micros: i64) -> Self {
        self.limit = MicroUsd(micros);
        self
    }

    pub fn payer(&self) -> Payer {
        self.payer_of(self.tenant)
    }

    pub fn payer_of(&self, tenant: TenantId) -> Payer {
        Payer::new(tenant, vec![self.line(tenant)]).unwrap()
    }

    pub fn line(&self, tenant: TenantId) -> BudgetLine {
        let scope = BudgetScope::Tenant(tenant);
        BudgetLine { scope, day: DAY.to_owned(), limit: self.limit, resets_at: midnight() }
    }

    pub fn request(&self, task: Task, text: &str) -> Request {
        Request::new(self.payer(), task, Input::text("Be kind.", text))
    }

    /// A caption is asked for, and the clock moves for as long as it takes.
    pub async fn caption(&self, text: &str) -> Result<Reply, LlmError> {
        self.run(self.router.complete(self.request(Task::Caption, text))).await
    }

    /// Lets the clock move by 10 ms whenever nothing else does, until the future ends.
    pub async fn run<F: Future>(&self, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        loop {
            for _ in 0..20 {
                tokio::select! {
                    biased;
                    output = &mut future => return output,
                    () = tokio::task::yield_now() => {}
                }
            }
            self.clock.advance(Duration::from_millis(10));
        }
    }

    /// Another part of the program sets so much of the tenant's budget aside.
    pub async fn elsewhere(&self, micros: i64) -> MicroUsd {
        let at = self.clock.now();
        let reservation = Reservation {
            id: ReservationId::new(&self.ids),
            tenant: self.tenant,
            task: Task::Plan,
            amount: MicroUsd(micros),
            lines: vec![self.line(self.tenant)],
            at,
            expires_at: at + Duration::from_secs(3_600),
        };
        assert_eq!(self.ledger.reserve(reservation).await.unwrap(), Reserved::Granted);
        MicroUsd(micros)
    }

    /// Lets everything end that needs no time.
    pub async fn settled_down(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    /// Time since noon.
    pub fn now(&self) -> Duration {
        self.clock.now().since(Timestamp::from_micros(NOON))
    }

    /// When each call came, since noon.
    pub fn asked_at(&self) -> Vec<Duration> {
        let noon = Timestamp::from_micros(NOON);
        self.provider.asked().iter().map(|asked| asked.at.since(noon)).collect()
    }

    /// The models that were asked, in order.
    pub fn asked(&self) -> Vec<String> {
        self.provider.asked().into_iter().map(|asked| asked.model).collect()
    }

    /// The stored calls, once all money is settled.
    pub async fn calls(&self) -> Vec<LlmCall> {
        self.run(self.ledger.all_settled()).await;
        self.ledger.calls()
    }

    /// The stored calls as `model outcome cost`.
    pub async fn bill(&self) -> Vec<String> {
        let line = |call: &LlmCall| {
            let estimate = if call.is_estimate { "about " } else { "" };
            format!("{} {} {estimate}{}", call.model, call.outcome, call.cost.0)
        };
        self.calls().await.iter().map(line).collect()
    }

    pub async fn outcomes(&self) -> Vec<CallOutcome> {
        self.calls().await.iter().map(|call| call.outcome).collect()
    }

    /// The tenant's budget, once all money is settled.
    pub async fn budget(&self) -> BudgetState {
        self.run(self.ledger.all_settled()).await;
        let scope = BudgetScope::Tenant(self.tenant);
        self.ledger.find_budget(&scope, DAY).await.unwrap().expect("something was reserved")
    }

    /// All metrics, as they are read.
    pub fn metrics(&self) -> String {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }
}

pub fn catalogue(more: &str) -> Catalogue {
    let task = |task: &Task| {
        format!(
            "[tasks.{task}]\nmodels = [\"near/small\", \"far/large\"]\ntimeout_ms = 2000\ndeadline_ms = 20000\ntries = 2\ntemperature = 0.4\n"
        )
    };
    let tasks: String = Task::ALL.iter().map(task).collect();
    let mut table: toml::Table = format!("{CATALOGUE}\n{tasks}").parse().unwrap();
    for (key, value) in more.parse::<toml::Table>().unwrap() {
        lay_over(&mut table, key, value);
    }
    Catalogue::alone(&table.to_string()).unwrap()
}

fn lay_over(below: &mut toml::Table, key: String, value: toml::Value) {
    match (below.get_mut(&key), value) {
        (Some(toml::Value::Table(below)), toml::Value::Table(above)) => {
            above.into_iter().for_each(|(key, value)| lay_over(below, key, value));
        }
        (_, value) => {
            below.insert(key, value);
        }
    }
}

pub fn midnight() -> Timestamp {
    Timestamp::from_micros(NOON + 12 * 3_600 * 1_000_000)
}

pub fn intent_schema() -> Schema {
    let schema = json!({
        "type": "object",
        "properties": { "intent": { "enum": ["praise", "question"] } },
        "required": ["intent"],
    });
    Schema { name: "classification".to_owned(), schema }
}
