//! `upload`: a reel of 100 MB over HTTP, in one piece and in parts: how long it takes, and how much memory the node
//! needs for it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use clap::Args;
use futures::{StreamExt, TryStreamExt};
use runtime::administration::Act;
use runtime::boot::Foundations;
use runtime::media::samples::{self, Video};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tenants::access::UserRole;
use tenants::account::KeyScope;
use tenants::clock::{Clock, SystemClock};
use tenants::ids::TenantId;
use tenants::ports::{Directory, PageRequest, UnitOfWork};

use crate::process::Program;
use crate::programs::Programs;
use crate::report::{self, Table, with_spread};
use crate::sides::troupe::Installation;
use crate::{machine, memory};

/// Bytes that the client hands over at once.
const PIECE: usize = 256 << 10;
/// Bytes of a part of an upload in parts.
const PART: usize = 8 << 20;
/// How often the node's memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A node at rest has given back what starting took.
const REST: Duration = Duration::from_secs(3);

/// How large.
#[derive(Debug, Args)]
pub struct UploadArgs {
    /// Megabytes (10^6 bytes) of the reel.
    #[arg(long, default_value_t = 100)]
    megabytes: usize,
    /// Uploads of each kind; the median counts.
    #[arg(long, default_value_t = 5)]
    runs: u8,
    /// Uploads at the same time, for the last row.
    #[arg(long, default_value_t = 4)]
    at_once: u8,
    /// Page whose section `upload` is rewritten.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// One kind of upload, measured.
struct Measured {
    seconds: Vec<f64>,
    megabytes: f64,
    /// Most memory above that of the node at rest, in bytes.
    growth: Vec<f64>,
}

/// A node with a tenant, and a client with its key.
struct Scene {
    program: Program,
    http: reqwest::Client,
    /// `…/api/v1/tenants/{tenant}/media`.
    media: String,
    key: String,
    idle: u64,
    _installation: Installation,
}

pub async fn run(args: UploadArgs) -> anyhow::Result<()> {
    let programs = Programs::find()?;
    if let Err(missing) = programs.troupe() {
        eprintln!("uploads cannot be measured: {missing}");
        return Ok(());
    }
    let scene = Scene::set(&programs).await?;
    let mut seed = 0u8;
    let mut reels = |count: u8| -> Vec<Bytes> {
        let made = (0..count).map(|number| reel(args.megabytes, seed.wrapping_add(number))).collect();
        seed = seed.wrapping_add(count);
        made
    };
    let mut whole = Measured::of(args.megabytes);
    let mut parts = Measured::of(args.megabytes);
    let mut again = Measured::of(args.megabytes);
    for _ in 0..args.runs.max(1) {
        let file = reels(1).remove(0);
        whole.add(scene.measured(scene.in_one_piece(file.clone())).await?);
        again.add(scene.measured(scene.in_one_piece(file)).await?);
        parts.add(scene.measured(scene.in_parts(reels(1).remove(0))).await?);
    }
    let many = reels(args.at_once.max(1));
    let mut together = Measured::of(args.megabytes * many.len());
    let uploads = many.into_iter().map(|file| scene.in_one_piece(file));
    let all = async { futures::future::try_join_all(uploads).await.map(drop) };
    together.add(scene.measured(all).await?);

    let text = page(
        &args,
        &programs,
        &scene,
        [
            ("in one piece", &whole),
            ("in parts of 8 MiB, with completing", &parts),
            ("a content that is there already", &again),
            (&format!("{} at the same time", args.at_once), &together),
        ],
    );
    println!("{text}");
    match &args.write {
        Some(path) => report::write_section(path, "upload", &text),
        None => Ok(()),
    }
}

/// Another one for every seed.
fn reel(megabytes: usize, seed: u8) -> Bytes {
    let video = Video { seconds: 60, data: megabytes * 1_000_000, seed, ..Video::default() };
    samples::video(video).into()
}

fn page(args: &UploadArgs, programs: &Programs, scene: &Scene, rows: [(&str, &Measured); 4]) -> String {
    let mut table = Table::new(["a reel", "seconds", "MB/s", "memory above rest, MiB"]);
    for (name, measured) in rows {
        let speeds: Vec<f64> = measured.seconds.iter().map(|took| measured.megabytes / took).collect();
        table.row([
            name.to_owned(),
            with_spread(&measured.seconds, |number| format!("{number:.2}")),
            with_spread(&speeds, |number| format!("{number:.0}")),
            with_spread(&measured.growth, report::megabytes),
        ]);
    }
    format!(
        "{}\n\nA reel of {} MB over HTTP on loopback, on a node with its default settings (SQLite, files in a folder, every \
         file durable before the answer); at rest it holds {} MiB.\n\n{}",
        machine::description(programs),
        args.megabytes,
        report::megabytes(scene.idle as f64),
        table.to_markdown()
    )
}

impl Measured {
    fn of(megabytes: usize) -> Self {
        Self { seconds: Vec::new(), megabytes: megabytes as f64, growth: Vec::new() }
    }

    fn add(&mut self, (seconds, growth): (f64, f64)) {
        self.seconds.push(seconds);
        self.growth.push(growth);
    }
}

impl Scene {
    async fn set(programs: &Programs) -> anyhow::Result<Self> {
        // Nobody calls Instagram here.
        let installation = Installation::prepare("http://127.0.0.1:9", "", 1).await?;
        let (tenant, key) = first_tenant(&installation).await?;
        // Uploads take longer than the questions of the other measurements.
        crate::client()?;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(300)).build()?;
        let mut program = installation.serve(programs)?;
        program.until_answers(&http, &format!("{}/readyz", installation.url)).await?;
        SystemClock.sleep(REST).await;
        let idle = memory::resident(program.pid().context("the node ended")?)?;
        let media = format!("{}/api/v1/tenants/{tenant}/media", installation.url);
        Ok(Self { program, http, media, key, idle, _installation: installation })
    }

    /// How long it took, and by how much the node grew meanwhile.
    async fn measured(&self, work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<(f64, f64)> {
        let pid = self.program.pid().context("the node ended")?;
        let began = SystemClock.now();
        let mut most = 0;
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => { done?; break }
                () = SystemClock.sleep(LOOK_EVERY) => most = most.max(memory::resident(pid)?),
            }
        }
        let took = SystemClock.now().since(began).as_secs_f64();
        Ok((took, most.saturating_sub(self.idle) as f64))
    }

    async fn in_one_piece(&self, file: Bytes) -> anyhow::Result<()> {
        let length = file.len();
        let pieces = futures::stream::unfold(file, |mut rest| async move {
            let piece = rest.split_to(PIECE.min(rest.len()));
            (!piece.is_empty()).then_some((Ok::<_, std::io::Error>(piece), rest))
        });
        let request = self
            .http
            .post(format!("{}?name=reel.mp4", self.media))
            .header("x-api-key", &self.key)
            .header("content-length", length)
            .body(reqwest::Body::wrap_stream(pieces));
        answer(request).await.map(drop)
    }

    async fn in_parts(&self, file: Bytes) -> anyhow::Result<()> {
        let keyed = |request: reqwest::RequestBuilder| request.header("x-api-key", &self.key);
        let new = json!({ "file_name": "reel.mp4", "bytes": file.len() });
        let begun = answer(keyed(self.http.post(format!("{}/uploads", self.media))).json(&new)).await?;
        let upload = format!("{}/uploads/{}", self.media, begun["id"].as_str().context("an id")?);
        let parts: Vec<(usize, Bytes)> =
            (0..file.len()).step_by(PART).map(|at| (at, file.slice(at..file.len().min(at + PART)))).collect();
        futures::stream::iter(parts)
            .map(|(at, part)| answer(keyed(self.http.put(format!("{upload}?offset={at}"))).body(part)))
            .buffered(1)
            .try_for_each(async |_| Ok(()))
            .await?;
        answer(keyed(self.http.post(format!("{upload}/complete")))).await.map(drop)
    }
}

async fn answer(request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
    let answer = request.send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    anyhow::ensure!(status.is_success(), "the node answered {status}: {text}");
    Ok(serde_json::from_str(&text)?)
}

/// The first tenant of the installation, and a key for it.
async fn first_tenant(installation: &Installation) -> anyhow::Result<(TenantId, String)> {
    let foundations = installation.open().await?;
    let found = make_key(&foundations).await;
    foundations.close(Duration::from_secs(10)).await;
    found
}

async fn make_key(foundations: &Foundations) -> anyhow::Result<(TenantId, String)> {
    let store = &foundations.database;
    let agency = store.list_agencies().await?.pop().context("an agency")?;
    let tenant = store.list_tenants(&agency.id, PageRequest::first(1)).await?.pop().context("a tenant")?;
    let act = Act { by: "bench".to_owned(), at: foundations.clock.now(), ids: &foundations.ids };
    let scope = KeyScope::Tenant { agency: agency.id, tenant: tenant.id };
    let (_, text, changes) = act.create_key("bench", scope, UserRole::Owner, None)?;
    store.commit(changes).await?;
    Ok((tenant.id, text.expose_secret().to_owned()))
}
