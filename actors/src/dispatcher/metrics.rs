//! Metrics of the dispatcher. Labels are closed sets of words: action, state, finding, reason.

use prometheus::core::Collector;
use prometheus::{
    Error, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
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
    /// Effects worked on at this moment: calls, read-backs, settlements.
    pub in_flight: IntGauge,
    /// Times effects had to wait, by reason: `quota`, `rate`, `account`.
    pub waits: IntCounterVec,
    /// Outcomes that had to be stored again because the database was not available.
    pub store_retries: IntCounter,
}

impl DispatcherMetrics {
    /// Makes and registers all; an error when a name is taken.
    pub fn register(registry: &Registry) -> Result<Self, Error> {
        let new = Registrar(registry);
        Ok(Self {
            effects: new.counters(
                "effects_total",
                "Effects by action and state reached",
                &["action", "state"],
            )?,
            calls: new.durations("effect_call_seconds", "Duration of calls to Instagram")?,
            visible: new.durations("webhook_to_visible_seconds", "From webhook received to effect sent")?,
            read_backs: new.counters("read_backs_total", "Read-backs of lost answers", &["finding"])?,
            breaker_opens: new
                .counter("account_breaker_opens_total", "Circuit breakers of accounts opened")?,
            queue: new.gauges(
                "queue_effects",
                "Unsettled effects by action and state",
                &["action", "state"],
            )?,
            in_flight: new.gauge("effects_in_flight", "Effects worked on at this moment")?,
            waits: new.counters("effect_waits_total", "Times effects had to wait", &["reason"])?,
            store_retries: new
                .counter("effect_store_retries_total", "Outcomes that had to be stored again")?,
        })
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
}

/// Makes metrics whose names begin with `troupe_`, and registers them.
struct Registrar<'a>(&'a Registry);

impl Registrar<'_> {
    fn keep<C: Collector + Clone + 'static>(&self, collector: C) -> Result<C, Error> {
        self.0.register(Box::new(collector.clone()))?;
        Ok(collector)
    }

    fn options(name: &str, help: &str) -> Opts {
        Opts::new(format!("troupe_{name}"), help)
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, Error> {
        self.keep(IntCounter::with_opts(Self::options(name, help))?)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, Error> {
        self.keep(IntCounterVec::new(Self::options(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, Error> {
        self.keep(IntGauge::with_opts(Self::options(name, help))?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, Error> {
        self.keep(IntGaugeVec::new(Self::options(name, help), labels)?)
    }

    fn durations(&self, name: &str, help: &str) -> Result<HistogramVec, Error> {
        let options = HistogramOpts::from(Self::options(name, help)).buckets(SECONDS.to_vec());
        self.keep(HistogramVec::new(options, &["action"])?)
    }
}
