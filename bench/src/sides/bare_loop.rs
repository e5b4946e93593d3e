//! The least Rust program that does the same: see `bench/peers/bare-loop`.

use tokio::process::Command;

use super::{Counter, Running, Setting};
use crate::payloads;
use crate::process::{Program, folder, free_port};

pub(super) async fn start(setting: &Setting<'_>, asks_model: bool) -> anyhow::Result<Running> {
    let (folder, port) = (folder()?, free_port()?);
    let mut command = Command::new(setting.programs.bare_loop()?);
    command
        .env("LISTEN", format!("127.0.0.1:{port}"))
        .env("DATABASE", folder.path().join("bare-loop.db"))
        .env("APP_SECRET", payloads::APP_SECRET)
        .env("GRAPH_URL", setting.stub.url())
        .env("MODEL_URL", if asks_model { setting.stub.url() } else { "" });
    let mut program = Program::start("bare-loop", command, folder.path())?;
    let url = format!("http://127.0.0.1:{port}");
    let finished = format!("{url}/finished");
    program.until_answers(setting.http, &finished).await?;
    Ok(Running {
        url,
        counter: Counter::Plain(finished),
        programs: vec![program],
        services: Vec::new(),
        _folder: folder,
    })
}
