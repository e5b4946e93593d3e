//! `compare`: all sides under the same load, in turns, and how Troupe stands against the others.

mod standing;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tenants::clock::{Clock, SystemClock};

use crate::load::Load;
use crate::measure::{self, Figures, Times};
use crate::process::folder;
use crate::programs::Programs;
use crate::report::{self, Table, megabytes, whole, with_spread};
use crate::sides::{Setting, Side};
use crate::stub::Stub;
use crate::{client, machine, stalls};

/// Connections at which the sides warm up.
const WARM_UP_CONNECTIONS: u32 = 64;
/// Between two runs, so that the machine comes to rest.
const REST: Duration = Duration::from_secs(1);

/// What to compare, and for how long.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Sides to measure; all that are possible here when left out.
    #[arg(long, value_delimiter = ',', value_enum)]
    sides: Vec<Side>,
    /// Numbers of connections to try.
    #[arg(long, value_delimiter = ',', default_value = "8,64,256")]
    connections: Vec<u32>,
    /// Seconds of load per run.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Runs per side and number of connections.
    #[arg(long, default_value_t = 3)]
    repeat: u32,
    /// One run of 3 seconds at 64 connections per side; the page is not written.
    #[arg(long)]
    quick: bool,
    /// Seconds of load before each run that are not measured.
    #[arg(long, default_value_t = 1)]
    warm_up: u64,
    /// Longest time in seconds to wait after the load until everything accepted is finished.
    #[arg(long, default_value_t = 30)]
    drain: u64,
    /// Tenants that the webhooks are for.
    #[arg(long, default_value_t = 50)]
    tenants: u32,
    /// Webhooks per second that no side accepts: so many are made ready.
    #[arg(long, default_value_t = 40_000)]
    fastest: u64,
    /// Page whose section `compare` is rewritten.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// Every run of a side at a number of connections.
type Results = BTreeMap<(u32, Side), Vec<Figures>>;

/// Measures, prints, and writes the page.
pub async fn run(mut args: CompareArgs) -> anyhow::Result<()> {
    if args.quick {
        (args.seconds, args.repeat, args.connections, args.write) = (3, 1, vec![64], None);
    }
    let programs = Programs::find()?;
    if let Err(missing) = programs.wrk().and(programs.nginx()) {
        eprintln!("nothing can be compared: {missing}");
        return Ok(());
    }
    let sides = possible(&args.sides, &programs);
    let results = measure_all(&args, &programs, &sides).await?;
    let text = describe(&args, &programs, &results);
    println!("\n{text}");
    match &args.write {
        Some(page) => report::write_section(page, "compare", &text),
        None => Ok(()),
    }
}

/// The sides that can be measured here; tells of the others what is missing.
fn possible(wanted: &[Side], programs: &Programs) -> Vec<Side> {
    let wanted = if wanted.is_empty() { Side::value_variants() } else { wanted };
    let is_possible = |side: &Side| match side.is_possible(programs) {
        Ok(()) => true,
        Err(missing) => {
            eprintln!("left out: {}: {missing}", side.label());
            false
        }
    };
    wanted.iter().copied().filter(is_possible).collect()
}

async fn measure_all(args: &CompareArgs, programs: &Programs, sides: &[Side]) -> anyhow::Result<Results> {
    let (folder, http, stub) = (folder()?, client()?, Stub::start(programs).await?);
    let setting = Setting { programs, stub: &stub, http: &http, tenants: args.tenants };
    let warm_up_end = args.fastest * args.warm_up;
    let end = warm_up_end + args.fastest * args.seconds;
    let warm_up = Load::prepare(programs, folder.path(), 0..warm_up_end, args.tenants)?;
    let load = Load::prepare(programs, folder.path(), warm_up_end..end, args.tenants)?;
    let runner = Runner { args, setting, warm_up, load };

    let mut results = Results::new();
    for round in 0..args.repeat {
        for connections in &args.connections {
            for side in in_turn(sides, round) {
                match stalls::undisturbed(async || runner.run(side, *connections).await).await {
                    Ok(figures) => {
                        println!("{}", one_line(side, *connections, &figures));
                        results.entry((*connections, side)).or_default().push(figures);
                    }
                    // One side that fails must not cost the figures of the others.
                    Err(error) => {
                        eprintln!("{} at {connections} connections failed: {error:#}", side.label())
                    }
                }
            }
        }
    }
    Ok(results)
}

/// Forwards and backwards by turns, so that no side is always the first or comes always after the same one.
fn in_turn(sides: &[Side], round: u32) -> Vec<Side> {
    let mut order = sides.to_vec();
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

struct Runner<'a> {
    args: &'a CompareArgs,
    setting: Setting<'a>,
    warm_up: Load,
    load: Load,
}

impl Runner<'_> {
    async fn run(&self, side: Side, connections: u32) -> anyhow::Result<Figures> {
        let mut running = side.start(&self.setting).await?;
        let http = self.setting.http;
        let drain = Duration::from_secs(self.args.drain);
        if self.args.warm_up > 0 {
            let times = Times { load: self.args.warm_up, drain };
            measure::run(&mut running, http, &self.warm_up, WARM_UP_CONNECTIONS, times).await?;
        }
        let times = Times { load: self.args.seconds, drain };
        let figures = measure::run(&mut running, http, &self.load, connections, times).await?;
        running.end().await?;
        SystemClock.sleep(REST).await;
        Ok(figures)
    }
}

fn one_line(side: Side, connections: u32, figures: &Figures) -> String {
    format!(
        "{:<32} {connections:>4} connections: {:>7} accepted/s, p50 {:.2} ms, p99 {:.2} ms, {} errors; {:>7} finished/s, \
         {} not finished; {} MB + {} MB",
        side.label(),
        whole(figures.accepted_per_second),
        figures.p50_ms,
        figures.p99_ms,
        figures.errors,
        whole(figures.finished_per_second),
        figures.unfinished,
        megabytes(figures.memory as f64),
        megabytes(figures.service_memory as f64),
    )
}

fn describe(args: &CompareArgs, programs: &Programs, results: &Results) -> String {
    let mut text = format!(
        "{}\n\nPer run {} s of load after {} s of warming up, {} tenants. ",
        machine::description(programs),
        args.seconds,
        args.warm_up,
        args.tenants
    );
    text += &match args.repeat {
        1 => "One run each.\n".to_owned(),
        repeat => format!("Medians of {repeat} runs, smallest and largest in brackets.\n"),
    };
    for connections in &args.connections {
        text += &format!("\n### {connections} connections\n\n{}", table(*connections, results).to_markdown());
    }
    let decisive = if args.connections.contains(&64) { Some(64) } else { args.connections.first().copied() };
    if let Some(connections) = decisive {
        let standing = standing::table(connections, results).to_markdown();
        text += &format!("\n### Against the aims, at {connections} connections\n\n{standing}");
    }
    text
}

fn table(connections: u32, results: &Results) -> Table {
    let mut table = Table::new([
        "side",
        "accepted/s",
        "p50 ms",
        "p99 ms",
        "errors",
        "finished/s",
        "not finished",
        "memory MB",
        "databases MB",
    ]);
    let milliseconds = |value: f64| format!("{value:.1}");
    for ((_, side), runs) in results.iter().filter(|((at, _), _)| *at == connections) {
        let each = |of: fn(&Figures) -> f64| runs.iter().map(of).collect::<Vec<f64>>();
        table.row([
            side.label().to_owned(),
            with_spread(&each(|run| run.accepted_per_second), whole),
            with_spread(&each(|run| run.p50_ms), milliseconds),
            with_spread(&each(|run| run.p99_ms), milliseconds),
            whole(each(|run| run.errors as f64).iter().sum()),
            with_spread(&each(|run| run.finished_per_second), whole),
            with_spread(&each(|run| run.unfinished as f64), whole),
            report::median(&each(|run| run.memory as f64)).map_or_else(String::new, megabytes),
            report::median(&each(|run| run.service_memory as f64)).map_or_else(String::new, megabytes),
        ]);
    }
    table
}
