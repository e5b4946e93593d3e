//! `footprint`: what Troupe costs when it does little: time until it is ready, memory idle, memory per tenant asleep
//! and awake, time to wake one.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use futures::{StreamExt, TryStreamExt};
use tenants::clock::{Clock, SystemClock};

use crate::process::Program;
use crate::programs::Programs;
use crate::report::{self, Table, median};
use crate::sides::troupe::{Installation, metric};
use crate::stub::Stub;
use crate::{client, machine, memory, payloads, stalls};

/// Tenants of the node that the others are compared with.
const FEW: u32 = 10;
/// Starts whose median counts.
const STARTS: u32 = 9;
/// Tenants that are woken one after the other.
const WOKEN_ALONE: u32 = 300;
/// Between two of them: each finds an idle node.
const PAUSE: Duration = Duration::from_millis(20);
/// Events to tenants that are awake already, so that caches and pools have their size before memory is compared.
const TO_WARM_UP: u32 = 6_000;
/// Webhooks under way at the same time where only their number matters.
const AT_ONCE: usize = 32;
/// A node at rest has given back what starting took.
const REST: Duration = Duration::from_secs(3);
/// How often finished events are counted.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Longest wait for events to be finished.
const PATIENCE: Duration = Duration::from_secs(60);

/// How large.
#[derive(Debug, Args)]
pub struct FootprintArgs {
    /// Tenants of the large installation.
    #[arg(long, default_value_t = 20_000)]
    asleep: u32,
    /// Tenants to wake for the memory of an active tenant.
    #[arg(long, default_value_t = 2_000)]
    awake: u32,
    /// A tenth of everything; the page is not written.
    #[arg(long)]
    quick: bool,
    /// Page whose section `footprint` is rewritten.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// What is found on a node with few tenants.
#[derive(Debug)]
struct Few {
    ready_ms: Vec<f64>,
    idle: u64,
}

/// What is found on a node with many tenants.
#[derive(Debug)]
struct Many {
    ready_ms: f64,
    idle: u64,
    /// Median milliseconds from storing an event to its committed decision, for tenants asleep and then awake.
    first_ms: f64,
    second_ms: f64,
    bytes_per_awake: f64,
}

/// Measures, prints, and writes the page.
pub async fn run(mut args: FootprintArgs) -> anyhow::Result<()> {
    if args.quick {
        (args.asleep, args.awake, args.write) = (args.asleep / 10, args.awake / 10, None);
    }
    anyhow::ensure!(args.asleep >= args.awake + WOKEN_ALONE, "--asleep must exceed --awake by {WOKEN_ALONE}");
    let programs = Programs::find()?;
    if let Err(missing) = programs.nginx().and(programs.troupe()) {
        eprintln!("the footprint cannot be measured: {missing}");
        return Ok(());
    }
    let stub = Stub::start(&programs).await?;
    let few = stalls::undisturbed(async || measure_few(&programs, &stub).await).await?;
    let many = stalls::undisturbed(async || measure_many(&args, &programs, &stub).await).await?;
    let text = format!("{}\n\n{}", machine::description(&programs), table(&args, &few, &many).to_markdown());
    println!("{text}");
    match &args.write {
        Some(page) => report::write_section(page, "footprint", &text),
        None => Ok(()),
    }
}

async fn measure_few(programs: &Programs, stub: &Stub) -> anyhow::Result<Few> {
    let installation = Installation::prepare(stub.url(), "", FEW).await?;
    let mut ready = Vec::new();
    for _ in 0..STARTS {
        let (node, ready_ms) = Node::start(programs, &installation).await?;
        ready.push(ready_ms);
        node.program.end().await?;
    }
    let (node, _) = Node::start(programs, &installation).await?;
    SystemClock.sleep(REST).await;
    let idle = node.memory()?;
    node.program.end().await?;
    Ok(Few { ready_ms: ready, idle })
}

async fn measure_many(args: &FootprintArgs, programs: &Programs, stub: &Stub) -> anyhow::Result<Many> {
    let installation = Installation::prepare(stub.url(), "", args.asleep).await?;
    let (mut node, ready_ms) = Node::start(programs, &installation).await?;
    SystemClock.sleep(REST).await;
    let idle = node.memory()?;

    let first_ms = node.decide_one_by_one(WOKEN_ALONE).await?;
    let second_ms = node.decide_one_by_one(WOKEN_ALONE).await?;

    node.send_to((0..TO_WARM_UP).map(|number| number % WOKEN_ALONE)).await?;
    let (before, awake_before) = (node.memory()?, node.awake().await?);
    node.send_to(WOKEN_ALONE..WOKEN_ALONE + args.awake).await?;
    let (after, awake_after) = (node.memory()?, node.awake().await?);
    anyhow::ensure!(awake_after > awake_before, "no tenant woke up: is actors.idle_after_s very short?");
    let bytes_per_awake = after.saturating_sub(before) as f64 / (awake_after - awake_before);
    node.program.end().await?;
    Ok(Many { ready_ms, idle, first_ms, second_ms, bytes_per_awake })
}

/// A running node that is sent single events.
struct Node {
    program: Program,
    url: String,
    http: reqwest::Client,
    sent: u64,
}

impl Node {
    /// Starts a node; it and the milliseconds until it was ready.
    async fn start(programs: &Programs, installation: &Installation) -> anyhow::Result<(Self, f64)> {
        let (http, url) = (client()?, installation.url.clone());
        let began = SystemClock.now();
        let mut program = installation.serve(programs)?;
        program.until_answers(&http, &format!("{url}/readyz")).await?;
        let ready_ms = SystemClock.now().since(began).as_secs_f64() * 1_000.0;
        Ok((Self { program, url, http, sent: 0 }, ready_ms))
    }

    fn memory(&self) -> anyhow::Result<u64> {
        memory::resident(self.program.pid().context("troupe has ended")?)
    }

    async fn metrics(&self) -> anyhow::Result<String> {
        let answer = self.http.get(format!("{}/metrics", self.url)).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    async fn awake(&self) -> anyhow::Result<f64> {
        Ok(metric(&self.metrics().await?, "troupe_tenants_awake"))
    }

    /// Sends one event to each of the first tenants, one after the other. Median milliseconds to a decision.
    async fn decide_one_by_one(&mut self, tenants: u32) -> anyhow::Result<f64> {
        let mut times = Vec::new();
        let mut before = Decided::read(&self.metrics().await?);
        for tenant in 0..tenants {
            self.post(self.sent, tenant).await?;
            self.sent += 1;
            SystemClock.sleep(PAUSE).await;
            self.until_finished().await?;
            let after = Decided::read(&self.metrics().await?);
            anyhow::ensure!(after.count > before.count, "an event was finished without being decided");
            times.push(1_000.0 * (after.seconds - before.seconds) / (after.count - before.count));
            before = after;
        }
        median(&times).context("no tenants to wake")
    }

    /// Sends one event for every tenant named, and waits until all are finished.
    async fn send_to(&mut self, tenants: impl Iterator<Item = u32>) -> anyhow::Result<()> {
        let numbered: Vec<(u64, u32)> = (self.sent..).zip(tenants).collect();
        self.sent += numbered.len() as u64;
        let node = &*self;
        futures::stream::iter(numbered)
            .map(|(serial, tenant)| node.post(serial, tenant))
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        self.until_finished().await
    }

    async fn post(&self, serial: u64, tenant: u32) -> anyhow::Result<()> {
        let body = payloads::body(serial, tenant, SystemClock.now());
        let request = self.http.post(format!("{}/webhooks/instagram", self.url));
        let request = request.header("x-hub-signature-256", payloads::signature(&body)?).body(body);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    async fn until_finished(&self) -> anyhow::Result<()> {
        let deadline = SystemClock.now() + PATIENCE;
        let url = format!("{}/metrics", self.url);
        while crate::sides::troupe::replies_sent(&self.http, &url).await? < self.sent {
            anyhow::ensure!(SystemClock.now() < deadline, "not everything was finished in {PATIENCE:?}");
            SystemClock.sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

/// How long decisions took so far.
struct Decided {
    seconds: f64,
    count: f64,
}

impl Decided {
    fn read(metrics: &str) -> Self {
        const NAME: &str = "troupe_webhook_to_decided_seconds";
        let part = |end: &str| metric(metrics, &format!("{NAME}_{end}"));
        Self { seconds: part("sum"), count: part("count") }
    }
}

fn table(args: &FootprintArgs, few: &Few, many: &Many) -> Table {
    let ready = median(&few.ready_ms).unwrap_or_default();
    let asleep = many.idle.saturating_sub(few.idle) as f64 / f64::from(args.asleep - FEW);
    let idle = few.idle as f64 / 1_048_576.0;
    let mut table = Table::new(["what", "aim", "measured"]);
    let mut row = |what: &str, aim: &str, value: String| table.row([what, aim, &value]);
    row(&format!("start to ready, {FEW} tenants"), "< 200 ms", format!("{ready:.0} ms"));
    row(&format!("start to ready, {} tenants", args.asleep), "", format!("{:.0} ms", many.ready_ms));
    row(&format!("memory idle, {FEW} tenants"), "< 60 MB", format!("{idle:.1} MB"));
    row("memory per sleeping tenant", "≈ 0", format!("{asleep:.0} bytes"));
    row("memory per active tenant", "< 100 KB", format!("{:.1} KB", many.bytes_per_awake / 1_024.0));
    row("stored to decided, waking the tenant", "< 5 ms", format!("{:.1} ms", many.first_ms));
    row("stored to decided, tenant awake", "", format!("{:.1} ms", many.second_ms));
    table
}
