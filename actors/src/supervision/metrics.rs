//! What the actors count. Labels come from fixed sets only: never a tenant, an account or a person.

use prometheus::{Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts, Registry};
use tenants::decision::Decision;
use tenants::event::{EventKind, Role};

/// Seconds from 100 µs to two minutes.
const SECONDS: [f64; 14] =
    [0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0];

/// The metrics of the actors.
#[derive(Debug, Clone)]
pub(super) struct Metrics {
    pub events_taken: IntCounterVec,
    pub events_done: IntCounterVec,
    pub events_failed: IntCounterVec,
    pub events_quarantined: IntCounterVec,
    pub decisions: IntCounterVec,
    pub decide_seconds: Histogram,
    pub webhook_to_decided_seconds: Histogram,
    pub ticks_taken: IntCounterVec,
    pub tenants_awake: IntGauge,
    pub tenants_waiting: IntGauge,
    pub lanes: IntGauge,
    pub restarts: IntCounterVec,
    pub quarantines: IntCounterVec,
}

impl Metrics {
    /// Registers every metric.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let histogram = |name: &str, help: &str| {
            let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()))?;
            registry.register(Box::new(histogram.clone()))?;
            Ok::<_, prometheus::Error>(histogram)
        };
        Ok(Self {
            events_taken: counter("troupe_events_taken_total", "Events taken up by a lane.", &["kind"])?,
            events_done: counter("troupe_events_done_total", "Events decided and committed.", &["kind"])?,
            events_failed: counter("troupe_events_failed_total", "Tries that failed.", &["kind"])?,
            events_quarantined: counter("troupe_events_quarantined_total", "Events set aside.", &["kind"])?,
            decisions: counter("troupe_decisions_total", "Decisions made.", &["mode", "outcome", "intent"])?,
            decide_seconds: histogram("troupe_decide_seconds", "From taking up an event to its decision.")?,
            webhook_to_decided_seconds: histogram(
                "troupe_webhook_to_decided_seconds",
                "From storing an event to its committed decision.",
            )?,
            ticks_taken: counter("troupe_ticks_taken_total", "Ticks taken by the role actors.", &["role"])?,
            tenants_awake: gauge("troupe_tenants_awake", "Tenants whose actors are awake.")?,
            tenants_waiting: gauge("troupe_tenants_waiting", "Tenants with events that wait for a place.")?,
            lanes: gauge("troupe_lanes", "Conversations being worked on.")?,
            restarts: counter("troupe_restarts_total", "Parts started again after a failure.", &["part"])?,
            quarantines: counter("troupe_quarantines_total", "Parts taken out of service.", &["part"])?,
        })
    }

    /// Counts a decision that is committed.
    pub fn decided(&self, decision: &Decision) {
        let mode = decision.mode.map_or("none", |mode| mode.as_str());
        let intent = decision.classification.as_ref().map_or("none", |found| found.intent.as_str());
        self.decisions.with_label_values(&[mode, decision.outcome.as_str(), intent]).inc();
    }

    /// Counts a tick that a role took.
    pub fn tick(&self, role: Role) {
        self.ticks_taken.with_label_values(&[role.as_str()]).inc();
    }

    /// Counts something about an event of this kind.
    pub fn count(&self, counter: &IntCounterVec, kind: EventKind) {
        counter.with_label_values(&[kind.as_str()]).inc();
    }
}
