//! `troupe insights|report|competitor`.

use std::sync::Arc;

use actors::intel::{best_times, report};
use clap::Subcommand;
use llm::budget::NoWatch;
use serde_json::json;
use tenants::account::Tenant;
use tenants::clock::Timestamp;
use tenants::ids::ReportId;
use tenants::ports::{
    Directory, InsightQuery, IntelStore, MediaQuery, PageRequest, TenantContext, UnitOfWork,
};
use tenants::report::{AnalyticsReport, ReportType};

use super::workspace::Workspace;
use super::{Finding, Output, one_line};
use crate::boot::{self, Places, models};
use crate::intel::{
    BestTimesView, CompetitorView, Days, InsightView, MediaView, ReportView, SnapshotView, add_competitor,
    checked_handle, csv_of_insights, delete_competitor,
};
use crate::settings::Settings;

/// What to do with numbers.
#[derive(Debug, Subcommand)]
pub(super) enum InsightsCommand {
    /// Show numbers of accounts by day.
    Show {
        /// Tenant (id or slug).
        tenant: String,
        /// Only this metric, such as reach.
        #[arg(long)]
        metric: Option<String>,
        /// First day, YYYY-MM-DD; 27 days before the last one when left out.
        #[arg(long)]
        from: Option<String>,
        /// Last day, YYYY-MM-DD; today when left out.
        #[arg(long)]
        to: Option<String>,
        /// Print CSV.
        #[arg(long)]
        csv: bool,
    },
    /// List media with their newest numbers, newest first.
    Media {
        /// Tenant (id or slug).
        tenant: String,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Suggest when to publish.
    BestTimes {
        /// Tenant (id or slug).
        tenant: String,
    },
}

/// What to do with reports.
#[derive(Debug, Subcommand)]
pub(super) enum ReportCommand {
    /// List reports, newest first.
    List {
        /// Tenant (id or slug).
        tenant: String,
        /// Only daily, weekly or competitors.
        #[arg(long = "type", value_name = "TYPE")]
        report_type: Option<ReportType>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Show a report.
    Show {
        /// Tenant (id or slug).
        tenant: String,
        /// Report id.
        report: ReportId,
    },
    /// Make a report now, in the place of the one for the same period.
    Run {
        /// Tenant (id or slug).
        tenant: String,
        /// daily, weekly or competitors.
        #[arg(value_name = "TYPE")]
        report_type: ReportType,
        /// Its last day, YYYY-MM-DD; the last one that is over when left out.
        #[arg(long)]
        last_day: Option<String>,
    },
}

/// What to do with competitors.
#[derive(Debug, Subcommand)]
pub(super) enum CompetitorCommand {
    /// List the competitors of a tenant.
    List {
        /// Tenant (id or slug).
        tenant: String,
    },
    /// Add a competitor.
    Add {
        /// Tenant (id or slug).
        tenant: String,
        /// Its handle.
        username: String,
        /// A remark.
        #[arg(long)]
        note: Option<String>,
    },
    /// Remove a competitor with all that was seen of it.
    Remove {
        /// Tenant (id or slug).
        tenant: String,
        /// Its handle.
        username: String,
    },
    /// List what was seen of a competitor, newest first.
    Snapshots {
        /// Tenant (id or slug).
        tenant: String,
        /// Its handle.
        username: String,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
}

pub(super) async fn insights(
    command: InsightsCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let store = &workspace.foundations.database;
    let now = workspace.foundations.clock.now();
    match command {
        InsightsCommand::Show { tenant, metric, from, to, csv } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let days = Days::read(from.as_deref(), to.as_deref(), metric.is_some(), &tenant, now)?;
            let (first_day, last_day) = (days.first.to_string(), days.last.to_string());
            let query = InsightQuery { account: None, metric, first_day, last_day };
            let rows: Vec<InsightView> =
                store.account_insights(&tenant.id, &query).await?.into_iter().map(Into::into).collect();
            if csv {
                super::output::write(&String::from_utf8(csv_of_insights(&rows)?)?)?;
            } else {
                let headers = ["day", "metric", "part", "value", "reason"];
                output.list(&rows, &headers, |row| {
                    let value = number(row.value);
                    let reason = row.reason.clone().unwrap_or_default();
                    vec![row.day.clone(), row.metric.clone(), row.part.clone(), value, reason]
                })?;
            }
        }
        InsightsCommand::Media { tenant, limit } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let query = MediaQuery {
                account: None,
                published_from: Timestamp::from_micros(0),
                published_until: now,
                read_until: "9999-12-31".to_owned(),
                limit: limit.clamp(1, 1_000),
            };
            let rows: Vec<MediaView> =
                store.media_readings(&tenant.id, &query).await?.into_iter().map(Into::into).collect();
            output.list(&rows, &["media", "kind", "published", "engagement", "caption"], |row| {
                let caption = one_line(&row.caption, 40);
                let published = row.published_at.to_string();
                vec![row.media.clone(), row.kind.clone(), published, number(row.engagement), caption]
            })?;
        }
        InsightsCommand::BestTimes { tenant } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let context = context_of(&workspace, &tenant).await?;
            let reader = Arc::new(tenants::ports::NoInsights("this command reads what was gathered"));
            let intel = actors::intel::Intel::new(reader, Arc::new(store.clone()), settings.intel.clone());
            let found = BestTimesView::from(best_times::of(&intel, &context, None, now).await?);
            output.result(&found, || best_times_text(&found))?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

pub(super) async fn report(
    command: ReportCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let store = &workspace.foundations.database;
    match command {
        ReportCommand::List { tenant, report_type, limit } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let page = PageRequest::first(limit.clamp(1, 1_000));
            let found = store.list_reports(&tenant.id, report_type, page).await?;
            let rows: Vec<ReportView> = found.into_iter().map(Into::into).collect();
            output.list(&rows, &["id", "type", "first day", "last day", "revision", "made"], |row| {
                let (id, revision, made) =
                    (row.id.to_string(), row.revision.to_string(), row.made_at.to_string());
                let kind = row.report_type.to_string();
                vec![id, kind, row.first_day.clone(), row.last_day.clone(), revision, made]
            })?;
        }
        ReportCommand::Show { tenant, report } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let found = store.find_report(&tenant.id, &report).await?;
            let found = found.ok_or_else(|| {
                anyhow::anyhow!("there is no report {report}; see `troupe report list {}`", tenant.slug)
            })?;
            shown(found, output)?;
        }
        ReportCommand::Run { tenant, report_type, last_day } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let made = run(&workspace, &settings, &tenant, report_type, last_day.as_deref()).await?;
            shown(made, output)?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

async fn run(
    workspace: &Workspace,
    settings: &Settings,
    tenant: &Tenant,
    report_type: ReportType,
    last_day: Option<&str>,
) -> anyhow::Result<AnalyticsReport> {
    let foundations = &workspace.foundations;
    let registry = prometheus::Registry::new();
    let catalogue = models::read(&settings.models)?;
    let cascade = models::cascade(foundations, &settings.models, catalogue, Arc::new(NoWatch), &registry)?.0;
    let ports = boot::ports(foundations, settings, Arc::new(cascade), Places::default())?;
    let context = context_of(workspace, tenant).await?;
    let period = report::period_of(&context, report_type, last_day, foundations.clock.now())
        .ok_or_else(|| anyhow::anyhow!("--last-day must be a day that is over, written YYYY-MM-DD"))?;
    let (made, changes) = report::make(&ports, &context, report_type, period, "cli").await?;
    let store = &foundations.database;
    store.commit(changes).await?;
    let (first, last) = (&made.period.first_day, &made.period.last_day);
    let stored = store.find_report_of(&tenant.id, report_type, first, last).await?;
    Ok(stored.unwrap_or(made))
}

pub(super) async fn competitor(
    command: CompetitorCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let (act, store) = (workspace.act(), &workspace.foundations.database);
    match command {
        CompetitorCommand::List { tenant } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let rows: Vec<CompetitorView> =
                store.list_competitors(&tenant.id).await?.into_iter().map(Into::into).collect();
            output.list(&rows, &["handle", "note", "since"], |row| {
                let note = row.note.clone().unwrap_or_default();
                vec![format!("@{}", row.username), note, row.created_at.to_string()]
            })?;
        }
        CompetitorCommand::Add { tenant, username, note } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let present = store.list_competitors(&tenant.id).await?.len();
            let room = (present, settings.intel.max_competitors);
            let (added, changes) = add_competitor(&act, tenant.id, &username, note, room)?;
            store.commit(changes).await?;
            let said = format!("@{} is looked at every Friday", added.username);
            output.result(&CompetitorView::from(added), || said)?;
        }
        CompetitorCommand::Remove { tenant, username } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let found = find(&workspace, &tenant, &username).await?;
            store.commit(delete_competitor(&act, &found)).await?;
            let said = format!("@{} is no competitor any more", found.username);
            output.result(&json!({ "competitor": found.id, "message": said }), || said.clone())?;
        }
        CompetitorCommand::Snapshots { tenant, username, limit } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let found = find(&workspace, &tenant, &username).await?;
            let limit = limit.clamp(1, 1_000);
            let rows: Vec<SnapshotView> = store
                .list_snapshots(&tenant.id, &found.id, limit)
                .await?
                .into_iter()
                .map(Into::into)
                .collect();
            output.list(&rows, &["day", "seen", "problem"], |row| {
                let seen = row.seen.as_ref().map(ToString::to_string).unwrap_or_default();
                vec![row.day.clone(), seen, row.problem.clone().unwrap_or_default()]
            })?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

async fn find(
    workspace: &Workspace,
    tenant: &Tenant,
    username: &str,
) -> anyhow::Result<tenants::insights::Competitor> {
    let handle = checked_handle(username)?;
    let all = workspace.foundations.database.list_competitors(&tenant.id).await?;
    all.into_iter().find(|it| it.username == handle).ok_or_else(|| {
        anyhow::anyhow!("@{handle} is no competitor; see `troupe competitor list {}`", tenant.slug)
    })
}

async fn context_of(workspace: &Workspace, tenant: &Tenant) -> anyhow::Result<TenantContext> {
    let zone = actors::intel::periods::zone_of(tenant);
    let day = workspace.foundations.clock.now().to_utc().with_timezone(&zone).date_naive().to_string();
    let context = workspace.foundations.database.load_context(&tenant.id, &day).await?;
    context.ok_or_else(|| anyhow::anyhow!("tenant {} has gone", tenant.slug))
}

fn shown(report: AnalyticsReport, output: Output) -> anyhow::Result<()> {
    let text = report_text(&report);
    output.result(&ReportView::from(report), || text)
}

fn report_text(report: &AnalyticsReport) -> String {
    let period = &report.period;
    let mut lines = vec![format!(
        "{} report, {} to {}, revision {} ({})",
        report.report_type, period.first_day, period.last_day, report.revision, report.id
    )];
    for (name, change) in &report.body.comparison.metrics {
        let percent = change.change_percent.map_or_else(String::new, |percent| format!(", {percent:+} %"));
        lines.push(format!(
            "{name}: {} (before: {}{percent})",
            number(change.current),
            number(change.previous)
        ));
    }
    for (name, reason) in &report.body.instagram.not_available {
        lines.push(format!("{name} is not known: {reason}"));
    }
    for line in &report.body.competitors {
        match &line.problem {
            Some(problem) => lines.push(format!("@{}: {problem}", line.username)),
            None => {
                let of = |name: &str| number(line.metrics.get(name).and_then(|change| change.current));
                lines.push(format!(
                    "@{}: {} followers, {} posts",
                    line.username,
                    of("followers"),
                    of("media_count")
                ));
            }
        }
    }
    let insights = &report.body.insights;
    lines.push(format!("written by {}", insights.written_by));
    lines.extend(insights.findings.iter().map(|finding| format!("- {}", finding.text)));
    lines.extend(insights.anomalies.iter().map(|anomaly| format!("! {}", anomaly.text)));
    lines.extend(insights.recommendations.iter().map(|text| format!("> {text}")));
    lines.join("\n")
}

fn best_times_text(found: &BestTimesView) -> String {
    let mut lines = vec![found.remark.clone()];
    for cell in &found.suggestions {
        let (hour, posts) = (cell.hour, cell.posts);
        lines.push(format!(
            "{} {hour:02}:00 ({}): {} reactions on average of {posts} posts",
            cell.weekday, found.time_zone, cell.average_engagement
        ));
    }
    lines.join("\n")
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}
