//! Who calls the stub, and by which way.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use llm::budget::NoWatch;
use llm::provider::HttpProviders;
use llm::request::CacheScope;
use llm::{Catalogue, Input, LlmMetrics, Payer, Request, Router, RouterParts};
use runtime::administration::Act;
use serde_json::{Value, json};
use storage::testing::TestDatabase;
use tenants::clock::{Clock, SystemClock, Timestamp};
use tenants::ids::Ids;
use tenants::models::{BudgetLine, BudgetScope, Share, Task};
use tenants::money::MicroUsd;
use tenants::ports::UnitOfWork;
use tenants::settings::TenantSettings;
use tenants::tasks::Tasks;

/// What the side without anything between is called.
pub const DIRECT: &str = "direct";
const SYSTEM: &str = "Say what the text is: praise, question, complaint, spam, lead or other.";

/// A way to the stub. Cheap to clone.
#[derive(Clone)]
pub struct Caller {
    label: &'static str,
    way: Way,
    /// No two questions are the same, so that none is answered from the cache.
    asked: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Way {
    Http { client: reqwest::Client, url: String, key: Option<&'static str> },
    Router { router: Router, payer: Payer },
}

impl Caller {
    /// Over HTTP, as a program without a router would; with a key through LiteLLM's proxy.
    pub fn direct(client: reqwest::Client, url: &str, key: Option<&'static str>) -> Self {
        let label = if key.is_some() { "LiteLLM's proxy" } else { DIRECT };
        let way = Way::Http { client, url: format!("{url}/chat/completions"), key };
        Self { label, way, asked: Arc::default() }
    }

    /// Through the router, paid from three budgets in this database.
    pub async fn router(
        label: &'static str,
        database: &TestDatabase,
        stub: &str,
        spare_ms: u32,
    ) -> anyhow::Result<Self> {
        let database = database.open().await;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = Ids::system(Arc::clone(&clock));
        let act = Act { by: "bench".to_owned(), at: clock.now(), ids: &ids };
        let (agency, changes) = act.create_agency("Bench")?;
        database.commit(changes).await?;
        let settings = TenantSettings::default();
        let (tenant, changes) = act.create_tenant(agency.id, "shop", "Shop", "UTC", &settings)?;
        database.commit(changes).await?;

        let line = |scope| BudgetLine {
            scope,
            day: "2026-03-02".to_owned(),
            limit: MicroUsd(1_000_000_000_000),
            resets_at: act.at + Duration::from_secs(86_400),
        };
        let scopes = [
            BudgetScope::Agency(agency.id),
            BudgetScope::Tenant(tenant.id),
            BudgetScope::Share(tenant.id, Share::Routine),
        ];
        let payer = Payer::new(tenant.id, scopes.map(line).to_vec())?;
        let catalogue = Catalogue::with_overrides(&format!(
            "calling.spare_ms = {spare_ms}\ntasks.classify.models = ['stub/small']\n\
             providers.stub = {{ protocol = 'openai', base_url = '{stub}', needs_key = false, concurrency = 64 }}\n\
             [models.'stub/small'.price]\ninput = 600000\ncached = 100000\noutput = 3000000"
        ))?;
        let providers = HttpProviders::new(HashMap::new(), Duration::from_secs(5), Arc::clone(&clock))?;
        let parts = RouterParts {
            ledger: Arc::new(database),
            watch: Arc::new(NoWatch),
            clock,
            ids,
            tasks: Tasks::default(),
            metrics: LlmMetrics::register(&prometheus::Registry::new())?,
        };
        let router = Router::new(parts, catalogue, &providers)?;
        Ok(Self { label, way: Way::Router { router, payer }, asked: Arc::default() })
    }

    /// What it is called in tables.
    pub fn label(&self) -> &'static str {
        self.label
    }

    /// Calls until the time is over; how long each call took, in microseconds, and how many failed.
    pub async fn call_until(
        &self,
        end: Timestamp,
        number: u32,
        pause: u64,
    ) -> anyhow::Result<(Histogram<u64>, u64)> {
        let (mut times, mut failed) = (Histogram::<u64>::new(3)?, 0);
        // Callers that pause do not all begin at once.
        SystemClock.sleep(Duration::from_micros(u64::from(number) * 311 % (pause * 1_000).max(1))).await;
        while SystemClock.now() < end {
            let began = SystemClock.now();
            match self.call().await {
                Ok(()) => times.record((SystemClock.now().since(began).as_micros() as u64).max(1))?,
                Err(error) => {
                    failed += 1;
                    if failed == 1 {
                        eprintln!("{}: {error:#}", self.label);
                    }
                }
            }
            if pause > 0 {
                SystemClock.sleep(Duration::from_millis(pause)).await;
            }
        }
        Ok((times, failed))
    }

    async fn call(&self) -> anyhow::Result<()> {
        let text = format!("Where is parcel {}?", self.asked.fetch_add(1, Ordering::Relaxed));
        match &self.way {
            Way::Router { router, payer } => {
                let input = Input::text(SYSTEM, text);
                let request = Request {
                    cache: CacheScope::Tenant,
                    ..Request::new(payer.clone(), Task::Classify, input)
                };
                router.complete(request).await?;
            }
            Way::Http { client, url, key } => {
                let body = json!({ "model": "small", "max_tokens": 256, "temperature": 0.0, "messages": [
                    { "role": "system", "content": SYSTEM }, { "role": "user", "content": text }] });
                let request = client.post(url).json(&body);
                let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
                let answer: Value = request.send().await?.error_for_status()?.json().await?;
                let said = answer.pointer("/choices/0/message/content").and_then(Value::as_str);
                anyhow::ensure!(said == Some("praise"), "an unexpected answer: {answer}");
            }
        }
        Ok(())
    }
}
