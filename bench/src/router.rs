//! `router`: what a call to a model takes longer because it goes through the router, with everything on: budgets in a
//! real database, cache, breaker, fair sharing. Beside it, LiteLLM's proxy in front of the same stub.

mod caller;
mod litellm;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use futures::future::join_all;
use hdrhistogram::Histogram;
use storage::testing::TestDatabase;
use tenants::clock::{Clock, SystemClock};
use tenants::tasks::Tasks;

use self::caller::Caller;
use self::litellm::Proxy;
use crate::programs::Programs;
use crate::report::{self, Table, whole};
use crate::stub::Stub;
use crate::{client, machine, services, stalls};

/// What to measure, and for how long.
#[derive(Debug, Args)]
pub struct RouterArgs {
    /// Numbers of callers at once to try.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    callers: Vec<u32>,
    /// Seconds per side and number of callers.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Milliseconds that a caller waits between two calls; 0: none, which measures the most that a side can do.
    #[arg(long, value_delimiter = ',', default_value = "20,0")]
    pauses: Vec<u64>,
    /// Page whose section `router` is rewritten.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// One side at one load.
struct Figures {
    side: &'static str,
    callers: u32,
    pause: u64,
    per_second: f64,
    errors: u64,
    times: Histogram<u64>,
}

/// Measures, prints, and writes the page.
pub async fn run(args: RouterArgs) -> anyhow::Result<()> {
    let programs = Programs::find()?;
    if let Err(missing) = programs.nginx() {
        eprintln!("the router cannot be measured: {missing}");
        return Ok(());
    }
    let (http, stub) = (client()?, Stub::start(&programs).await?);
    let stub_url = format!("{}/v1", stub.url());
    let mut sides = vec![Caller::direct(http.clone(), &stub_url, None)];
    // Their folders live until the last call.
    let (with_spares, without) = (TestDatabase::sqlite(), TestDatabase::sqlite());
    sides.push(Caller::router("router, SQLite", &with_spares, &stub_url, 2_000).await?);
    sides.push(Caller::router("router, SQLite, no spares", &without, &stub_url, 0).await?);
    let postgres = match services::postgres(&programs).await {
        Ok((service, database)) => {
            sides.push(Caller::router("router, PostgreSQL", &database, &stub_url, 2_000).await?);
            Some(service)
        }
        Err(missing) => {
            eprintln!("left out: PostgreSQL: {missing}");
            None
        }
    };
    let proxy = match Proxy::start(&programs, &http, &stub_url).await {
        Ok(proxy) => {
            sides.push(Caller::direct(http.clone(), proxy.url(), Some(litellm::KEY)));
            Some(proxy)
        }
        Err(missing) => {
            eprintln!("left out: LiteLLM's proxy: {missing}");
            None
        }
    };

    let mut all = Vec::new();
    for pause in &args.pauses {
        for callers in &args.callers {
            for side in &sides {
                let measure = async || side.measured(*callers, *pause, args.seconds).await;
                let figures = stalls::undisturbed(measure).await?;
                ensure!(!figures.times.is_empty(), "{}: every call failed, see above", figures.side);
                println!("{}", one_line(&figures));
                all.push(figures);
            }
        }
    }
    drop((postgres, proxy));
    let text = describe(&args, &programs, &all);
    println!("\n{text}");
    match &args.write {
        Some(page) => report::write_section(page, "router", &text),
        None => Ok(()),
    }
}

impl Caller {
    async fn measured(&self, callers: u32, pause: u64, seconds: u64) -> anyhow::Result<Figures> {
        // What calls cost is learned, connections are made, and pages are in memory.
        self.load(callers, pause, Duration::from_secs(1)).await?;
        let began = SystemClock.now();
        let (times, errors) = self.load(callers, pause, Duration::from_secs(seconds)).await?;
        let took = SystemClock.now().since(began).as_secs_f64();
        let per_second = times.len() as f64 / took;
        Ok(Figures { side: self.label(), callers, pause, per_second, errors, times })
    }

    /// So many callers, each with one call at a time; times in microseconds.
    async fn load(&self, callers: u32, pause: u64, time: Duration) -> anyhow::Result<(Histogram<u64>, u64)> {
        let end = SystemClock.now() + time;
        let tasks = Tasks::default();
        let each = (0..callers).map(|number| {
            let caller = self.clone();
            tasks.spawn("caller", async move { caller.call_until(end, number, pause).await })
        });
        let (mut all, mut errors) = (Histogram::<u64>::new(3)?, 0);
        for done in join_all(each).await {
            let (times, failed) = done??;
            all.add(times)?;
            errors += failed;
        }
        Ok((all, errors))
    }
}

fn milliseconds(microseconds: f64) -> String {
    format!("{:.2}", microseconds / 1_000.0)
}

fn one_line(figures: &Figures) -> String {
    let quantile = |quantile| milliseconds(figures.times.value_at_quantile(quantile) as f64);
    format!(
        "{} callers, pause {} ms, {}: {} calls/s, p50 {} ms, p99 {} ms, {} errors",
        figures.callers,
        figures.pause,
        figures.side,
        whole(figures.per_second),
        quantile(0.5),
        quantile(0.99),
        figures.errors
    )
}

fn describe(args: &RouterArgs, programs: &Programs, all: &[Figures]) -> String {
    let mut text = format!(
        "{}\n\n{} s per side and number of callers, after 1 s of warming up. Times are those of whole calls; *more* is \
         the difference to the call without anything between.\n",
        machine::description(programs),
        args.seconds
    );
    for pause in &args.pauses {
        let title = match pause {
            0 => "Callers without a pause: the most that each side can do".to_owned(),
            pause => format!("Callers that wait {pause} ms between two calls"),
        };
        let chosen = all.iter().filter(|figures| figures.pause == *pause);
        text += &format!("\n### {title}\n\n{}", table(chosen).to_markdown());
    }
    text
}

fn table<'f>(figures: impl Iterator<Item = &'f Figures>) -> Table {
    let mut table = Table::new([
        "side",
        "callers",
        "calls/s",
        "p50 ms",
        "p99 ms",
        "p50 more ms",
        "p99 more ms",
        "errors",
    ]);
    let mut direct = (0.0, 0.0);
    for side in figures {
        let at = |quantile| side.times.value_at_quantile(quantile) as f64;
        let (middle, late) = (at(0.5), at(0.99));
        // The call without anything between comes first.
        let more = if side.side == caller::DIRECT {
            direct = (middle, late);
            ["–".to_owned(), "–".to_owned()]
        } else {
            let more = |time: f64, bare: f64| format!("{:.2}", (time - bare) / 1_000.0);
            [more(middle, direct.0), more(late, direct.1)]
        };
        let [middle_more, late_more] = more;
        table.row([
            side.side.to_owned(),
            side.callers.to_string(),
            whole(side.per_second),
            milliseconds(middle),
            milliseconds(late),
            middle_more,
            late_more,
            side.errors.to_string(),
        ]);
    }
    table
}
