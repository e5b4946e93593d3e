//! Reports: the numbers of a period, beside the period before, and what follows from them.
//!
//! A report is made once for each tenant, type and period. The clock leaves one that is there alone; a person who makes
//! it again puts the new one in its place: its id stays, its revision grows, and the audit log tells who did it and when.

mod competition;
mod facts;
mod numbers;

use std::sync::Arc;

use llm::report::ReportRequest;
use llm::{Answer, Behalf};
use serde_json::json;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::event::Role;
use tenants::ids::{ReportId, RunId};
use tenants::insights::{CompetitorSnapshot, IntelChange};
use tenants::intent::Language;
use tenants::ports::{StoreError, TenantContext};
use tenants::report::{
    AnalyticsReport, Comparison, DataSources, MetricChange, ReportBody, ReportInsights, ReportPeriod,
    ReportType, RevenueMetrics,
};

use super::entry;
use super::periods::{days_before, last_whole_day, period, zone_of};
use crate::Ports;

use numbers::Gathered;

/// Daily reports that one tick makes at most: the last day, and days before it that have none since the last report.
const DAYS_MADE_UP_FOR: u64 = 3;

/// The reports that a tick of the clock is due to make. What is there already stays as it is.
pub(super) async fn due(
    ports: &Ports,
    context: &TenantContext,
    report_type: ReportType,
    due_at: Timestamp,
) -> Result<Vec<Change>, StoreError> {
    let last = last_whole_day(due_at, zone_of(&context.tenant));
    let mut changes = Vec::new();
    for period in periods_due(ports, context, report_type, last).await? {
        let report = build(ports, context, report_type, period, Role::Intel.as_str(), &[]).await?;
        changes.extend(added(ports, report));
    }
    Ok(changes)
}

/// The report about competitors, with the snapshots that are committed together with it.
pub(super) async fn of_competitors(
    ports: &Ports,
    context: &TenantContext,
    fresh: &[CompetitorSnapshot],
    due_at: Timestamp,
) -> Result<Vec<Change>, StoreError> {
    let report_type = ReportType::Competitors;
    let last = last_whole_day(due_at, zone_of(&context.tenant));
    let Some(period) = periods_due(ports, context, report_type, last).await?.pop() else {
        return Ok(Vec::new());
    };
    let report = build(ports, context, report_type, period, Role::Intel.as_str(), fresh).await?;
    Ok(added(ports, report).into())
}

fn added(ports: &Ports, report: AnalyticsReport) -> [Change; 2] {
    let noted = Change::Audit(Box::new(made(ports, &report)));
    [noted, Change::Intel(IntelChange::AddReport(Box::new(report)))]
}

/// A tick is due by UTC, a day ends by the tenant's clock: when that clock is changed, a tick may come before the end of
/// a day that the next tick finds to be the last but one.
async fn periods_due(
    ports: &Ports,
    context: &TenantContext,
    report_type: ReportType,
    last: chrono::NaiveDate,
) -> Result<Vec<ReportPeriod>, StoreError> {
    let zone = zone_of(&context.tenant);
    let (days, back) = match report_type {
        ReportType::Daily => (1, DAYS_MADE_UP_FOR),
        ReportType::Weekly | ReportType::Competitors => (7, 1),
    };
    let store = ports.intel.store();
    let mut open = Vec::new();
    for step in 0..back {
        let wanted = period(days_before(last, step), days, zone);
        let tenant = &context.tenant.id;
        let found = store.find_report_of(tenant, report_type, &wanted.first_day, &wanted.last_day).await?;
        if found.is_some() {
            // Those before it were made, or are not missed any more.
            open.reverse();
            return Ok(open);
        }
        open.push(wanted);
    }
    // Nothing was ever made, or too long ago: the last period alone.
    open.truncate(1);
    Ok(open)
}

/// Makes a report now, because somebody asks for it, and gives what is to be committed: the report in the place of the
/// one for the same period, and the audit entry.
///
/// # Errors
/// When the database does not answer.
pub async fn make(
    ports: &Ports,
    context: &TenantContext,
    report_type: ReportType,
    period: ReportPeriod,
    asked_by: &str,
) -> Result<(AnalyticsReport, Changes), StoreError> {
    let report = build(ports, context, report_type, period, asked_by, &[]).await?;
    let mut noted = made(ports, &report);
    noted.actor = asked_by.to_owned();
    let changes = Changes::of_tenant(context.tenant.id)
        .with(Change::Audit(Box::new(noted)))
        .with(Change::Intel(IntelChange::ReplaceReport(Box::new(report.clone()))));
    Ok((report, changes))
}

/// The period of a report whose last day is `last_day`; the last whole day when left out. `None` when the day has not
/// ended or is none.
pub fn period_of(
    context: &TenantContext,
    report_type: ReportType,
    last_day: Option<&str>,
    now: Timestamp,
) -> Option<ReportPeriod> {
    let zone = zone_of(&context.tenant);
    let newest = last_whole_day(now, zone);
    let last = match last_day {
        Some(text) => text.parse().ok().filter(|day| *day <= newest)?,
        None => newest,
    };
    let days = if report_type == ReportType::Daily { 1 } else { 7 };
    Some(period(last, days, zone))
}

fn made(ports: &Ports, report: &AnalyticsReport) -> tenants::audit::NewAuditEntry {
    let insights = &report.body.insights;
    let details = json!({
        "report_type": report.report_type,
        "first_day": report.period.first_day,
        "last_day": report.period.last_day,
        "run": report.run,
        "written_by": insights.written_by,
        "degraded": insights.degraded,
        "left_out": insights.left_out,
        "days_read": report.body.sources.days_read,
        "days_wanted": report.body.sources.days_wanted,
    });
    entry(ports, "report.made", ("report", report.id.to_string()), details, report.made_at)
}

async fn build(
    ports: &Ports,
    context: &TenantContext,
    report_type: ReportType,
    period: ReportPeriod,
    asked_by: &str,
    fresh: &[CompetitorSnapshot],
) -> Result<AnalyticsReport, StoreError> {
    let mut body = match report_type {
        ReportType::Competitors => competition::body(ports, context, &period, fresh).await?,
        ReportType::Daily | ReportType::Weekly => own_body(ports, context, report_type, &period).await?,
    };
    body.insights = written(ports, context, report_type, &period, &body).await;
    Ok(AnalyticsReport {
        id: ReportId::new(&ports.ids),
        tenant: context.tenant.id,
        report_type,
        period,
        revision: 1,
        run: RunId::new(&ports.ids),
        asked_by: asked_by.to_owned(),
        body,
        made_at: ports.clock.now(),
    })
}

/// The tenant's own numbers.
async fn own_body(
    ports: &Ports,
    context: &TenantContext,
    report_type: ReportType,
    wanted: &ReportPeriod,
) -> Result<ReportBody, StoreError> {
    let now = Gathered::of(ports, context, wanted).await?;
    let before = earlier(context, report_type, wanted);
    let then = Gathered::of(ports, context, &before).await?;
    let (instagram, previous) = (now.instagram(), then.instagram());
    let metrics = instagram
        .named()
        .into_iter()
        .zip(previous.named())
        .map(|((name, current), (_, previous))| (name.to_owned(), MetricChange::between(previous, current)))
        .collect();
    let comparison = Comparison {
        label: format!("{} against {}", named(wanted), named(&before)),
        previous_first_day: before.first_day,
        previous_last_day: before.last_day,
        metrics,
    };
    let sources = DataSources {
        instagram: "Instagram's account insights, by days of the tenant's clock".to_owned(),
        media: "Instagram's media insights, as last read within the period".to_owned(),
        revenue: RevenueMetrics::default().source,
        accounts: context.accounts.iter().map(|account| account.username.clone()).collect(),
        days_wanted: now.days_wanted(),
        days_read: now.days_read(),
        remarks: now.remarks(),
    };
    let media = now.media();
    Ok(ReportBody { instagram, media, comparison, sources, ..ReportBody::default() })
}

/// The period of the same length just before.
fn earlier(context: &TenantContext, report_type: ReportType, wanted: &ReportPeriod) -> ReportPeriod {
    let days = if report_type == ReportType::Daily { 1 } else { 7 };
    let first = wanted.first_day.parse().unwrap_or_default();
    period(days_before(first, 1), days, zone_of(&context.tenant))
}

fn named(period: &ReportPeriod) -> String {
    if period.first_day == period.last_day {
        period.first_day.clone()
    } else {
        format!("{} to {}", period.first_day, period.last_day)
    }
}

/// Sentences about a report. Whatever becomes of a model, there are some: those of the built-in rules.
async fn written(
    ports: &Ports,
    context: &TenantContext,
    report_type: ReportType,
    period: &ReportPeriod,
    body: &ReportBody,
) -> ReportInsights {
    let about = match report_type {
        ReportType::Daily => "the day",
        ReportType::Weekly => "the seven days",
        ReportType::Competitors => "competitors seen in the week",
    };
    let language = context.settings.languages.first().copied().unwrap_or(Language::English);
    let request = ReportRequest {
        brand: context.tenant.name.clone(),
        language: facts::english_name(language).to_owned(),
        period: format!("{about} {}", named(period)),
        facts: facts::of(body),
        posts: body.media.top.clone(),
        missing: body.instagram.not_available.iter().map(|(name, why)| format!("{name}: {why}")).collect(),
        behalf: Arc::new(Behalf {
            budget: context.budget(),
            prompts: Arc::clone(&context.prompts),
            tuning: Arc::clone(&context.tuning),
            event: None,
            conversation: format!("report:{report_type}"),
        }),
    };
    match ports.llm.report(request.clone()).await {
        Ok(answer) => lines(answer),
        Err(error) => ReportInsights {
            degraded: Some(format!("{error}; the built-in rules wrote it")),
            ..lines(Answer::free(
                llm::report::from_numbers(&request),
                llm::offline::PROVIDER,
                "rules-1",
                std::time::Duration::ZERO,
            ))
        },
    }
}

fn lines(answer: Answer<llm::report::Written>) -> ReportInsights {
    let Answer { value, provider, model, degraded, .. } = answer;
    let written_by =
        if provider == llm::offline::PROVIDER { provider } else { format!("{provider}/{model}") };
    ReportInsights {
        findings: value.findings,
        recommendations: value.recommendations,
        anomalies: value.anomalies,
        written_by,
        degraded,
        left_out: value.left_out,
    }
}
