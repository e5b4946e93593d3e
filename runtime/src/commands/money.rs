//! `troupe budget|costs|calls`.

use std::str::FromStr;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;
use tenants::account::{Agency, Tenant};
use tenants::budget::ShareCeilings;
use tenants::ids::{AgencyId, EventId};
use tenants::models::{CallOutcome, Task};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetOverview, CallFilter, CostReports, Directory, UnitOfWork};

use super::workspace::Workspace;
use super::{Finding, Output};
use crate::money::{self, Breakdown, BudgetLineView, CallView, CostScope, ModelUse};
use crate::settings::Settings;

/// What to do with budgets.
#[derive(Debug, Subcommand)]
pub(super) enum BudgetCommand {
    /// Show what may be spent on language models today, and what is spent.
    Show {
        /// Tenant (id or slug) or agency (id).
        whose: String,
    },
    /// Set a daily budget.
    Set(SetArgs),
}

/// A budget to set; what is left out stays.
#[derive(Debug, Args)]
pub(super) struct SetArgs {
    /// Tenant (id or slug) or agency (id).
    whose: String,
    /// Most that may be spent in a day, in US dollars, such as 7.50; 0 switches models off.
    #[arg(long, value_name = "DOLLARS")]
    daily: Option<Dollars>,
    /// Lift the limit (agencies only).
    #[arg(long, conflicts_with = "daily")]
    no_limit: bool,
    /// Most that classifying, replies and captions may take of it, in percent (tenants only).
    #[arg(long, value_name = "PERCENT")]
    routine: Option<u8>,
    /// Most that plans and reports may take of it, in percent (tenants only).
    #[arg(long, value_name = "PERCENT")]
    planning: Option<u8>,
    /// Most that clients and crises may take of it, in percent (tenants only).
    #[arg(long, value_name = "PERCENT")]
    care: Option<u8>,
}

/// Whose costs to sum up, and how.
#[derive(Debug, Args)]
pub(super) struct CostArgs {
    /// Tenant (id or slug) or agency (id).
    whose: String,
    /// First day, YYYY-MM-DD; six days before the last one when left out.
    #[arg(long)]
    from: Option<String>,
    /// Last day, YYYY-MM-DD; today when left out.
    #[arg(long)]
    to: Option<String>,
    /// What sums are told apart by: a list of day, task, provider, model, prompt.
    #[arg(long, default_value = "day,task,model")]
    by: String,
}

/// Which calls to list.
#[derive(Debug, Args)]
pub(super) struct CallArgs {
    /// Tenant (id or slug).
    tenant: String,
    /// Only of this kind of work, such as short_reply.
    #[arg(long)]
    task: Option<Task>,
    /// Only to this model, as the provider calls it or as `provider/model`.
    #[arg(long)]
    model: Option<String>,
    /// Only those that ended so: answered, invalid_output, failed, cancelled, truncated or cached.
    #[arg(long)]
    outcome: Option<CallOutcome>,
    /// Only those made for this event.
    #[arg(long)]
    event: Option<EventId>,
    /// At most this many.
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

/// An amount given in dollars, exact to the micro-dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dollars(MicroUsd);

impl FromStr for Dollars {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let problem = "write an amount in dollars with at most six decimals, such as 7.50";
        let (whole, part) = text.trim_start_matches('$').split_once('.').unwrap_or((text, ""));
        let whole = whole.trim_start_matches('$');
        let is_plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > 6 || !is_plain(whole) || !is_plain(part) {
            return Err(problem);
        }
        let micros = format!("{whole}{part:0<6}");
        micros.parse().map(|micros| Self(MicroUsd(micros))).map_err(|_| problem)
    }
}

/// Whoever has a budget.
enum Whose {
    Tenant(Tenant),
    Agency(Agency),
}

async fn whose(workspace: &Workspace, name: &str) -> anyhow::Result<Whose> {
    if name.parse::<AgencyId>().is_ok() {
        return Ok(Whose::Agency(workspace.agency(Some(name)).await?));
    }
    Ok(Whose::Tenant(workspace.tenant(name, None).await?))
}

pub(super) async fn budget(
    command: BudgetCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    match command {
        BudgetCommand::Show { whose: name } => {
            show(&workspace, whose(&workspace, &name).await?, output).await?
        }
        BudgetCommand::Set(args) => {
            set(&workspace, args, output).await?;
            let seconds = settings.actors.version_poll_every_ms.div_ceil(1_000);
            output.remark(&format!("a running node goes by it within {seconds} seconds"))?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

async fn set(workspace: &Workspace, args: SetArgs, output: Output) -> anyhow::Result<()> {
    let (act, database) = (workspace.act(), &workspace.foundations.database);
    let whose = whose(workspace, &args.whose).await?;
    let daily = args.daily.map(|Dollars(daily)| daily);
    let has_shares = args.routine.or(args.planning).or(args.care).is_some();
    let changes = match &whose {
        Whose::Agency(agency) => {
            anyhow::ensure!(!has_shares, "an agency has no shares; set those of its tenants");
            anyhow::ensure!(
                daily.is_some() || args.no_limit,
                "say what to set: --daily DOLLARS or --no-limit"
            );
            act.set_agency_budget(agency.id, daily)?
        }
        Whose::Tenant(tenant) => {
            anyhow::ensure!(!args.no_limit, "a tenant always has a limit; set a higher one with --daily");
            anyhow::ensure!(
                daily.is_some() || has_shares,
                "say what to set: --daily DOLLARS, --routine, --planning or --care PERCENT"
            );
            let present = database.find_settings(&tenant.id).await?.unwrap_or_default().budget_shares;
            let shares = ShareCeilings {
                routine: args.routine.unwrap_or(present.routine),
                planning: args.planning.unwrap_or(present.planning),
                care: args.care.unwrap_or(present.care),
            };
            act.set_tenant_budget(tenant.id, daily, has_shares.then_some(shares))?
        }
    };
    database.commit(changes).await?;
    show(workspace, whose, output).await
}

async fn show(workspace: &Workspace, whose: Whose, output: Output) -> anyhow::Result<()> {
    let (database, now) = (&workspace.foundations.database, workspace.foundations.clock.now());
    match whose {
        Whose::Tenant(tenant) => {
            let budget = money::tenant_budget(database, database, &tenant, true, now).await?;
            output.result(&budget, || {
                let rows: Vec<_> = budget.lines.iter().map(|line| row(name_of(line), line)).collect();
                let models = match budget.models {
                    ModelUse::All => "no kind of work is held back by its budget",
                    ModelUse::Some => "some kinds of work have no money: the built-in model answers there",
                    ModelUse::None => "no money is left: the built-in model answers and people approve",
                };
                format!("{}{models}", super::output::table(&HEADERS, &rows))
            })
        }
        Whose::Agency(agency) => {
            let line = money::agency_day(database, &agency, now).await?;
            let tenants = workspace.tenants(&agency).await?;
            let days = money::tenant_days(database, database, &tenants, now).await?;
            let daily = database.agency_budget(&agency.id).await?;
            let all = json!({ "agency": agency.id, "daily_micro_usd": daily, "line": line, "tenants": days });
            output.result(&all, || {
                let of_agency = line.iter().map(|line| row(agency.name.clone(), line));
                let of_tenants = days.iter().map(|day| row(day.slug.clone(), &day.budget));
                let rows: Vec<_> = of_agency.chain(of_tenants).collect();
                let note = if line.is_some() { "" } else { "the agency itself has no limit" };
                format!("{}{note}", super::output::table(&HEADERS, &rows)).trim_end().to_owned()
            })
        }
    }
}

const HEADERS: [&str; 7] = ["budget", "day", "limit", "spent", "set aside", "left", "resets at"];

fn name_of(line: &BudgetLineView) -> String {
    match line.share {
        Some(share) => format!("  {share}"),
        None if line.scope == tenants::ports::BudgetKind::Agency => "agency".to_owned(),
        None => "tenant".to_owned(),
    }
}

fn row(name: String, line: &BudgetLineView) -> Vec<String> {
    let dollars = |micros| MicroUsd(micros).in_dollars();
    vec![
        name,
        line.day.clone(),
        dollars(line.limit_micro_usd),
        format!("{} ({} %)", dollars(line.spent_micro_usd), line.percent),
        dollars(line.reserved_micro_usd),
        dollars(line.left_micro_usd),
        line.resets_at.to_string(),
    ]
}

pub(super) async fn costs(args: CostArgs, settings: Settings, output: Output) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let scope = match whose(&workspace, &args.whose).await? {
        Whose::Tenant(tenant) => CostScope::tenant(&tenant),
        Whose::Agency(agency) => CostScope::agency(&agency),
    };
    let now = workspace.foundations.clock.now();
    let breakdown = Breakdown::read(scope, args.from.as_deref(), args.to.as_deref(), Some(&args.by), now)
        .context("the costs cannot be summed up like that")?;
    let report = money::cost_report(&workspace.foundations.database, scope, breakdown).await?;
    output.result(&report, || {
        let headers =
            ["day", "task", "provider", "model", "prompt", "calls", "tokens in", "out", "cost", "p95"];
        let rows: Vec<_> = report.costs.iter().chain(&report.total).map(cost_row).collect();
        super::output::table(&headers, &rows).trim_end().to_owned()
    })?;
    workspace.close().await;
    Ok(Finding::Fine)
}

fn cost_row(cost: &money::CostView) -> Vec<String> {
    let or_all = |text: &Option<String>| text.clone().unwrap_or_else(|| "*".to_owned());
    vec![
        or_all(&cost.day),
        cost.task.map_or("*", Task::as_str).to_owned(),
        or_all(&cost.provider),
        or_all(&cost.model),
        or_all(&cost.prompt),
        cost.calls.to_string(),
        cost.tokens_in.to_string(),
        cost.tokens_out.to_string(),
        MicroUsd(cost.cost_micro_usd).in_dollars(),
        format!("{} ms", cost.p95_us / 1_000),
    ]
}

pub(super) async fn calls(args: CallArgs, settings: Settings, output: Output) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let tenant = workspace.tenant(&args.tenant, None).await?;
    let filter = CallFilter { task: args.task, model: args.model, outcome: args.outcome, event: args.event };
    let limit = args.limit.clamp(1, 1_000);
    let calls = workspace.foundations.database.list_calls(&tenant.id, &filter, None, limit).await?;
    let rows: Vec<Vec<String>> = calls
        .iter()
        .map(|call| {
            vec![
                call.at.to_string(),
                call.task.to_string(),
                format!("{}/{}", call.provider, call.model),
                call.outcome.to_string(),
                format!("{}+{}", call.tokens_in, call.tokens_out),
                format!("{}{}", if call.is_estimate { "about " } else { "" }, call.cost.in_dollars()),
                format!("{} ms", call.latency_us / 1_000),
                call.error.clone().or_else(|| call.fallback_reason.clone()).unwrap_or_default(),
            ]
        })
        .collect();
    let views: Vec<CallView> = calls.into_iter().map(CallView::from).collect();
    output.result(&views, || {
        let headers = ["at", "task", "model", "outcome", "tokens", "cost", "took", "trouble"];
        super::output::table(&headers, &rows).trim_end().to_owned()
    })?;
    workspace.close().await;
    Ok(Finding::Fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_to_the_last_micro() {
        for (text, micros) in
            [("7", 7_000_000), ("$7.50", 7_500_000), ("0.000001", 1), ("0", 0), ("12.", 12_000_000)]
        {
            assert_eq!(text.parse(), Ok(Dollars(MicroUsd(micros))), "{text}");
        }
        for nonsense in ["", ".5", "-1", "1,50", "1.0000001", "1e3", "$", "99999999999999999999"] {
            assert!(nonsense.parse::<Dollars>().is_err(), "{nonsense}");
        }
    }
}
