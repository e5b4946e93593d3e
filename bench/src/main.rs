//! What Troupe can do on this machine, beside what others can do on it in the same sitting. See docs/performance.md.

mod compare;
mod crowd;
mod due_posts;
mod footprint;
mod isolation;
mod load;
mod machine;
mod measure;
mod memory;
mod payloads;
mod process;
mod programs;
mod recall;
mod report;
mod router;
mod services;
mod sides;
mod stalls;
mod stub;
mod upload;

use std::time::Duration;

use clap::{Parser, Subcommand};

/// Measures Troupe and what it is compared with.
#[derive(Debug, Parser)]
#[command(name = "troupe-bench", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All sides under the same load.
    Compare(compare::CompareArgs),
    /// Troupe alone: start, memory, waking a tenant.
    Footprint(footprint::FootprintArgs),
    /// What a call to a model takes longer through the router.
    Router(router::RouterArgs),
    /// What quiet tenants notice of a poisoned one.
    Isolation(isolation::IsolationArgs),
    /// The memory of tenants: searching, waking, many at once.
    Recall(recall::RecallArgs),
    /// A reel of 100 MB over HTTP: time, and the node's memory.
    Upload(upload::UploadArgs),
    /// How long after its moment a post is picked up, when thousands are due within a minute.
    DuePosts(due_posts::DuePostsArgs),
    /// People who look and ask while events flow: live feeds, chats, and what the webhooks notice of them.
    Crowd(crowd::CrowdArgs),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let command = Cli::parse().command;
    let work = async {
        match command {
            Command::Compare(args) => compare::run(args).await,
            Command::Footprint(args) => footprint::run(args).await,
            Command::Router(args) => router::run(args).await,
            Command::Isolation(args) => isolation::run(args).await,
            Command::Recall(args) => recall::run(args).await,
            Command::Upload(args) => upload::run(args).await,
            Command::DuePosts(args) => due_posts::run(args).await,
            Command::Crowd(args) => crowd::run(args).await,
        }
    };
    // Everything that was started is killed when its owner is dropped, also on Ctrl-C.
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        _ = terminate.recv() => anyhow::bail!("told to end"),
    }
}

/// The client that asks programs how they are.
fn client() -> anyhow::Result<reqwest::Client> {
    // The HTTP client wants one, although nothing here speaks TLS. When there is one already, that is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?)
}
