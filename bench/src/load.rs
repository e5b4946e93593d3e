//! The load: wrk sends ready-made requests over a number of connections for a number of seconds.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;
use tenants::clock::{Clock, SystemClock};
use tokio::process::Command;

use crate::payloads;
use crate::programs::Programs;

const SCRIPT: &str = include_str!("../load/webhook.lua");

/// What is sent.
#[derive(Debug)]
pub struct Load {
    wrk: PathBuf,
    script: PathBuf,
    requests: PathBuf,
}

/// What the load generator has seen.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Answers {
    requests: u64,
    seconds: f64,
    /// Median time to an answer.
    pub p50_ms: f64,
    /// Of a hundred answers one took longer.
    pub p99_ms: f64,
    /// Answers other than success.
    refused: u64,
    /// Connections that failed and requests without an answer in time.
    broken: u64,
    times_over: u64,
}

impl Answers {
    /// Webhooks that were answered with success.
    pub fn accepted(&self) -> u64 {
        self.requests.saturating_sub(self.refused)
    }

    /// The same per second.
    pub fn accepted_per_second(&self) -> f64 {
        self.accepted() as f64 / self.seconds
    }

    /// Everything that was not answered with success.
    pub fn errors(&self) -> u64 {
        self.refused + self.broken
    }
}

impl Load {
    /// Writes the requests with these serial numbers, for this many tenants, into `folder`.
    pub fn prepare(
        programs: &Programs,
        folder: &Path,
        serials: Range<u64>,
        tenants: u32,
    ) -> anyhow::Result<Self> {
        let (script, requests) =
            (folder.join("webhook.lua"), folder.join(format!("requests-{}", serials.start)));
        std::fs::write(&script, SCRIPT)?;
        payloads::write(&requests, serials, tenants, SystemClock.now())?;
        Ok(Self { wrk: programs.wrk()?.to_owned(), script, requests })
    }

    /// Sends for `seconds` over `connections`.
    pub async fn send(&self, url: &str, connections: u32, seconds: u64) -> anyhow::Result<Answers> {
        let mut command = Command::new(&self.wrk);
        command
            .args(["--threads", "1", "--timeout", "10s", "--latency"])
            .args(["--connections", &connections.to_string()])
            .args(["--duration", &format!("{seconds}s")])
            .arg("--script")
            .arg(&self.script)
            .arg(format!("{url}/webhooks/instagram"))
            .env("REQUESTS", &self.requests)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let limit = Duration::from_secs(seconds + 30);
        let done =
            tokio::time::timeout(limit, command.output()).await.context("wrk did not end in time")??;
        let said = String::from_utf8_lossy(&done.stdout);
        let answers = read(&said).with_context(|| {
            format!("wrk did not say what came of it:\n{said}{}", String::from_utf8_lossy(&done.stderr))
        })?;
        anyhow::ensure!(
            answers.times_over == 0,
            "the file of requests was too short and webhooks were sent twice: give more with --fastest"
        );
        Ok(answers)
    }
}

/// The line of the script among what wrk prints by itself.
fn read(said: &str) -> Option<Answers> {
    let line = said.lines().rfind(|line| line.starts_with('{'))?;
    serde_json::from_str(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_line_is_found_and_errors_are_not_accepted() {
        let said = "Running 1s test\n  Requests/sec: 90\n{\"requests\":100,\"seconds\":2.0,\"p50_ms\":1.5,\
                    \"p99_ms\":9.0,\"refused\":10,\"broken\":1,\"times_over\":0}\n";
        let answers = read(said).unwrap();
        assert_eq!((answers.accepted(), answers.errors()), (90, 11));
        assert!((answers.accepted_per_second() - 45.0).abs() < 1e-9);
    }
}
