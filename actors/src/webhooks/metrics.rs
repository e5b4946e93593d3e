//! Counters of what is sent to agencies' programs.

use prometheus::{IntCounterVec, IntGauge, Opts, Registry};
use tenants::webhook::Answer;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct WebhookMetrics {
    attempts: IntCounterVec,
    /// Deliveries by what became of them.
    pub deliveries: IntCounterVec,
    /// Tries under way.
    pub under_way: IntGauge,
}

impl WebhookMetrics {
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            attempts: IntCounterVec::new(
                Opts::new(
                    "troupe_outgoing_webhook_attempts_total",
                    "Tries to reach webhooks of agencies, by what came of them",
                ),
                &["outcome"],
            )?,
            deliveries: IntCounterVec::new(
                Opts::new(
                    "troupe_outgoing_webhook_deliveries_total",
                    "Deliveries to webhooks of agencies that were added, taken, or given up",
                ),
                &["state"],
            )?,
            under_way: IntGauge::new(
                "troupe_outgoing_webhook_attempts_under_way",
                "Tries to reach webhooks of agencies that are under way",
            )?,
        };
        registry.register(Box::new(metrics.attempts.clone()))?;
        registry.register(Box::new(metrics.deliveries.clone()))?;
        registry.register(Box::new(metrics.under_way.clone()))?;
        Ok(metrics)
    }

    pub fn attempt(&self, answer: &Answer) {
        let outcome = match answer {
            Answer { error: None, .. } => "taken",
            Answer { status: Some(410), .. } => "gone",
            Answer { status: Some(_), .. } => "refused",
            Answer { status: None, .. } => "unreachable",
        };
        self.attempts.with_label_values(&[outcome]).inc();
    }
}
