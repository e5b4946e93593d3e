//! Does a poisoned tenant slow the others down? Quiet tenants get comments at a steady pace, and the time from the
//! webhook to the visible reply is taken; first alone, then beside a tenant whose decisions panic, one whose calls
//! all fail, one that is flooded, and all of these together.
//!
//! Every measurement has an installation of its own, and rounds are interleaved, so that a busy machine harms all
//! cases alike. Webhooks are sent from threads of their own, whatever the node's runtime is busy with; node and sandbox
//! share the rest.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use clap::{Args, ValueEnum};
use futures::{StreamExt, stream};
use hdrhistogram::Histogram;
use hmac::{Hmac, KeyInit, Mac};
use kit::{Backend, TestApp, TestTenant};
use llm::{Answer, ClassifyRequest, LlmError, LlmRouter, OfflineProvider, ReplyRequest};
use sandbox::{CommentId, Fault, FaultKind, NewComment};
use serde_json::json;
use sha2::Sha256;
use tenants::clock::{Clock, ShiftedClock, Timestamp};
use tenants::intent::Classification;
use tenants::tasks::Tasks;

use tokio::task::JoinHandle;

use crate::report::{self, Table};

/// What is said in quiet and flooded threads; answered at once.
const PRAISE: &str = "I love this so much!";
/// What makes a decision panic.
const POISON: &str = "poison";
/// How long a reply may take before it counts as missing.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures what quiet tenants notice of a poisoned one.
#[derive(Debug, Clone, Args)]
pub struct IsolationArgs {
    /// Quiet tenants.
    #[arg(long, default_value_t = 10)]
    quiet_tenants: u32,
    /// Comments per second, over all quiet tenants together.
    #[arg(long, default_value_t = 50)]
    pace: u32,
    /// Seconds per measurement.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Times every case is measured.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Comments of the flood.
    #[arg(long, default_value_t = 5_000)]
    flood: u32,
    /// Connections over which the flood comes.
    #[arg(long, default_value_t = 32)]
    flood_connections: usize,
    /// Comments per second for the panicking tenant, and for the one whose account fails.
    #[arg(long, default_value_t = 10)]
    poison_pace: u32,
    /// A page whose section `isolation` gets the table.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Settings of the node in TOML, such as `[database]\nbatch = 8`; the defaults when left out.
    #[arg(long, default_value = "")]
    settings: String,
    /// Also print, for every measurement, the medians of each second.
    #[arg(long)]
    by_second: bool,
    /// Also print, for every measurement, how long the stages between webhook and reply took.
    #[arg(long)]
    by_stage: bool,
    /// Cases to measure; all when left out. The first is what the others are compared with.
    #[arg(long, value_enum, value_delimiter = ',')]
    cases: Vec<Case>,
    /// PostgreSQL instead of SQLite.
    #[arg(long)]
    postgres: bool,
}

/// Who is there beside the quiet tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Case {
    Quiet,
    Panic,
    FailingAccount,
    Flood,
    All,
}

impl Case {
    const EVERY: [Case; 5] = [Case::Quiet, Case::Panic, Case::FailingAccount, Case::Flood, Case::All];

    fn has(self, poison: Case) -> bool {
        self == poison || self == Case::All
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Case::Quiet => "quiet",
            Case::Panic => "every decision panics",
            Case::FailingAccount => "every call fails",
            Case::Flood => "flood",
            Case::All => "all three",
        })
    }
}

/// What the quiet tenants have noticed.
struct Noticed {
    /// Webhook sent → answered with 200.
    accepted: Histogram<u64>,
    /// Webhook sent → reply visible.
    visible: Histogram<u64>,
    /// p99 of the latter, a round each.
    rounds: Vec<u64>,
    missing: usize,
    /// Comments of the flood that were answered while the quiet ones came, and had not been before.
    flood_answered: usize,
}

impl Noticed {
    fn nothing() -> anyhow::Result<Self> {
        let times = || Histogram::new_with_bounds(1, 120_000_000, 3);
        Ok(Self { accepted: times()?, visible: times()?, rounds: Vec::new(), missing: 0, flood_answered: 0 })
    }

    fn add(&mut self, other: Noticed) -> anyhow::Result<()> {
        self.rounds.push(other.visible.value_at_quantile(0.99));
        self.accepted.add(other.accepted)?;
        self.visible.add(other.visible)?;
        self.missing += other.missing;
        self.flood_answered += other.flood_answered;
        Ok(())
    }
}

/// Measures every case in interleaved rounds and prints a table.
pub async fn run(args: IsolationArgs) -> anyhow::Result<()> {
    // As a node does: with backtraces the panics would measure how fast stacks can be printed.
    runtime::telemetry::log_panics();
    let mut all = Vec::new();
    let cases = if args.cases.is_empty() { &Case::EVERY[..] } else { &args.cases };
    for case in cases {
        all.push((*case, Noticed::nothing()?));
    }
    for round in 1..=args.rounds {
        for (case, noticed) in &mut all {
            eprintln!("round {round} of {}: {case}", args.rounds);
            noticed.add(measure(&args, *case).await?)?;
        }
    }
    let text = table(&args, &all);
    println!("{text}");
    match &args.write {
        Some(page) => report::write_section(page, "isolation", &text),
        None => Ok(()),
    }
}

fn table(args: &IsolationArgs, all: &[(Case, Noticed)]) -> String {
    let mut table = Table::new([
        "beside them",
        "p50 ms",
        "p99 ms",
        "p99 to quiet",
        "p99 of each round",
        "accepted p99 ms",
        "comments",
        "missing",
    ]);
    let ms = |micros: u64| format!("{:.1}", micros as f64 / 1_000.0);
    let quiet = all.first().map_or(1, |(_, noticed)| noticed.visible.value_at_quantile(0.99));
    for (case, noticed) in all {
        let p99 = noticed.visible.value_at_quantile(0.99);
        let rounds: Vec<String> = noticed.rounds.iter().map(|p99| ms(*p99)).collect();
        table.row([
            case.to_string(),
            ms(noticed.visible.value_at_quantile(0.5)),
            ms(p99),
            format!("{:.2}", p99 as f64 / quiet as f64),
            rounds.join(", "),
            ms(noticed.accepted.value_at_quantile(0.99)),
            noticed.visible.len().to_string(),
            noticed.missing.to_string(),
        ]);
    }
    let mut text = format!(
        "{} quiet tenants, {} comments/s together, {} s × {} rounds; times from webhook to visible reply.\n\n{}",
        args.quiet_tenants,
        args.pace,
        args.seconds,
        args.rounds,
        table.to_markdown()
    );
    for (case, noticed) in all.iter().filter(|(case, _)| case.has(Case::Flood)) {
        let share = 100.0 * noticed.flood_answered as f64 / f64::from(args.flood * args.rounds);
        text.push_str(&format!("\n{case}: {share:.0} % of the flood was answered within the measurement.\n"));
    }
    text
}

/// One installation, one case.
async fn measure(args: &IsolationArgs, case: Case) -> anyhow::Result<Noticed> {
    let backend = if args.postgres { Backend::Postgres } else { Backend::Sqlite };
    let llm: Arc<dyn LlmRouter> =
        Arc::new(Panicking(OfflineProvider::new(Arc::new(ShiftedClock::default()))?));
    let app = TestApp::start_with(backend, Some(llm), &args.settings)
        .await
        .context("PostgreSQL is not installed")?;
    let mut quiet = Vec::new();
    for number in 0..args.quiet_tenants {
        quiet.push(app.tenant(&format!("quiet{number}")).create().await);
    }
    let poisons = Poisons::prepare(args, case, &app).await?;
    let tasks = Tasks::default();
    let sender = Arc::new(Sender::new(&app)?);
    warm_up(&app, &sender, &quiet).await?;

    let count = u64::from(args.pace) * args.seconds;
    let script: Vec<Said> =
        (0..count).map(|number| say(&app, &quiet[number as usize % quiet.len()], number, PRAISE)).collect();
    let (pace, connections) = (args.poison_pace, args.flood_connections);
    for poison in poisons.steady {
        drop(aside(&tasks, Sender::new(&app)?, move |sender| sender.paced(poison, pace)));
    }
    let flood = poisons.flood.clone();
    if !flood.is_empty() {
        drop(aside(&tasks, Sender::new(&app)?, move |sender| sender.at_once(flood, connections)));
    }
    let pace = args.pace;
    let sent = aside(&tasks, Sender::new(&app)?, move |sender| sender.paced(script, pace)).await??;
    let flood_answered = answered(&app, &poisons.flood);
    let noticed = notice(&app, &sent).await?;
    if args.by_second {
        tell_by_second(&app, &sent);
    }
    if args.by_stage {
        tell_by_stage(&app, &quiet, &sent).await;
    }
    tasks.stop();
    app.end().await;
    Ok(Noticed { flood_answered, ..noticed })
}

/// Sends from a thread of its own, to which its connections belong too.
fn aside<T, F>(
    tasks: &Tasks,
    sender: Sender,
    send: impl FnOnce(Arc<Sender>) -> F + Send + 'static,
) -> JoinHandle<anyhow::Result<T>>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let stop = tasks.clone();
    tasks.spawn_blocking(move || {
        let aside = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        aside.block_on(async {
            tokio::select! {
                sent = send(Arc::new(sender)) => Ok(sent),
                () = stop.stopping() => anyhow::bail!("stopped"),
            }
        })
    })
}

/// Everybody is awake and has been answered once.
async fn warm_up(app: &TestApp, sender: &Arc<Sender>, quiet: &[TestTenant]) -> anyhow::Result<()> {
    let first = quiet.iter().map(|shop| say(app, shop, 0, PRAISE)).collect();
    let sent = Arc::clone(sender).paced(first, 200).await;
    anyhow::ensure!(notice(app, &sent).await?.missing == 0, "the quiet tenants are not served");
    Ok(())
}

/// Waits for the replies and takes the times.
async fn notice(app: &TestApp, sent: &[Sent]) -> anyhow::Result<Noticed> {
    let mut noticed = Noticed::nothing()?;
    let deadline = app.clock.now() + PATIENCE;
    for one in sent {
        noticed.accepted.saturating_record(one.accepted_at.since(one.at).as_micros() as u64);
        loop {
            if let Some(reply) = app.sandbox.replies_of(&one.comment).first() {
                let visible_at = Timestamp::from(reply.created_at);
                noticed.visible.saturating_record(visible_at.since(one.at).as_micros() as u64);
                break;
            }
            if app.clock.now() > deadline {
                noticed.missing += 1;
                break;
            }
            app.clock.sleep(Duration::from_millis(5)).await;
        }
    }
    Ok(noticed)
}

/// Medians of each second, in ms: accepted and visible. Shows how long a burst is felt.
fn tell_by_second(app: &TestApp, sent: &[Sent]) {
    let Some(start) = sent.first().map(|one| one.at) else { return };
    let mut seconds: BTreeMap<u64, (Vec<u128>, Vec<u128>)> = BTreeMap::new();
    for one in sent {
        let (accepted, visible) = seconds.entry(one.at.since(start).as_secs()).or_default();
        accepted.push(one.accepted_at.since(one.at).as_millis());
        let reply = app.sandbox.replies_of(&one.comment).into_iter().next();
        visible.extend(reply.map(|reply| Timestamp::from(reply.created_at).since(one.at).as_millis()));
    }
    let median = |mut times: Vec<u128>| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    for (second, (accepted, visible)) in seconds {
        eprintln!("  second {second}: accepted {} ms, visible {} ms", median(accepted), median(visible));
    }
}

/// Median, p99 and most of every stage, in ms.
async fn tell_by_stage(app: &TestApp, quiet: &[TestTenant], sent: &[Sent]) {
    let mut effects = HashMap::new();
    for shop in quiet {
        let own = app.effects(shop).await;
        effects.extend(own.into_iter().filter_map(|effect| Some((effect.instagram_id.clone()?, effect))));
    }
    let mut stages: [Vec<f64>; 6] = Default::default();
    for one in sent {
        let Some(reply) = app.sandbox.replies_of(&one.comment).into_iter().next() else { continue };
        let Some(effect) = effects.get(reply.id.as_str()) else { continue };
        let (Some(received), Some(tried)) = (effect.received_at, effect.first_attempt_at) else { continue };
        let visible = Timestamp::from(reply.created_at);
        let way = [one.at, received, effect.created_at, tried, visible];
        for (stage, pair) in stages.iter_mut().zip(way.windows(2)) {
            stage.push(pair[1].since(pair[0]).as_secs_f64() * 1_000.0);
        }
        stages[4].push(one.accepted_at.since(one.at).as_secs_f64() * 1_000.0);
        stages[5].push(visible.since(one.at).as_secs_f64() * 1_000.0);
    }
    let names = [
        "sent to received",
        "received to decided",
        "decided to intent",
        "intent to visible",
        "accepted",
        "all",
    ];
    for (name, mut times) in names.into_iter().zip(stages) {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
        eprintln!(
            "  {name}: p50 {:.1}, p90 {:.1}, p99 {:.1} ms ({})",
            at(0.5),
            at(0.9),
            at(0.99),
            times.len()
        );
    }
}

fn answered(app: &TestApp, flood: &[Said]) -> usize {
    flood.iter().filter(|said| !app.sandbox.replies_of(&said.comment).is_empty()).count()
}

/// What the poisoned tenants are sent.
#[derive(Default)]
struct Poisons {
    steady: Vec<Vec<Said>>,
    flood: Vec<Said>,
}

impl Poisons {
    async fn prepare(args: &IsolationArgs, case: Case, app: &TestApp) -> anyhow::Result<Self> {
        let mut poisons = Self::default();
        let count = u64::from(args.poison_pace) * args.seconds;
        if case.has(Case::Panic) {
            // A rule that asks for the intent: the panic comes while rules are asked.
            let shop = app.tenant("panicking").rule(asks_for_intent()).create().await;
            poisons.steady.push((0..count).map(|number| say(app, &shop, number, POISON)).collect());
        }
        if case.has(Case::FailingAccount) {
            let shop = app.tenant("failing").create().await;
            app.sandbox.fault(Fault::new(FaultKind::Http5xx { status: 503 }).on_account(&shop));
            poisons.steady.push((0..count).map(|number| say(app, &shop, number, PRAISE)).collect());
        }
        if case.has(Case::Flood) {
            let shop = app.tenant("flooded").create().await;
            poisons.flood =
                (0..u64::from(args.flood)).map(|number| say(app, &shop, number, PRAISE)).collect();
        }
        Ok(poisons)
    }
}

fn asks_for_intent() -> serde_json::Value {
    json!({ "trigger": { "on": "comment" }, "conditions": [{ "if": "intent", "any": ["spam"] }],
        "actions": [{ "do": "hide" }] })
}

/// A comment that stands in the sandbox and whose webhook is still to be sent.
#[derive(Clone)]
struct Said {
    comment: CommentId,
    body: String,
}

/// A comment whose webhook was sent.
struct Sent {
    comment: CommentId,
    at: Timestamp,
    accepted_at: Timestamp,
}

fn say(app: &TestApp, shop: &TestTenant, number: u64, text: &str) -> Said {
    let new = NewComment { webhook: false, ..NewComment::new(format!("fan{}", number % 997), text) };
    let comment = app.sandbox.comment(shop, new).expect("the shop has a post");
    let body = json!({ "object": "instagram", "entry": [{ "id": shop.account.external_id,
        "time": app.clock.now().as_millis() / 1_000, "changes": [{ "field": "comments", "value": {
            "id": comment.id, "text": text, "media": { "id": comment.media, "media_product_type": "FEED" },
            "from": { "id": format!("55500{number}"), "username": comment.username } } }] }] });
    Said { comment: comment.id, body: body.to_string() }
}

/// Signs and posts webhooks.
struct Sender {
    http: reqwest::Client,
    url: String,
    secret: String,
    clock: ShiftedClock,
}

impl Sender {
    fn new(app: &TestApp) -> anyhow::Result<Self> {
        Ok(Self {
            http: reqwest::Client::builder().pool_max_idle_per_host(64).build()?,
            url: format!("{}/webhooks/instagram", app.node().base_url()),
            secret: app.sandbox.apps().first().context("the sandbox has an app")?.secret.clone(),
            clock: app.clock.clone(),
        })
    }

    /// Posts at a steady pace, whether the earlier ones have been answered or not.
    async fn paced(self: Arc<Self>, script: Vec<Said>, pace: u32) -> Vec<Sent> {
        let start = self.clock.now();
        let posts = script.into_iter().zip(0u32..).map(|(said, index)| {
            let due = start + Duration::from_secs(1) * index / pace;
            let sender = Arc::clone(&self);
            async move {
                sender.clock.sleep_until(due).await;
                sender.post(said).await
            }
        });
        futures::future::join_all(posts).await
    }

    /// Posts as fast as so many connections take it.
    async fn at_once(self: Arc<Self>, script: Vec<Said>, connections: usize) {
        let began = self.clock.now();
        let count =
            stream::iter(script).map(|said| self.post(said)).buffer_unordered(connections).count().await;
        eprintln!("the flood of {count} was accepted within {:?}", self.clock.now().since(began));
    }

    async fn post(&self, said: Said) -> Sent {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("any key will do");
        mac.update(said.body.as_bytes());
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let at = self.clock.now();
        let request = self.http.post(&self.url).header("x-hub-signature-256", signature).body(said.body);
        // Instagram would come again; here a comment that was not accepted shows as missing.
        if let Err(error) = request.send().await.and_then(reqwest::Response::error_for_status) {
            eprintln!("a webhook was not accepted: {error}");
        }
        Sent { comment: said.comment, at, accepted_at: self.clock.now() }
    }
}

/// The offline provider, but one text makes it panic.
struct Panicking(OfflineProvider);

#[async_trait]
impl LlmRouter for Panicking {
    async fn classify(&self, request: ClassifyRequest) -> Result<Answer<Classification>, LlmError> {
        assert!(request.text != POISON, "made to panic");
        self.0.classify(request).await
    }

    async fn reply(&self, request: ReplyRequest) -> Result<Answer<String>, LlmError> {
        self.0.reply(request).await
    }
}
