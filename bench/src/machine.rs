//! What was measured on: figures mean little without it.

use std::path::Path;
use std::process::Command;

use tenants::clock::{Clock, SystemClock};

use crate::programs::Programs;

/// A paragraph with date, machine and versions of the programs that are there.
pub fn description(programs: &Programs) -> String {
    let date = SystemClock.now().to_utc().format("%Y-%m-%d");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let folder = std::env::temp_dir();
    format!(
        "{date}. {cores} cores of {}, {} GB of memory, Linux {}, data in {} ({}). {}.",
        field("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unknown processor".to_owned()),
        memory_gb(),
        std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        folder.display(),
        said(Path::new("stat"), &["-f", "-c", "%T", &folder.display().to_string()]).unwrap_or_default(),
        versions(programs).join("; "),
    )
}

fn versions(programs: &Programs) -> Vec<String> {
    let asked = [
        programs.troupe().map(|program| said(program, &["--version"])),
        programs.wrk().map(|program| said(program, &["-v"])),
        programs.nginx().map(|program| said(program, &["-v"])),
        programs.redis().map(|program| said(program, &["--version"])),
        programs.postgres().map(|program| said(program, &["--version"])),
        programs.node().map(|program| said(program, &["--version"]).map(|version| format!("Node {version}"))),
    ];
    asked.into_iter().filter_map(|version| version.ok().flatten()).collect()
}

/// The first line that a program prints; some print their version on standard error.
fn said(program: &Path, arguments: &[&str]) -> Option<String> {
    let done = Command::new(program).args(arguments).output().ok()?;
    let text = [done.stdout, done.stderr].concat();
    let line = String::from_utf8_lossy(&text).lines().next()?.trim().to_owned();
    // What follows the version (copyright, build options) is of no use here.
    let end = [" Copyright", " sha=", " ["].iter().filter_map(|mark| line.find(mark)).min();
    Some(line[..end.unwrap_or(line.len())].to_owned())
}

fn memory_gb() -> u64 {
    let total = field("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kilobytes: u64 = total.trim_end_matches(" kB").parse().unwrap_or_default();
    (kilobytes + (1 << 19)) >> 20
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
