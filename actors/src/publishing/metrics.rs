//! Counters of publishing.

use prometheus::{Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts, Registry};

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct PublishingMetrics {
    /// Time from a post's moment until its first step is stored.
    pub pickup: Histogram,
    /// Posts by what became of them.
    pub ended: IntCounterVec,
    /// Posts in hand.
    pub in_hand: IntGauge,
}

impl PublishingMetrics {
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let buckets = vec![0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0];
        let pickup =
            HistogramOpts::new("troupe_post_pickup_seconds", "From a post's moment to its first step")
                .buckets(buckets);
        let metrics = Self {
            pickup: Histogram::with_opts(pickup)?,
            ended: IntCounterVec::new(
                Opts::new(
                    "troupe_posts_ended_total",
                    "Posts that were published, failed, or wait for a person",
                ),
                &["state"],
            )?,
            in_hand: IntGauge::new("troupe_posts_in_hand", "Posts that are being looked at")?,
        };
        registry.register(Box::new(metrics.pickup.clone()))?;
        registry.register(Box::new(metrics.ended.clone()))?;
        registry.register(Box::new(metrics.in_hand.clone()))?;
        Ok(metrics)
    }
}
