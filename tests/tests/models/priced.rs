//! A provider whose answers cost something else each time, and who says so to somebody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use llm::budget::Paid;
use llm::catalogue::{CatalogueError, ProviderEntry};
use llm::provider::{Ask, CallError, Completion, Deltas, Embeddings, Provider, ProviderSource};
use llm::request::Usage;
use tenants::clock::{Clock, SystemClock};

/// What a call costs at least, in micro-dollars.
pub const LEAST: i64 = 400;
/// What it costs at most.
pub const MOST: i64 = 600;

/// Every task asks `shop/model`, whose tokens cost a micro-dollar each.
pub const CATALOGUE: &str = "
    calling.reservation_grace_ms = 1000
    tasks.caption = { models = ['shop/model'], timeout_ms = 20000, deadline_ms = 60000, tries = 1 }
    providers.shop = { protocol = 'openai', base_url = 'http://127.0.0.1:1', concurrency = 1000 }
    [models.'shop/model'.price]
    input = 1000000
    cached = 1000000
    output = 1000000
";

/// Answers every call after a moment.
#[derive(Clone)]
pub struct Priced {
    calls: Arc<AtomicU64>,
    /// Hears what a call costs when the answer is sent.
    bill: Arc<dyn Fn(i64) + Send + Sync>,
}

impl Priced {
    pub fn new(bill: impl Fn(i64) + Send + Sync + 'static) -> Self {
        Self { calls: Arc::default(), bill: Arc::new(bill) }
    }
}

#[async_trait]
impl Provider for Priced {
    async fn complete(&self, _paid: &Paid, _ask: &Ask<'_>) -> Result<Completion, CallError> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        SystemClock.sleep(Duration::from_millis(2 + number * 7 % 20)).await;
        // Spread over the whole range, in no order.
        let cost = LEAST + (number as i64 * 7_919) % (MOST - LEAST + 1);
        (self.bill)(cost);
        let usage = Usage { input: 100, output: cost as u32 - 100, ..Usage::default() };
        Ok(Completion { text: "yes".to_owned(), usage: Some(usage), ..Completion::default() })
    }

    async fn stream(&self, _paid: &Paid, _ask: &Ask<'_>) -> Result<Box<dyn Deltas>, CallError> {
        Err(CallError::UnknownModel("whole answers only".to_owned()))
    }

    async fn embed(&self, _paid: &Paid, _model: &str, _texts: &[String]) -> Result<Embeddings, CallError> {
        Err(CallError::UnknownModel("whole answers only".to_owned()))
    }
}

impl ProviderSource for Priced {
    fn provider(&self, name: &str, _: &ProviderEntry) -> Result<Option<Arc<dyn Provider>>, CatalogueError> {
        let provider: Arc<dyn Provider> = Arc::new(self.clone());
        Ok((name == "shop").then_some(provider))
    }
}
