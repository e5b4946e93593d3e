//! The router: everything between a request and a provider.
//!
//! A request goes its way in this order: the cache; then for each model of its task a fair place at the provider, money
//! set aside, the model's breaker, the call with its limit of time, further tries, the check of the answer with one try
//! to repair it; then the next model. However it ends, all calls are reckoned up and stored.
//!
//! - `journey`: one request on its way through the models; `leg`: one model; `hedge`: two at once.
//! - `job`: what is asked, whether as a whole, in pieces, or for vectors.
//! - `places`: fair sharing; `health`: breakers and rests; `cache`: earlier answers.

mod cache;
mod health;
mod hedge;
mod job;
mod journey;
mod leg;
mod places;
mod stream;
mod table;

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tenants::clock::Clock;
use tenants::ids::Ids;
use tenants::models::Task;
use tenants::ports::{BudgetLedger, StoreError};
use tenants::tasks::Tasks;

use self::cache::Cache;
use self::health::Health;
pub use self::health::Mistake;
use self::job::{ChatJob, EmbedJob, StreamJob};
use self::journey::{Journey, Limits};
pub use self::stream::{Piece, ReplyStream};
use self::table::Table;
use crate::budget::{BudgetWatch, Purse, Tally, Work};
use crate::catalogue::{Catalogue, CatalogueError, ModelRef};
use crate::error::LlmError;
use crate::metrics::LlmMetrics;
use crate::provider::ProviderSource;
use crate::request::{EmbedReply, EmbedRequest, Origin, Reply, Request, Tier, Usage};
use crate::router::BreakerOf;

/// What a router is built from.
pub struct RouterParts {
    /// Decides about money.
    pub ledger: Arc<dyn BudgetLedger>,
    /// Hears how budgets stand; [`NoWatch`](crate::budget::NoWatch) when nobody does.
    pub watch: Arc<dyn BudgetWatch>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids, and the randomness of pauses.
    pub ids: Ids,
    /// Where settlements run; wait for them before the process ends.
    pub tasks: Tasks,
    /// What is counted.
    pub metrics: LlmMetrics,
}

/// Asks models. Cheap to clone.
#[derive(Clone)]
pub struct Router {
    inner: Arc<Inner>,
}

struct Inner {
    table: ArcSwap<Table>,
    health: Arc<Health>,
    purse: Arc<Purse>,
    cache: Cache,
    clock: Arc<dyn Clock>,
    ids: Ids,
    metrics: LlmMetrics,
}

impl Router {
    /// A router for a catalogue, with providers from `source`.
    ///
    /// # Errors
    /// When an entry of the catalogue makes no sense to the source.
    pub fn new(
        parts: RouterParts,
        catalogue: Catalogue,
        source: &dyn ProviderSource,
    ) -> Result<Self, CatalogueError> {
        let RouterParts { ledger, watch, clock, ids, tasks, metrics } = parts;
        let purse = Purse::new(ledger, watch, Arc::clone(&clock), ids.clone(), tasks, metrics.clone());
        let cache = Cache::new(catalogue.calling.cache_entries);
        let table = Table::new(catalogue, source, None, &metrics)?;
        let health = Arc::new(Health::new(metrics.clone()));
        health.set_models(table.models(), table.catalogue.breaker);
        let purse = Arc::new(purse);
        let table = ArcSwap::from_pointee(table);
        Ok(Self { inner: Arc::new(Inner { table, health, purse, cache, clock, ids, metrics }) })
    }

    /// Swaps catalogue and providers. Requests under way end as they began.
    ///
    /// # Errors
    /// When something makes no sense: then nothing has changed.
    pub fn reload(&self, catalogue: Catalogue, source: &dyn ProviderSource) -> Result<(), CatalogueError> {
        let inner = &self.inner;
        let table = Table::new(catalogue, source, Some(&inner.table.load()), &inner.metrics)?;
        inner.health.set_models(table.models(), table.catalogue.breaker);
        inner.cache.set_entries(table.catalogue.calling.cache_entries);
        table.apply_limits();
        inner.table.store(Arc::new(table));
        Ok(())
    }

    /// A whole answer.
    ///
    /// # Errors
    /// [`LlmError::OutOfBudget`], [`LlmError::InvalidOutput`] when every model's answer was unusable, and
    /// [`LlmError::Unavailable`] for everything that may pass.
    pub async fn complete(&self, request: Request) -> Result<Reply, LlmError> {
        let inner = &self.inner;
        let started = inner.clock.now();
        let table = inner.table.load_full();
        let task = table.task(request.task);
        let models = task.of_tier(request.tier);
        let key = cache::key(&request, models, task.temperature);
        if let Some(key) = key {
            let earlier = inner.cache.find(&key);
            inner.metrics.looked_into_cache(request.task, earlier.is_some());
            if let Some(earlier) = earlier {
                let reply = from_cache(earlier, inner.clock.now().since(started));
                inner.purse.note_cached(&request, &reply.origin, started);
                return Ok(reply);
            }
        }

        let limits = Limits::of_task(task, request.deadline, started);
        let (job, mut journey) = self.set_out(request, &table, limits);
        let leg = journey.travel(models, job).await?;
        let origin = journey.origin(&leg.model);
        // Dropping the leg settles it.
        let answer = leg.output;
        let (completion, json) = (answer.completion, answer.json);
        let reply = Reply {
            text: completion.text,
            json,
            tool_calls: completion.tool_calls,
            stop: completion.stop,
            origin,
        };
        // An answer of a fallback is not kept: the first choice shall be asked again.
        if let Some(key) = key
            && reply.origin.fallback_reasons.is_empty()
        {
            inner.cache.keep(key, reply.clone());
        }
        Ok(reply)
    }

    /// An answer in pieces. Models are passed over only as long as none has begun to answer.
    ///
    /// # Errors
    /// Like [`complete`](Self::complete), as far as the first piece.
    pub async fn stream(&self, request: Request) -> Result<ReplyStream, LlmError> {
        let table = self.inner.table.load_full();
        let task = table.task(request.task);
        let models = task.of_tier(request.tier);
        let limits = Limits::of_task(task, request.deadline, self.inner.clock.now());
        let (job, mut journey) = self.set_out(request, &table, limits);
        let form = (job.input.schema.clone(), job.max_tokens);
        let leg = journey.travel(models, StreamJob(job)).await?;
        Ok(ReplyStream::new(journey, leg, form))
    }

    /// Vectors for texts.
    ///
    /// # Errors
    /// Like [`complete`](Self::complete); [`LlmError::Unavailable`] when the catalogue names no model for it.
    pub async fn embed(&self, request: EmbedRequest) -> Result<EmbedReply, LlmError> {
        let inner = Arc::clone(&self.inner);
        let table = inner.table.load_full();
        let started = inner.clock.now();
        if request.texts.is_empty() {
            return Ok(EmbedReply { vectors: Vec::new(), origin: nobody() });
        }
        let limits = Limits::of_embedding(&table.catalogue.embedding, request.deadline, started);
        let work = Work { task: request.task, event: request.event, prompt: None, tally: Tally::default() };
        let mut journey = Journey::new(inner, Arc::clone(&table), request.payer, work, limits);
        let leg =
            journey.travel(&table.catalogue.embedding.models, EmbedJob { texts: request.texts }).await?;
        let origin = journey.origin(&leg.model);
        Ok(EmbedReply { vectors: leg.output.vectors, origin })
    }

    /// Whether some model of the task could be asked: it is known, and there is a key for it.
    pub fn has_models(&self, task: Task) -> bool {
        self.has_tier(task, Tier::First)
    }

    /// Whether some larger model of the task could be asked.
    pub fn has_larger(&self, task: Task) -> bool {
        self.has_tier(task, Tier::Larger)
    }

    fn has_tier(&self, task: Task, tier: Tier) -> bool {
        let table = self.inner.table.load();
        table.task(task).of_tier(tier).iter().any(|model| table.has_provider(model))
    }

    /// The breaker of every model in the catalogue.
    pub fn breakers(&self) -> Vec<BreakerOf> {
        self.inner.health.breakers(self.inner.clock.now())
    }

    /// Mistakes in the settings that calls have brought to light and none has refuted since.
    pub fn mistakes(&self) -> BTreeSet<Mistake> {
        self.inner.health.mistakes()
    }

    /// The places at which such a mistake could come to light.
    pub fn possible_mistakes(&self) -> BTreeSet<Mistake> {
        let table = self.inner.table.load();
        let of = |model: &ModelRef| [Mistake::Key(model.provider.clone()), Mistake::Model(model.clone())];
        table.models().flat_map(of).collect()
    }

    /// Remembers what calls cost before this program was started, so that what is set aside for a call fits from the
    /// first one on. To be called once, after start; how many calls are remembered.
    ///
    /// # Errors
    /// When the ledger does not answer: then it is learned anew.
    pub async fn recall_costs(&self) -> Result<usize, StoreError> {
        self.inner.purse.recall().await
    }

    fn set_out(&self, request: Request, table: &Arc<Table>, limits: Limits) -> (ChatJob, Journey) {
        let task = table.task(request.task);
        let work =
            Work { task: request.task, event: request.event, prompt: request.prompt, tally: request.tally };
        let job = ChatJob::new(request.input, request.task, task.temperature);
        let journey = Journey::new(Arc::clone(&self.inner), Arc::clone(table), request.payer, work, limits);
        (job, journey)
    }
}

/// An earlier answer: free of charge, and visibly one.
fn from_cache(earlier: Reply, latency: std::time::Duration) -> Reply {
    let origin = Origin {
        provider: earlier.origin.provider.clone(),
        model: earlier.origin.model.clone(),
        prompt: earlier.origin.prompt.clone(),
        cache_hit: true,
        latency_us: i64::try_from(latency.as_micros()).unwrap_or(i64::MAX),
        ..nobody()
    };
    Reply { origin, ..earlier }
}

/// Where an answer comes from that took no call.
fn nobody() -> Origin {
    Origin {
        provider: String::new(),
        model: String::new(),
        prompt: None,
        usage: Usage::default(),
        cost: tenants::money::MicroUsd(0),
        is_estimate: false,
        attempts: 0,
        fallback_reasons: Vec::new(),
        cache_hit: false,
        latency_us: 0,
    }
}
