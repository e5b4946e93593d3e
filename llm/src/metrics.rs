//! Metrics of calls to models. Labels are closed sets of words, and names from the catalogue.

use prometheus::core::Collector;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use tenants::breaker::BreakerState;
use tenants::clock::Timestamp;
use tenants::models::{BudgetScope, LlmCall, Task};

/// Buckets of durations, in seconds.
const SECONDS: &[f64] = &[0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0];

/// See the module. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LlmMetrics {
    calls: IntCounterVec,
    seconds: HistogramVec,
    tokens: IntCounterVec,
    cost: IntCounterVec,
    cache: IntCounterVec,
    refused: IntCounterVec,
    fallbacks: IntCounterVec,
    breakers: IntGaugeVec,
    rests: IntGaugeVec,
    waiting: IntGaugeVec,
}

impl LlmMetrics {
    /// Makes and registers all.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let call = ["task", "provider", "model"];
        Ok(Self {
            calls: counters(
                registry,
                "llm_calls_total",
                "Calls to models by outcome",
                &["task", "provider", "model", "outcome"],
            )?,
            seconds: keep(
                registry,
                HistogramVec::new(
                    HistogramOpts::new("troupe_llm_call_seconds", "Duration of calls to models")
                        .buckets(SECONDS.to_vec()),
                    &call,
                )?,
            )?,
            tokens: counters(
                registry,
                "llm_tokens_total",
                "Tokens by kind: in, cached (a part of in), out",
                &["task", "provider", "model", "kind"],
            )?,
            cost: counters(registry, "llm_cost_microusd_total", "Cost of calls in micro-dollars", &call)?,
            cache: counters(
                registry,
                "llm_cache_total",
                "Looks into the cache by result",
                &["task", "result"],
            )?,
            refused: counters(
                registry,
                "llm_budget_refusals_total",
                "Calls a budget had no room for",
                &["scope"],
            )?,
            fallbacks: counters(
                registry,
                "llm_fallbacks_total",
                "Times a model was passed over, by reason",
                &["task", "provider", "model", "reason"],
            )?,
            breakers: gauges(
                registry,
                "llm_breaker_state",
                "Breaker of a model: 0 closed, 1 half open, 2 open",
                &["provider", "model"],
            )?,
            rests: gauges(
                registry,
                "llm_rests_until_seconds",
                "Unix time until which a model is left alone because its provider asked for that; 0: never was",
                &["provider", "model"],
            )?,
            waiting: gauges(
                registry,
                "llm_waiting",
                "Requests that wait for a place at a provider",
                &["provider"],
            )?,
        })
    }

    pub(crate) fn call(&self, call: &LlmCall) {
        let labels = [call.task.as_str(), call.provider.as_str(), call.model.as_str()];
        let with = |last: &'static str| [labels[0], labels[1], labels[2], last];
        self.calls.with_label_values(&with(call.outcome.as_str())).inc();
        self.seconds.with_label_values(&labels).observe(call.latency_us as f64 / 1_000_000.0);
        self.cost.with_label_values(&labels).inc_by(u64::try_from(call.cost.0).unwrap_or(0));
        let kinds = [("in", call.tokens_in), ("cached", call.tokens_cached), ("out", call.tokens_out)];
        for (kind, tokens) in kinds {
            self.tokens.with_label_values(&with(kind)).inc_by(u64::from(tokens));
        }
    }

    pub(crate) fn looked_into_cache(&self, task: Task, is_hit: bool) {
        let result = if is_hit { "hit" } else { "miss" };
        self.cache.with_label_values(&[task.as_str(), result]).inc();
    }

    pub(crate) fn refused(&self, scope: &BudgetScope) {
        let scope = match scope {
            BudgetScope::Agency(_) => "agency",
            BudgetScope::Tenant(_) => "tenant",
            BudgetScope::Share(..) => "share",
        };
        self.refused.with_label_values(&[scope]).inc();
    }

    pub(crate) fn passed_over(&self, task: Task, provider: &str, model: &str, reason: &str) {
        self.fallbacks.with_label_values(&[task.as_str(), provider, model, reason]).inc();
    }

    pub(crate) fn breaker(&self, provider: &str, model: &str, state: BreakerState) {
        let number = match state {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Open => 2,
        };
        self.breakers.with_label_values(&[provider, model]).set(number);
    }

    pub(crate) fn rest(&self, provider: &str, model: &str, until: Timestamp) {
        self.rests.with_label_values(&[provider, model]).set(until.as_micros() / 1_000_000);
    }

    pub(crate) fn waiting(&self, provider: &str) -> IntGauge {
        self.waiting.with_label_values(&[provider])
    }
}

fn keep<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn counters(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntCounterVec, prometheus::Error> {
    keep(registry, IntCounterVec::new(Opts::new(format!("troupe_{name}"), help), labels)?)
}

fn gauges(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntGaugeVec, prometheus::Error> {
    keep(registry, IntGaugeVec::new(Opts::new(format!("troupe_{name}"), help), labels)?)
}
