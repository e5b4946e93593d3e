//! Programs that a run starts, and ends with it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use tenants::clock::{Clock, SystemClock};
use tokio::process::{Child, Command};

/// How long a program may take until it answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Program {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts a program that writes its output to a file in `folder`.
    pub fn start(name: &'static str, mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child, log })
    }

    /// Its process id; `None` once it has ended.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until `url` answers with success.
    pub async fn until_answers(&mut self, http: &reqwest::Client, url: &str) -> anyhow::Result<()> {
        let deadline = SystemClock.now() + PATIENCE;
        while !http.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            self.still_runs()?;
            anyhow::ensure!(
                SystemClock.now() < deadline,
                "{} did not answer at {url}{}",
                self.name,
                self.said()
            );
            SystemClock.sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// Waits until something listens on a port.
    pub async fn until_listens(&mut self, port: u16) -> anyhow::Result<()> {
        let deadline = SystemClock.now() + PATIENCE;
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            self.still_runs()?;
            anyhow::ensure!(SystemClock.now() < deadline, "{} never listened{}", self.name, self.said());
            SystemClock.sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// An error once the program has ended.
    pub fn still_runs(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            Some(status) => anyhow::bail!("{} ended by itself ({status}){}", self.name, self.said()),
            None => Ok(()),
        }
    }

    /// Kills it and waits until it is gone.
    pub async fn end(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// The end of what it has written, for error messages.
    fn said(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = &lines[lines.len().saturating_sub(10)..];
        if last.is_empty() { String::new() } else { format!(":\n{}", last.join("\n")) }
    }
}

/// A port that nobody uses at this moment.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A folder that is removed with everything in it.
pub fn folder() -> anyhow::Result<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix("troupe-bench-").tempdir()?)
}
