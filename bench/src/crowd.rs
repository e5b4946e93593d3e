//! `crowd`: people who look and ask while events flow. Browsers follow the live feeds of their tenants, others ask why;
//! measured are the time from a decision to the browsers, from a question to the first words of its answer, and what the
//! webhooks and the node's memory notice of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use futures::StreamExt;
use hdrhistogram::Histogram;
use runtime::administration::Act;
use secrecy::ExposeSecret;
use serde_json::json;
use tenants::access::UserRole;
use tenants::account::KeyScope;
use tenants::changes::{Change, Changes};
use tenants::clock::{Clock, SystemClock, Timestamp};
use tenants::ids::{MemoryId, TenantId};
use tenants::memory::{MemoryItem, MemoryKind, Visibility};
use tenants::ports::{Directory, PageRequest, UnitOfWork};
use tenants::tasks::Tasks;
use tokio::sync::{Mutex, Semaphore};

use crate::programs::Programs;
use crate::report::{self, Table};
use crate::sides::troupe::Installation;
use crate::stub::Stub;
use crate::{client, machine, memory, payloads, stalls};

/// What is asked, again and again.
const QUESTIONS: [&str; 4] = [
    "Why was the last comment answered?",
    "How many comments were answered today?",
    "What did you not do today, and why?",
    "What did we spend on captions this week?",
];
/// What every tenant knows.
const FACT: &str = "We ship within three days, and returns are free for thirty.";
/// Between two questions of one person: nobody may ask more than twenty in a minute.
const ASK_EVERY: Duration = Duration::from_millis(3_200);
/// Webhooks are sent in such bursts.
const BURST_EVERY: Duration = Duration::from_millis(20);
/// Webhooks under way at the same time.
const AT_ONCE: usize = 256;
/// The node has started and given back what that took.
const REST: Duration = Duration::from_secs(3);

/// How many, how long.
#[derive(Debug, Args)]
pub struct CrowdArgs {
    /// Browsers, each on the feed of a tenant of its own.
    #[arg(long, default_value_t = 200)]
    browsers: u32,
    /// People who ask.
    #[arg(long, default_value_t = 50)]
    chats: u32,
    /// Events per second, over all tenants.
    #[arg(long, default_value_t = 1_000)]
    pace: u32,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only cases whose name contains this.
    #[arg(long, value_name = "WORDS", conflicts_with = "write")]
    case: Option<String>,
    /// Page whose section `crowd` is rewritten.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// What was measured in one case.
struct Measured {
    name: String,
    /// Webhook sent → answered, in microseconds.
    accepted: Histogram<u64>,
    sent: u64,
    refused: u64,
    /// Decision → browser.
    feed: Histogram<u64>,
    /// Question → first words.
    first_words: Histogram<u64>,
    unanswered: u64,
    /// Resident memory of the node at each quarter of the time, in bytes.
    memory: Vec<u64>,
}

/// Measures, prints, and writes the page.
pub async fn run(args: CrowdArgs) -> anyhow::Result<()> {
    let programs = Programs::find()?;
    if let Err(missing) = programs.nginx().and(programs.troupe()) {
        eprintln!("the crowd cannot be measured: {missing}");
        return Ok(());
    }
    let stub = Stub::start(&programs).await?;
    let cases = [
        ("ten who ask at once, nothing else", Case { browsers: 0, chats: 10, pace: 0 }),
        ("events alone", Case { browsers: 0, chats: 0, pace: args.pace }),
        (
            "half the events, browsers and chats",
            Case { browsers: args.browsers, chats: args.chats, pace: args.pace / 2 },
        ),
        (
            "all events, browsers and chats",
            Case { browsers: args.browsers, chats: args.chats, pace: args.pace },
        ),
    ];
    let (mut all, mut folders) = (Vec::new(), Vec::new());
    let is_wanted = |name: &str| args.case.as_deref().is_none_or(|wanted| name.contains(wanted));
    for (name, case) in cases.into_iter().filter(|(name, _)| is_wanted(name)) {
        let measure = async || measure(&args, &programs, &stub, name, &case).await;
        let (measured, installation) = stalls::undisturbed(measure).await?;
        all.push(measured);
        // Removed when everything is measured: file systems take their time to give out anew what was just removed.
        folders.push(installation);
    }
    let text = format!("{}\n\n{}", machine::description(&programs), table(&all).to_markdown());
    println!("{text}");
    match &args.write {
        Some(page) => report::write_section(page, "crowd", &text),
        None => Ok(()),
    }
}

/// Who is there.
struct Case {
    browsers: u32,
    chats: u32,
    pace: u32,
}

async fn measure(
    args: &CrowdArgs,
    programs: &Programs,
    stub: &Stub,
    name: &str,
    case: &Case,
) -> anyhow::Result<(Measured, Installation)> {
    let tenants = args.browsers.max(args.chats).max(10);
    let installation = Installation::prepare(stub.url(), "", tenants).await?;
    let (ids, keys) = people(&installation, tenants, args.chats.max(10)).await?;
    let http = client()?;
    let mut program = installation.serve(programs)?;
    program.until_answers(&http, &format!("{}/readyz", installation.url)).await?;
    SystemClock.sleep(REST).await;
    let pid = program.pid().context("troupe has ended")?;

    let shared = Arc::new(Shared::new(installation.url.clone())?);
    // Something to look at and to ask about.
    shared.send(tenants, u64::from(tenants) * 5, 200).await?;
    SystemClock.sleep(REST).await;
    shared.begin().await;
    let tasks = Tasks::default();
    for tenant in ids.iter().take(case.browsers as usize) {
        let (shared, tenant, key) = (Arc::clone(&shared), *tenant, keys[0].clone());
        tasks.spawn("browser", async move { shared.browse(tenant, &key).await });
    }
    for (number, key) in keys.iter().enumerate().take(case.chats as usize) {
        let (shared, tenant, key) = (Arc::clone(&shared), ids[number % ids.len()], key.clone());
        tasks.spawn("chat", async move { shared.chat(tenant, &key, number).await });
    }
    let total = u64::from(case.pace) * args.seconds;
    let quarter = Duration::from_secs(args.seconds) / 4;
    let watched = async {
        let mut memory = Vec::new();
        for _ in 0..4 {
            SystemClock.sleep(quarter).await;
            memory.push(memory::resident(pid)?);
        }
        anyhow::Ok(memory)
    };
    let (sent, memory) = tokio::join!(shared.send(tenants, total, u64::from(case.pace)), watched);
    sent?;
    shared.over.store(true, Ordering::Relaxed);
    drop(tasks);
    program.end().await?;
    Ok((shared.measured(name, memory?).await, installation))
}

/// The ids of the tenants, and keys: the first sees everything, each asks for itself. Every tenant knows something, so
/// that its memory is open when it has been heard once: its files are made once in its life.
async fn people(
    installation: &Installation,
    tenants: u32,
    keys: u32,
) -> anyhow::Result<(Vec<TenantId>, Vec<String>)> {
    let foundations = installation.open().await?;
    let agency = foundations.database.list_agencies().await?.into_iter().next().context("no agency")?.id;
    let act = Act { by: "bench".to_owned(), at: foundations.clock.now(), ids: &foundations.ids };
    let mut texts = Vec::new();
    for number in 0..keys {
        let scope = KeyScope::Agency { agency };
        let (_, text, changes) = act.create_key(&format!("asker {number}"), scope, UserRole::Viewer, None)?;
        foundations.database.commit(changes).await?;
        texts.push(text.expose_secret().to_owned());
    }
    let listed = foundations.database.list_tenants(&agency, PageRequest::first(tenants)).await?;
    for tenant in &listed {
        let (id, kind) = (MemoryId::new(&foundations.ids), MemoryKind::BrandFact);
        let fact = MemoryItem::new(
            id,
            tenant.id,
            kind,
            Visibility::Customer,
            FACT,
            "bench",
            foundations.clock.now(),
        );
        let changes = Changes::of_tenant(tenant.id).with(Change::Remember(Box::new(fact)));
        foundations.database.commit(changes).await?;
    }
    foundations.close(Duration::from_secs(10)).await;
    Ok((listed.into_iter().map(|tenant| tenant.id).collect(), texts))
}

/// What all senders, browsers and askers share.
struct Shared {
    tasks: Tasks,
    url: String,
    http: reqwest::Client,
    over: AtomicBool,
    serial: AtomicU64,
    accepted: Mutex<Histogram<u64>>,
    feed: Mutex<Histogram<u64>>,
    first_words: Mutex<Histogram<u64>>,
    sent: AtomicU64,
    refused: AtomicU64,
    unanswered: AtomicU64,
}

impl Shared {
    fn new(url: String) -> anyhow::Result<Self> {
        let times = || Histogram::new_with_bounds(1, 600_000_000, 3).map(Mutex::new);
        // Feeds stay open for as long as they like.
        let http = reqwest::Client::builder().build()?;
        let tasks = Tasks::default();
        let (over, serial) = (AtomicBool::new(false), AtomicU64::new(0));
        let (sent, refused, unanswered) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let (accepted, feed, first_words) = (times()?, times()?, times()?);
        Ok(Self { tasks, url, http, over, serial, accepted, feed, first_words, sent, refused, unanswered })
    }

    /// What was measured before does not count.
    async fn begin(&self) {
        self.accepted.lock().await.reset();
        self.sent.store(0, Ordering::Relaxed);
        self.refused.store(0, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Sends so many webhooks at a steady pace.
    async fn send(self: &Arc<Self>, tenants: u32, total: u64, pace: u64) -> anyhow::Result<()> {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let begun = SystemClock.now();
        let mut sent = 0;
        while sent < total {
            let due = (SystemClock.now().since(begun).as_secs_f64() * pace as f64) as u64;
            while sent < due.min(total) {
                let place = Arc::clone(&places).acquire_owned().await?;
                let shared = Arc::clone(self);
                let serial = self.serial.fetch_add(1, Ordering::Relaxed);
                let tenant = (serial % u64::from(tenants)) as u32;
                self.tasks.spawn("webhook", async move {
                    shared.webhook(serial, tenant).await;
                    drop(place);
                });
                sent += 1;
            }
            SystemClock.sleep(BURST_EVERY).await;
        }
        // All have been answered when every place is free.
        drop(places.acquire_many(AT_ONCE as u32).await?);
        Ok(())
    }

    async fn webhook(&self, serial: u64, tenant: u32) {
        let began = SystemClock.now();
        let body = payloads::body(serial, tenant, began);
        let Ok(signature) = payloads::signature(&body) else { return };
        let request = self.http.post(format!("{}/webhooks/instagram", self.url));
        let answer = request.header("x-hub-signature-256", signature).body(body).send().await;
        let is_accepted = answer.is_ok_and(|answer| answer.status().is_success());
        let took = SystemClock.now().since(began).as_micros() as u64;
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.refused.fetch_add(u64::from(!is_accepted), Ordering::Relaxed);
        self.accepted.lock().await.saturating_record(took);
    }

    /// Follows a feed as a browser does, and notes how old each decision is when it comes.
    async fn browse(&self, tenant: TenantId, key: &str) {
        let request =
            self.http.get(format!("{}/api/v1/tenants/{tenant}/feed", self.url)).header("x-api-key", key);
        let Ok(answer) = request.send().await else { return };
        let mut pieces = answer.bytes_stream();
        let mut pending = String::new();
        while let Some(Ok(piece)) = pieces.next().await {
            if self.is_over() {
                return;
            }
            pending.push_str(&String::from_utf8_lossy(&piece));
            let Some(whole) = pending.rfind('\n') else { continue };
            let lines: String = pending.drain(..=whole).collect();
            for at in decided_at(&lines) {
                let age = SystemClock.now().since(at).as_micros() as u64;
                self.feed.lock().await.saturating_record(age);
            }
        }
    }

    /// Asks one question after the other.
    async fn chat(&self, tenant: TenantId, key: &str, number: usize) {
        let url = format!("{}/api/v1/tenants/{tenant}/oversight/chat", self.url);
        for question in QUESTIONS.iter().cycle().skip(number) {
            if self.is_over() {
                return;
            }
            let began = SystemClock.now();
            let request =
                self.http.post(&url).header("x-api-key", key).json(&json!({ "question": question }));
            let first = async {
                let answer = request.send().await.ok()?.error_for_status().ok()?;
                let mut pieces = answer.bytes_stream();
                let mut first = None;
                while let Some(Ok(piece)) = pieces.next().await {
                    first = first.or_else(|| piece.starts_with(b"data:").then(|| SystemClock.now()));
                }
                first
            };
            match first.await {
                Some(at) => {
                    self.first_words.lock().await.saturating_record(at.since(began).as_micros() as u64)
                }
                None => _ = self.unanswered.fetch_add(1, Ordering::Relaxed),
            }
            SystemClock.sleep_until(began + ASK_EVERY).await;
        }
    }

    async fn measured(&self, name: &str, memory: Vec<u64>) -> Measured {
        Measured {
            name: name.to_owned(),
            accepted: self.accepted.lock().await.clone(),
            sent: self.sent.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            feed: self.feed.lock().await.clone(),
            first_words: self.first_words.lock().await.clone(),
            unanswered: self.unanswered.load(Ordering::Relaxed),
            memory,
        }
    }
}

/// When the decisions were made that these lines of a feed tell. Other entries are passed over unread: browsers of real
/// people do not share their processor with the node.
fn decided_at(lines: &str) -> Vec<Timestamp> {
    #[derive(serde::Deserialize)]
    struct Decided {
        event_type: String,
        at: Timestamp,
    }
    let data = lines.lines().filter_map(|line| line.strip_prefix("data:"));
    data.filter(|data| data.contains(r#""event_type":"decision.made""#))
        .filter_map(|data| serde_json::from_str::<Decided>(data).ok())
        .filter(|entry| entry.event_type == "decision.made")
        .map(|entry| entry.at)
        .collect()
}

fn table(all: &[Measured]) -> Table {
    let mut table = Table::new([
        "case",
        "events",
        "refused",
        "accepted p50 / p99",
        "decision to browser p50 / p99",
        "first words p50 / p95",
        "unanswered",
        "memory at each quarter",
    ]);
    for it in all {
        let both = |of: &Histogram<u64>, high: f64| match of.len() {
            0 => "–".to_owned(),
            _ => {
                let ms = |quantile| of.value_at_quantile(quantile) as f64 / 1_000.0;
                format!("{:.1} / {:.1} ms", ms(0.5), ms(high))
            }
        };
        let megabytes = |bytes: &u64| format!("{:.0}", *bytes as f64 / 1_048_576.0);
        table.row([
            it.name.clone(),
            it.sent.to_string(),
            it.refused.to_string(),
            both(&it.accepted, 0.99),
            both(&it.feed, 0.99),
            both(&it.first_words, 0.95),
            it.unanswered.to_string(),
            format!("{} MB", it.memory.iter().map(megabytes).collect::<Vec<_>>().join(" / ")),
        ]);
    }
    table
}
