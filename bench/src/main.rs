//! The load generator: signed webhooks against a whole node on SQLite, at several numbers of connections.
//!
//! Load, node and sandbox share one process and one machine, so the figures are lower bounds; what counts is how they
//! change. Every accepted webhook is on disk (fsync) before it is answered.

mod isolation;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};
use hdrhistogram::Histogram;
use hmac::{Hmac, KeyInit, Mac};
use kit::{Backend, TestApp, TestTenant};
use sha2::Sha256;
use tenants::clock::{Clock, SystemClock};

/// Measures how many webhooks per second a node accepts durably.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    measurement: Option<Measurement>,
    /// Numbers of connections to try.
    #[arg(long, value_delimiter = ',', default_value = "8,64,256")]
    connections: Vec<u32>,
    /// Seconds per number.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Tenants the webhooks are for.
    #[arg(long, default_value_t = 50)]
    tenants: u32,
    /// PostgreSQL instead of SQLite.
    #[arg(long)]
    postgres: bool,
}

/// What else can be measured.
#[derive(Debug, Subcommand)]
enum Measurement {
    /// What quiet tenants notice of a poisoned one.
    Isolation(isolation::IsolationArgs),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if let Some(Measurement::Isolation(args)) = args.measurement {
        return isolation::run(args).await;
    }
    let backend = if args.postgres { Backend::Postgres } else { Backend::Sqlite };
    let app = TestApp::start(backend).await.context("PostgreSQL is not installed here")?;
    let mut shops = Vec::new();
    for number in 0..args.tenants {
        shops.push(app.tenant(&format!("shop{number}")).create().await);
    }
    let load = Arc::new(Load::new(&app, shops)?);
    println!(
        "{:>11}  {:>10}  {:>8}  {:>8}  {:>6}",
        "connections", "accepted/s", "p50 ms", "p99 ms", "errors"
    );
    for connections in &args.connections {
        load.clone().run(*connections, Duration::from_secs(args.seconds)).await?;
    }
    // What was accepted is still being worked on; a bench has seen enough.
    Ok(())
}

struct Load {
    http: reqwest::Client,
    url: String,
    secret: String,
    accounts: Vec<String>,
    serial: AtomicU64,
}

impl Load {
    fn new(app: &TestApp, shops: Vec<TestTenant>) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().pool_max_idle_per_host(512).build()?;
        let url = format!("{}/webhooks/instagram", app.node().base_url());
        let secret = app.sandbox.apps().first().context("the sandbox has an app")?.secret.clone();
        let accounts = shops.into_iter().map(|shop| shop.account.external_id).collect();
        Ok(Self { http, url, secret, accounts, serial: AtomicU64::new(18_000_000_000_000_000) })
    }

    async fn run(self: Arc<Self>, connections: u32, time: Duration) -> anyhow::Result<()> {
        let started = SystemClock.now();
        let workers = (0..connections).map(|_| self.clone().post_until(started + time));
        let mut all = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
        let mut errors = 0;
        for worker in futures::future::join_all(workers).await {
            let (times, failed) = worker?;
            all.add(times)?;
            errors += failed;
        }
        let seconds = SystemClock.now().since(started).as_secs_f64();
        println!(
            "{connections:>11}  {:>10.0}  {:>8.2}  {:>8.2}  {errors:>6}",
            all.len() as f64 / seconds,
            all.value_at_quantile(0.50) as f64 / 1_000.0,
            all.value_at_quantile(0.99) as f64 / 1_000.0,
        );
        Ok(())
    }

    async fn post_until(
        self: Arc<Self>,
        end: tenants::clock::Timestamp,
    ) -> anyhow::Result<(Histogram<u64>, u64)> {
        let mut times = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
        let mut errors = 0;
        while SystemClock.now() < end {
            let body = self.body();
            let signature = self.sign(&body)?;
            let before = SystemClock.now();
            let answer =
                self.http.post(&self.url).header("x-hub-signature-256", signature).body(body).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                times.saturating_record(SystemClock.now().since(before).as_micros() as u64);
            } else {
                errors += 1;
            }
        }
        Ok((times, errors))
    }

    fn body(&self) -> String {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let account = &self.accounts[serial as usize % self.accounts.len()];
        format!(
            r#"{{"object":"instagram","entry":[{{"id":"{account}","time":1767225600,"changes":[{{"field":"comments","value":{{"id":"{serial}","text":"so pretty, I love it","from":{{"id":"12{serial}","username":"user{serial}"}},"media":{{"id":"17900000000000001","media_product_type":"FEED"}}}}}}]}}]}}"#
        )
    }

    fn sign(&self, body: &str) -> anyhow::Result<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())?;
        mac.update(body.as_bytes());
        Ok(format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
    }
}
