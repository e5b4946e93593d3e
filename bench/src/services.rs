//! Throw-away PostgreSQL and Redis, for one run each.

use storage::testing::{PostgresServer, TestDatabase};
use tempfile::TempDir;
use tokio::process::Command;

use crate::memory;
use crate::process::{Program, folder, free_port};
use crate::programs::Programs;

/// Something a side needs besides its own programs.
pub enum Service {
    Postgres(PostgresServer),
    Redis { program: Program, _folder: TempDir },
}

impl Service {
    /// Memory it holds, in bytes.
    pub fn memory(&self) -> anyhow::Result<u64> {
        match self {
            Service::Postgres(server) => server.supervisor_pid().map_or(Ok(0), memory::of_descendants),
            Service::Redis { program, .. } => program.pid().map_or(Ok(0), memory::peak),
        }
    }
}

/// A PostgreSQL server as it is installed, with every commit on disk, and a database on it.
pub async fn postgres(programs: &Programs) -> anyhow::Result<(Service, TestDatabase)> {
    programs.postgres()?;
    let server =
        PostgresServer::start_durable().ok_or_else(|| anyhow::anyhow!("PostgreSQL has no initdb"))?;
    let database = TestDatabase::on(&server).await;
    Ok((Service::Postgres(server), database))
}

/// A Redis as it is installed: it writes a snapshot now and then, and nothing for a single command. Its port.
pub async fn redis(programs: &Programs) -> anyhow::Result<(Service, u16)> {
    let (folder, port) = (folder()?, free_port()?);
    let mut command = Command::new(programs.redis()?);
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir"]).arg(folder.path());
    let mut program = Program::start("redis-server", command, folder.path())?;
    program.until_listens(port).await?;
    Ok((Service::Redis { program, _folder: folder }, port))
}
