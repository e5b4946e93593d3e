//! `troupe demo --once`: a fixed number of events, as fast as they settle, then the reckoning.

use std::time::Duration;

use sandbox::{Fault, FaultKind, LimitOptions};
use serde::Serialize;
use tenants::clock::Timestamp;
use tenants::ports::Outbox;

use super::reckoning::Reckoning;
use super::sandbox_options;
use super::stage::{DELIVERY_LIMIT, Stage};
use super::traffic::Traffic;
use crate::settings::Settings;

/// A measured run.
#[derive(Debug, Clone)]
pub struct OnceOptions {
    /// How many events people make.
    pub events: u32,
    /// Longest time for everything to settle.
    pub limit: Duration,
    /// Switch on the sandbox's faults: duplicated and reordered webhooks, lost answers, 5xx.
    pub faults: bool,
    /// Seed of the traffic.
    pub seed: u64,
}

/// What a run came to, for people and programs.
#[derive(Debug, Clone, Serialize)]
pub struct OnceReport {
    #[serde(flatten)]
    reckoning: Reckoning,
    /// From the first event until everything had settled, in milliseconds.
    pub elapsed_ms: u64,
    /// Events of this run per second of that time.
    pub events_per_second: f64,
}

impl OnceReport {
    /// True when nothing was lost or doubled.
    pub fn is_clean(&self) -> bool {
        self.reckoning.is_clean()
    }

    /// The table people read.
    pub fn to_table(&self) -> String {
        let r = &self.reckoning;
        let mut text = format!("events            {} (all runs in this folder)\n", r.events);
        for (title, counts) in
            [("decisions (mode intent outcome)", &r.decisions), ("effects (action::state)", &r.effects)]
        {
            text += &format!("{title}\n");
            for (name, count) in counts {
                text += &format!("  {name:<34} {count:>7}\n");
            }
        }
        text += &format!(
            "lost              {}\ndoubled           {}\nwebhook→visible   p50 {:.1} ms, p99 {:.1} ms\nsettled in        {:.1} s ({:.0} events/s)",
            r.lost,
            r.doubled,
            r.p50_ms,
            r.p99_ms,
            self.elapsed_ms as f64 / 1_000.0,
            self.events_per_second
        );
        for problem in &r.problems {
            text += &format!("\n  ! {problem}");
        }
        text
    }
}

/// Runs it.
///
/// # Errors
/// When a part cannot start, or not everything settles in time.
pub async fn run_once(settings: Settings, options: OnceOptions) -> anyhow::Result<OnceReport> {
    let marker = settings.data.dir.join("demo.running");
    anyhow::ensure!(
        !marker.exists(),
        "the last run in {} was cut off, and its local Instagram lost what happened in its last seconds: the books \
         cannot agree any more. Choose another folder with --data-dir",
        settings.data.dir.display()
    );
    let sandbox = sandbox_options(&settings, LimitOptions::unlimited());
    let stage = Stage::set(settings, sandbox).await?;
    std::fs::write(&marker, "")?;
    if options.faults {
        switch_on_faults(&stage);
    }
    let clock = stage.node.foundations().clock.clone();
    let started = clock.now();
    let mut traffic = Traffic::new(options.seed ^ started.as_micros() as u64);
    for _ in 0..options.events {
        traffic.event(&stage.sandbox, &stage.brands)?;
    }
    stage.sandbox.wait_delivered(DELIVERY_LIMIT).await?;
    settle(&stage, started + options.limit).await?;
    let elapsed = clock.now().since(started);
    stage.sandbox.clear_faults();
    let reckoning = Reckoning::of(&stage).await?;
    if stage.strike().await {
        std::fs::remove_file(&marker)?;
    }
    Ok(OnceReport {
        reckoning,
        elapsed_ms: elapsed.as_millis() as u64,
        events_per_second: f64::from(options.events) / elapsed.as_secs_f64().max(0.001),
    })
}

fn switch_on_faults(stage: &Stage) {
    let faults = [
        Fault::new(FaultKind::DuplicateWebhooks { copies: 1 }).with_probability(0.05),
        Fault::new(FaultKind::ReorderWebhooks { within_ms: 200 }).with_probability(0.10),
        Fault::new(FaultKind::DoneBut500 { status: 500 }).with_probability(0.02),
        Fault::new(FaultKind::DoneButConnectionDropped { hang: false }).with_probability(0.01),
        Fault::new(FaultKind::Http5xx { status: 503 }).with_probability(0.01),
    ];
    for fault in faults {
        stage.sandbox.fault(fault);
    }
}

/// Waits until nothing is in hand and every effect has come to its end, also those that wait for their time: a
/// read-back after a lost answer, another try after a refusal.
async fn settle(stage: &Stage, deadline: Timestamp) -> anyhow::Result<()> {
    let foundations = stage.node.foundations();
    loop {
        let mut busy = stage.node.busy().await;
        let counts = foundations.database.effect_counts(None).await?;
        let open: i64 =
            counts.iter().filter(|count| !count.state.is_settled()).map(|count| count.count).sum();
        if open > 0 {
            busy.push(format!("{open} effects wait"));
        }
        if busy.is_empty() {
            return Ok(());
        }
        if foundations.clock.now() >= deadline {
            anyhow::bail!("not everything settled in time ({}); give more with --limit-s", busy.join("; "));
        }
        foundations.clock.sleep(Duration::from_millis(20)).await;
    }
}
