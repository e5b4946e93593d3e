//! What is compared: for every run a side is set up anew, in folders of its own, and thrown away.

mod bare_loop;
mod express;
pub mod troupe;

use clap::ValueEnum;
use tempfile::TempDir;

use crate::memory;
use crate::process::Program;
use crate::programs::{Missing, Programs};
use crate::services::Service;
use crate::stub::Stub;

/// A side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Side {
    /// Express, BullMQ on Redis, Node worker, PostgreSQL; asks a model over HTTP.
    Express,
    /// The same without asking a model.
    ExpressNoModel,
    /// The bare loop on SQLite; asks a model over HTTP.
    BareLoop,
    /// The same without asking a model.
    BareLoopNoModel,
    /// Troupe on SQLite.
    TroupeSqlite,
    /// Troupe on PostgreSQL.
    TroupePostgres,
}

impl Side {
    /// What it is called in tables.
    pub fn label(self) -> &'static str {
        match self {
            Side::Express => "Express + BullMQ, with model call",
            Side::ExpressNoModel => "Express + BullMQ, no model call",
            Side::BareLoop => "bare loop, with model call",
            Side::BareLoopNoModel => "bare loop, no model call",
            Side::TroupeSqlite => "Troupe on SQLite",
            Side::TroupePostgres => "Troupe on PostgreSQL",
        }
    }

    /// Whether everything that it needs is here.
    pub fn is_possible(self, programs: &Programs) -> Result<(), Missing> {
        match self {
            Side::Express | Side::ExpressNoModel => {
                programs.node()?;
                programs.redis()?;
                programs.postgres()?;
                programs.express().map(drop)
            }
            Side::BareLoop | Side::BareLoopNoModel => programs.bare_loop().map(drop),
            Side::TroupeSqlite => programs.troupe().map(drop),
            Side::TroupePostgres => programs.troupe().and(programs.postgres()).map(drop),
        }
    }

    /// Sets it up for this many tenants and starts it.
    pub async fn start(self, setting: &Setting<'_>) -> anyhow::Result<Running> {
        match self {
            Side::Express => express::start(setting, true).await,
            Side::ExpressNoModel => express::start(setting, false).await,
            Side::BareLoop => bare_loop::start(setting, true).await,
            Side::BareLoopNoModel => bare_loop::start(setting, false).await,
            Side::TroupeSqlite => troupe::start_on_sqlite(setting).await,
            Side::TroupePostgres => troupe::start_on_postgres(setting).await,
        }
    }
}

/// What every side is given.
#[derive(Debug)]
pub struct Setting<'a> {
    pub programs: &'a Programs,
    pub stub: &'a Stub,
    pub http: &'a reqwest::Client,
    pub tenants: u32,
}

/// A side that takes webhooks. Dropped, its programs end first, then what they stand on.
pub struct Running {
    url: String,
    counter: Counter,
    programs: Vec<Program>,
    services: Vec<Service>,
    _folder: TempDir,
}

/// Where the number of finished events is read: events whose reply went out and is recorded in the database.
enum Counter {
    /// An address that answers with the number.
    Plain(String),
    /// The address of Troupe's metrics.
    Metrics(String),
}

impl Running {
    /// Where webhooks go, without their path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Events whose reply went out and is recorded in the database.
    pub async fn finished(&self, http: &reqwest::Client) -> anyhow::Result<u64> {
        match &self.counter {
            Counter::Plain(url) => Ok(http.get(url).send().await?.text().await?.trim().parse()?),
            Counter::Metrics(url) => troupe::replies_sent(http, url).await,
        }
    }

    /// An error when one of its programs has ended.
    pub fn still_runs(&mut self) -> anyhow::Result<()> {
        self.programs.iter_mut().try_for_each(Program::still_runs)
    }

    /// The most that its own programs were resident with, in bytes.
    pub fn peak_memory(&self) -> anyhow::Result<u64> {
        self.programs.iter().filter_map(Program::pid).map(memory::peak).sum()
    }

    /// Memory of the databases beside it, in bytes.
    pub fn service_memory(&self) -> anyhow::Result<u64> {
        self.services.iter().map(Service::memory).sum()
    }

    /// Ends everything.
    pub async fn end(self) -> anyhow::Result<()> {
        for program in self.programs {
            program.end().await?;
        }
        Ok(())
    }
}
