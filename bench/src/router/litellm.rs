//! LiteLLM's proxy in front of the stub.

use std::path::Path;

use tempfile::TempDir;
use tokio::process::Command;

use crate::process::{Program, folder, free_port};
use crate::programs::Programs;

/// The key that its configuration names.
pub const KEY: &str = "sk-local";
/// The configuration that the tests use, too.
const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/servers/litellm.yaml");

/// The running proxy.
pub struct Proxy {
    url: String,
    _program: Program,
    _folder: TempDir,
}

impl Proxy {
    /// Starts it with its defaults: one worker, no database, no logging.
    pub async fn start(programs: &Programs, http: &reqwest::Client, stub: &str) -> anyhow::Result<Self> {
        let litellm = programs.litellm()?;
        let (folder, port) = (folder()?, free_port()?);
        let mut command = Command::new(litellm);
        command
            .arg("--config")
            .arg(CONFIGURATION)
            .args(["--host", "127.0.0.1", "--port", &port.to_string(), "--telemetry", "False"])
            .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            .env("STUB_ADDRESS", stub)
            .env("OWN_ADDRESS", format!("http://127.0.0.1:{port}/v1"))
            .env("PATH", path_with(litellm));
        let mut program = Program::start("litellm", command, folder.path())?;
        program.until_answers(http, &format!("http://127.0.0.1:{port}/health/liveliness")).await?;
        Ok(Self { url: format!("http://127.0.0.1:{port}/v1"), _program: program, _folder: folder })
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

/// It starts helpers of its own environment by their names.
fn path_with(program: &Path) -> std::ffi::OsString {
    let own = program.parent().map(Path::to_path_buf);
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path))).unwrap_or(path)
}
