//! The command line. Every command prints for people, or JSON with `--json`; errors say what to do next.
//!
//! Exit codes: 0 done; 1 failed; 2 wrong usage or settings; 3 the check found something (a broken audit chain, a
//! lost or doubled event, a failed diagnosis, a replay that was to be the same and is not).

mod admin;
mod audit;
mod bench;
mod comms;
mod config;
mod connect;
mod demo;
mod doctor;
mod experiment;
mod intel;
mod learning;
mod mcp;
mod media;
mod memory;
mod migrate;
mod money;
mod openapi;
mod output;
mod post;
mod prompt;
mod queue;
mod replay;
mod sandbox;
mod serve;
mod tick;
mod user;
mod vault;
mod webhook;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::settings::{ENV_PREFIX, Secret, Settings};
pub(crate) use output::{Output, one_line};

/// An agent runtime for agencies that run the Instagram presence of many clients.
#[derive(Debug, Parser)]
#[command(name = "troupe", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, clap::Args)]
struct Common {
    /// Settings file (TOML); `troupe config print` shows every key.
    #[arg(long, global = true, env = "TROUPE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder; same as the setting data.dir.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything with the sandbox and live synthetic traffic for several tenants.
    Demo(demo::DemoArgs),
    /// Run a node.
    Serve,
    /// Run the local Instagram alone.
    Sandbox(sandbox::SandboxArgs),
    /// Bring the database to the present schema.
    Migrate,
    /// Check or print the settings.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Look for what keeps this installation from working.
    Doctor,
    /// Print the description of the HTTP API (OpenAPI 3.1), for making clients.
    Openapi,
    /// Agencies.
    #[command(subcommand)]
    Agency(admin::AgencyCommand),
    /// Tenants.
    #[command(subcommand)]
    Tenant(admin::TenantCommand),
    /// Instagram accounts.
    #[command(subcommand)]
    Account(admin::AccountCommand),
    /// API keys.
    #[command(subcommand)]
    Key(admin::KeyCommand),
    /// People who sign in.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Versions of prompts: what language models are told to do.
    Prompt(prompt::PromptArgs),
    /// Experiments that compare versions of prompts.
    Experiment(experiment::ExperimentArgs),
    /// Budgets for language models.
    #[command(subcommand)]
    Budget(money::BudgetCommand),
    /// Sum up what language models have cost.
    Costs(money::CostArgs),
    /// List the calls to language models, newest first.
    Calls(money::CallArgs),
    /// Posts: planned, published, failed.
    #[command(subcommand)]
    Post(post::PostCommand),
    /// The queue of effects.
    #[command(subcommand)]
    Queue(queue::QueueCommand),
    /// People who may buy.
    #[command(subcommand)]
    Lead(comms::LeadCommand),
    /// Ways to tell people, and what went through them.
    #[command(subcommand)]
    Channel(comms::ChannelCommand),
    /// Webhooks: events for an agency's own programs.
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Morning briefings and weekly reports.
    #[command(subcommand)]
    Briefing(comms::BriefingCommand),
    /// The ticks of a tenant: when its roles do what by themselves.
    #[command(subcommand)]
    Tick(tick::TickCommand),
    /// Whether a tenant's accounts work, and what will run out.
    Health {
        /// Tenant (id or slug).
        tenant: String,
    },
    /// What was learned from people's verdicts.
    #[command(subcommand)]
    Learning(learning::LearningCommand),
    /// Numbers of accounts and media.
    #[command(subcommand)]
    Insights(intel::InsightsCommand),
    /// Analytics reports.
    #[command(subcommand)]
    Report(intel::ReportCommand),
    /// Competitors and what was seen of them.
    #[command(subcommand)]
    Competitor(intel::CompetitorCommand),
    /// The audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Decide recorded events again with a changed configuration.
    Replay(Box<replay::ReplayArgs>),
    /// The keys that seal tokens and app secrets.
    #[command(subcommand)]
    Vault(vault::VaultCommand),
    /// What tenants remember.
    #[command(subcommand)]
    Memory(memory::MemoryCommand),
    /// The media library.
    #[command(subcommand)]
    Media(media::MediaCommand),
    /// Offer a running node to a language model: tools over standard input and output (MCP).
    Mcp(mcp::McpArgs),
    /// Measure this machine: webhooks accepted and events finished per second.
    Bench(bench::BenchArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What a command that ran to its end has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// All is well.
    Fine,
    /// The check found something.
    Trouble,
}

/// Runs the command line of the process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.common.json);
    match run(cli, output) {
        Ok(Finding::Fine) => ExitCode::SUCCESS,
        Ok(Finding::Trouble) => ExitCode::from(3),
        Err(error) => {
            output.error(&error);
            ExitCode::from(if error.is::<crate::settings::SettingsError>() { 2 } else { 1 })
        }
    }
}

fn run(cli: Cli, output: Output) -> anyhow::Result<Finding> {
    let common = cli.common;
    if let Command::Completions { shell } = cli.command {
        // Written at once: whoever reads only the beginning ends the pipe.
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "troupe", &mut script);
        use std::io::Write as _;
        match std::io::stdout().write_all(&script) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {}
        }
        return Ok(Finding::Fine);
    }
    if let Command::Openapi = cli.command {
        return openapi::run();
    }
    if let Command::Config(command) = cli.command {
        return config::run(command, &common, output);
    }
    let settings = common.settings()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        match cli.command {
            Command::Demo(args) => demo::run(args, settings, common.data_dir, output).await,
            Command::Serve => serve::run(settings, output).await,
            Command::Sandbox(args) => sandbox::run(args, settings, output).await,
            Command::Migrate => migrate::run(settings, output).await,
            Command::Doctor => doctor::run(settings, output).await,
            Command::Agency(command) => admin::agency(command, settings, output).await,
            Command::Tenant(command) => admin::tenant(command, settings, output).await,
            Command::Account(command) => admin::account(command, settings, output).await,
            Command::Key(command) => admin::key(command, settings, output).await,
            Command::User(command) => user::run(command, settings, output).await,
            Command::Prompt(args) => prompt::run(args, settings, output).await,
            Command::Experiment(args) => experiment::run(args, settings, output).await,
            Command::Budget(command) => money::budget(command, settings, output).await,
            Command::Costs(args) => money::costs(args, settings, output).await,
            Command::Calls(args) => money::calls(args, settings, output).await,
            Command::Post(command) => post::run(command, settings, output).await,
            Command::Queue(command) => queue::run(command, settings, output).await,
            Command::Lead(command) => comms::lead(command, settings, output).await,
            Command::Channel(command) => comms::channel(command, settings, output).await,
            Command::Webhook(command) => webhook::run(command, settings, output).await,
            Command::Briefing(command) => comms::briefing(command, settings, output).await,
            Command::Tick(command) => tick::run(command, settings, output).await,
            Command::Health { tenant } => tick::health(&tenant, settings, output).await,
            Command::Learning(command) => learning::run(command, settings, output).await,
            Command::Insights(command) => intel::insights(command, settings, output).await,
            Command::Report(command) => intel::report(command, settings, output).await,
            Command::Competitor(command) => intel::competitor(command, settings, output).await,
            Command::Audit(command) => audit::run(command, settings, output).await,
            Command::Replay(args) => replay::run(*args, settings, output).await,
            Command::Vault(command) => vault::run(command, settings, output).await,
            Command::Memory(command) => memory::run(command, settings, output).await,
            Command::Media(command) => media::run(command, settings, output).await,
            Command::Mcp(args) => mcp::run(args, &common.environment()).await,
            Command::Bench(args) => bench::run(args, settings, output).await,
            Command::Completions { .. } | Command::Openapi | Command::Config(_) => Ok(Finding::Fine),
        }
    })
}

impl Common {
    /// The settings of this call.
    fn settings(&self) -> Result<Settings, crate::settings::SettingsError> {
        Settings::load(self.config.as_deref(), self.environment())
    }

    /// The process's environment, with `--data-dir` as the last word.
    fn environment(&self) -> Vec<(String, String)> {
        let mut environment: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        if let Some(dir) = &self.data_dir {
            environment.push((format!("{ENV_PREFIX}DATA__DIR"), format!("\"{}\"", dir.display())));
        }
        environment
    }
}

/// A secret given on standard input, so that it shows neither in the process list nor in the shell's history.
pub(crate) fn secret_from_stdin(what: &str) -> anyhow::Result<Secret> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let text = line.trim();
    anyhow::ensure!(!text.is_empty(), "give the {what} on standard input, for example: troupe … < file");
    Ok(Secret::from(text.to_owned()))
}
