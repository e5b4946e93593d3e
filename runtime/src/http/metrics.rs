//! Counters and durations of requests. Labels are bounded: route templates and status codes, never ids.

use std::time::Duration;

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    exponential_buckets,
};

/// The metrics of the HTTP side.
pub struct HttpMetrics {
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    webhooks: IntCounterVec,
    webhook_seconds: Histogram,
    webhook_events: IntCounterVec,
    panics: IntCounter,
    /// Live feeds that are open.
    pub feeds: IntGauge,
}

impl HttpMetrics {
    /// Creates the metrics and adds them to `registry`.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        // From 0.1 ms to 13 s, doubling.
        let buckets = exponential_buckets(0.000_1, 2.0, 18)?;
        let metrics = Self {
            requests: IntCounterVec::new(
                Opts::new("troupe_http_requests_total", "API requests by route template and status."),
                &["method", "route", "status"],
            )?,
            request_seconds: HistogramVec::new(
                HistogramOpts::new("troupe_http_request_seconds", "Time to answer an API request.")
                    .buckets(buckets.clone()),
                &["route"],
            )?,
            webhooks: IntCounterVec::new(
                Opts::new("troupe_webhook_deliveries_total", "Webhook deliveries by answer."),
                &["status"],
            )?,
            webhook_seconds: Histogram::with_opts(
                HistogramOpts::new("troupe_webhook_seconds", "Time from a whole webhook body to its answer.")
                    .buckets(buckets),
            )?,
            webhook_events: IntCounterVec::new(
                Opts::new(
                    "troupe_webhook_events_total",
                    "Items of webhook deliveries by what became of them.",
                ),
                &["result"],
            )?,
            panics: IntCounter::new("troupe_http_panics_total", "Requests that ended in a panic.")?,
            feeds: IntGauge::new("troupe_http_open_feeds", "Live feeds that are open.")?,
        };
        registry.register(Box::new(metrics.requests.clone()))?;
        registry.register(Box::new(metrics.request_seconds.clone()))?;
        registry.register(Box::new(metrics.webhooks.clone()))?;
        registry.register(Box::new(metrics.webhook_seconds.clone()))?;
        registry.register(Box::new(metrics.webhook_events.clone()))?;
        registry.register(Box::new(metrics.panics.clone()))?;
        registry.register(Box::new(metrics.feeds.clone()))?;
        Ok(metrics)
    }

    /// Counts an answered API request.
    pub fn request(&self, method: &str, route: &str, status: &str, took: Duration) {
        self.requests.with_label_values(&[method, route, status]).inc();
        self.request_seconds.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    /// Counts an answered webhook delivery.
    pub fn webhook(&self, status: &str, took: Duration) {
        self.webhooks.with_label_values(&[status]).inc();
        self.webhook_seconds.observe(took.as_secs_f64());
    }

    /// Counts what became of the items of a delivery.
    pub fn webhook_events(&self, stored: u64, duplicates: u64, orphaned: u64) {
        for (result, count) in [("stored", stored), ("duplicate", duplicates), ("orphaned", orphaned)] {
            if count > 0 {
                self.webhook_events.with_label_values(&[result]).inc_by(count);
            }
        }
    }

    /// Counts a panic.
    pub fn panic(&self) {
        self.panics.inc();
    }
}
