//! Which programs are installed, and what to install when one is missing.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// Where the peers and their parts are in the repository.
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");

/// Names the program of LiteLLM when it is not on the path.
const LITELLM: &str = "LITELLM_BIN";

/// Programs found on this machine.
#[derive(Debug)]
pub struct Programs {
    wrk: Option<PathBuf>,
    nginx: Option<PathBuf>,
    redis: Option<PathBuf>,
    node: Option<PathBuf>,
    postgres: Option<PathBuf>,
    litellm: Option<PathBuf>,
    troupe: PathBuf,
    bare_loop: PathBuf,
}

/// A program that is not there; the text says how to get it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{program} is missing: {remedy}")]
pub struct Missing {
    program: String,
    remedy: String,
}

impl Missing {
    fn new(program: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { program: program.into(), remedy: remedy.into() }
    }
}

impl Programs {
    /// Looks for all of them.
    pub fn find() -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("where this program is cannot be told")?;
        let release = own.parent().context("this program is in no folder")?;
        let target = release.parent().context("this program is in no target folder")?;
        Ok(Self {
            wrk: on_path("wrk"),
            nginx: on_path("nginx").or_else(|| existing("/usr/sbin/nginx")),
            redis: on_path("redis-server"),
            node: on_path("node"),
            postgres: newest_postgres().or_else(|| on_path("postgres")),
            litellm: std::env::var_os(LITELLM).map(PathBuf::from).or_else(|| on_path("litellm")),
            troupe: release.join("troupe"),
            bare_loop: target.join("bare-loop/release/bare-loop"),
        })
    }

    pub fn wrk(&self) -> Result<&Path, Missing> {
        installed(self.wrk.as_deref(), "wrk", "wrk")
    }

    pub fn nginx(&self) -> Result<&Path, Missing> {
        installed(self.nginx.as_deref(), "nginx", "nginx-light")
    }

    pub fn redis(&self) -> Result<&Path, Missing> {
        installed(self.redis.as_deref(), "redis-server", "redis-server")
    }

    pub fn postgres(&self) -> Result<&Path, Missing> {
        installed(self.postgres.as_deref(), "PostgreSQL", "postgresql")
    }

    pub fn litellm(&self) -> Result<&Path, Missing> {
        let remedy = format!("pip install \"litellm[proxy]\", and name its program by {LITELLM}");
        self.litellm.as_deref().filter(|path| path.is_file()).ok_or_else(|| Missing::new("LiteLLM", remedy))
    }

    pub fn node(&self) -> Result<&Path, Missing> {
        installed(self.node.as_deref(), "Node.js", "nodejs npm")
    }

    /// The folder of the Node peer, with its packages.
    pub fn express(&self) -> Result<PathBuf, Missing> {
        let folder = Path::new(PEERS).join("express-bullmq");
        if folder.join("node_modules/bullmq").is_dir() {
            return Ok(folder);
        }
        let remedy = format!("cd {} && npm ci", folder.display());
        Err(Missing::new("node_modules of express-bullmq", remedy))
    }

    pub fn troupe(&self) -> Result<&Path, Missing> {
        built(&self.troupe, "cargo build --release --bin troupe")
    }

    pub fn bare_loop(&self) -> Result<&Path, Missing> {
        let command = "cargo build --release --manifest-path bench/peers/bare-loop/Cargo.toml \
                       --target-dir target/bare-loop";
        built(&self.bare_loop, command)
    }
}

fn installed<'a>(path: Option<&'a Path>, program: &str, package: &str) -> Result<&'a Path, Missing> {
    path.ok_or_else(|| Missing::new(program, format!("apt-get install {package}")))
}

fn built<'a>(path: &'a Path, command: &str) -> Result<&'a Path, Missing> {
    if path.is_file() { Ok(path) } else { Err(Missing::new(path.display().to_string(), command)) }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

fn existing(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(path);
    path.is_file().then_some(path)
}

/// Debian keeps the server out of the path, one folder per version.
fn newest_postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let programs = versions.flatten().map(|version| version.path().join("bin/postgres"));
    programs.filter(|program| program.is_file()).max()
}
