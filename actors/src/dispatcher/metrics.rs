//! Metrics of the dispatcher. Labels are closed sets of words: action, state, finding, reason.

use prometheus::core::Collector;
use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};
use tenants::effect::{ActionType, EffectState};
use tenants::ports::EffectCount;

/// Buckets of durations, in seconds.
const SECONDS: &[f64] =
    &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0];

/// See the module.
#[derive(Debug)]
pub(super) struct DispatcherMetrics {
    /// Effects by action and the state they came to.
    pub effects: IntCounterVec,
    /// Duration of calls by action.
    pub calls: HistogramVec,
    /// From webhook to visible, by action.
    pub visible: HistogramVec,
    /// Read-backs by finding: `done`, `not_done`, `target_gone`, `failed`.
    pub read_backs: IntCounterVec,
    /// Times a breaker of an account opened.
    pub breaker_opens: IntCounter,
    /// Effects in the queue by action and state.
    pub queue: IntGaugeVec,
    /// Calls under way.
    pub in_flight: IntGauge,
    /// Times effects had to wait, by reason: `quota`, `rate`, `account`.
    pub waits: IntCounterVec,
    /// Outcomes that had to be stored again because the database was not available.
    pub store_retries: IntCounter,
}

impl DispatcherMetrics {
    /// Makes and registers all. A name that is registered already keeps its first owner; ours counts unseen.
    pub fn register(registry: &Registry) -> Self {
        let metrics = Self {
            effects: counters(
                "troupe_effects_total",
                "Effects by action and state reached",
                &["action", "state"],
            ),
            calls: durations("troupe_effect_call_seconds", "Duration of calls to Instagram by action"),
            visible: durations("troupe_webhook_to_visible_seconds", "From webhook received to effect sent"),
            read_backs: counters("troupe_read_backs_total", "Read-backs by finding", &["finding"]),
            breaker_opens: counter(
                "troupe_account_breaker_opens_total",
                "Circuit breakers of accounts opened",
            ),
            queue: IntGaugeVec::new(
                Opts::new("troupe_queue_effects", "Unsettled effects by action and state"),
                &["action", "state"],
            )
            .expect("name and labels are valid"),
            in_flight: IntGauge::new("troupe_effects_in_flight", "Calls to Instagram under way")
                .expect("the name is valid"),
            waits: counters("troupe_effect_waits_total", "Times effects had to wait by reason", &["reason"]),
            store_retries: counter(
                "troupe_effect_store_retries_total",
                "Outcomes stored again after the database was not available",
            ),
        };
        metrics.register_all(registry);
        metrics
    }

    /// Shows what waits in the queue.
    pub fn show_queue(&self, counts: &[EffectCount]) {
        for state in EffectState::ALL.iter().filter(|state| !state.is_settled()) {
            for action in ActionType::ALL {
                let same = |count: &&EffectCount| count.state == *state && count.action_type == *action;
                let count = counts.iter().filter(same).map(|count| count.count).sum();
                self.queue.with_label_values(&[action.as_str(), state.as_str()]).set(count);
            }
        }
    }

    /// Counts an effect that came to a state.
    pub fn count(&self, action: ActionType, state: EffectState) {
        self.effects.with_label_values(&[action.as_str(), state.as_str()]).inc();
    }

    fn register_all(&self, registry: &Registry) {
        let collectors: [Box<dyn Collector>; 9] = [
            Box::new(self.effects.clone()),
            Box::new(self.calls.clone()),
            Box::new(self.visible.clone()),
            Box::new(self.read_backs.clone()),
            Box::new(self.breaker_opens.clone()),
            Box::new(self.queue.clone()),
            Box::new(self.in_flight.clone()),
            Box::new(self.waits.clone()),
            Box::new(self.store_retries.clone()),
        ];
        for collector in collectors {
            if let Err(error) = registry.register(collector) {
                tracing::warn!(%error, "a metric of the dispatcher is not shown");
            }
        }
    }
}

fn counter(name: &str, help: &str) -> IntCounter {
    IntCounter::new(name, help).expect("the name is valid")
}

fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name, help), labels).expect("name and labels are valid")
}

fn durations(name: &str, help: &str) -> HistogramVec {
    let options = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
    HistogramVec::new(options, &["action"]).expect("name and labels are valid")
}
