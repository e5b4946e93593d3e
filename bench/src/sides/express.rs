//! The stack most programs of this kind are built on: see `bench/peers/express-bullmq`.

use std::path::Path;

use anyhow::Context;
use storage::testing::TestDatabase;
use tokio::process::Command;

use super::{Counter, Running, Setting};
use crate::payloads;
use crate::process::{Program, folder, free_port};
use crate::services;

pub(super) async fn start(setting: &Setting<'_>, asks_model: bool) -> anyhow::Result<Running> {
    let source = setting.programs.express()?;
    let (postgres, database) = services::postgres(setting.programs).await?;
    let (redis, redis_port) = services::redis(setting.programs).await?;
    fill(&database, &source, setting.tenants).await?;

    let (folder, webhook_port, finished_port) = (folder()?, free_port()?, free_port()?);
    let node = |script: &str| -> anyhow::Result<Command> {
        let mut command = Command::new(setting.programs.node()?);
        command
            .arg(source.join(script))
            .env("NODE_ENV", "production")
            .env("REDIS_PORT", redis_port.to_string());
        Ok(command)
    };
    let mut command = node("webhook.js")?;
    command.env("PORT", webhook_port.to_string()).env("APP_SECRET", payloads::APP_SECRET);
    let mut webhook = Program::start("express", command, folder.path())?;

    let mut command = node("worker.js")?;
    command
        .env("DATABASE_URL", database.url())
        .env("GRAPH_URL", setting.stub.url())
        .env("MODEL_URL", if asks_model { setting.stub.url() } else { "" })
        .env("FINISHED_PORT", finished_port.to_string());
    let mut worker = Program::start("worker", command, folder.path())?;

    let url = format!("http://127.0.0.1:{webhook_port}");
    let finished = format!("http://127.0.0.1:{finished_port}");
    webhook.until_answers(setting.http, &format!("{url}/ready")).await?;
    worker.until_answers(setting.http, &finished).await?;
    Ok(Running {
        url,
        counter: Counter::Plain(finished),
        programs: vec![webhook, worker],
        services: vec![redis, postgres],
        _folder: folder,
    })
}

async fn fill(database: &TestDatabase, source: &Path, tenants: u32) -> anyhow::Result<()> {
    let file = source.join("schema.sql");
    let schema = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let rows = (0..tenants).map(|number| format!("('{}')", payloads::account(number))).collect::<Vec<_>>();
    let accounts = format!("insert into accounts (instagram_id) values {}", rows.join(", "));
    for sql in [schema, accounts] {
        database.execute(&sql).await.map_err(|error| anyhow::anyhow!("{error}"))?;
    }
    Ok(())
}
