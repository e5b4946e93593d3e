//! Stores insights, reports and competitors, and forgets what is old.

use std::collections::BTreeMap;

use tenants::changes::Change;
use tenants::ids::{CompetitorId, TenantId};
use tenants::insights::{
    AccountInsight, COMMENTS_PER_HOUR, Competitor, CompetitorSnapshot, IntelChange, MediaReading,
};
use tenants::report::AnalyticsReport;

use super::schedule::Group;
use super::tenants::tenant_of;
use crate::db::{Connection, run, run_bulk};
use crate::failure::Failure;
use crate::statement::{bulk_statements, statements};
use crate::types::{Doc, Moment, maybe_text, text};

macro_rules! new_report {
    () => {
        "insert into analytics_reports (id, tenant_id, report_type, first_day, last_day, period_start, period_end, \
         revision, run_id, asked_by, instagram_metrics, media_metrics, revenue_metrics, historical_comparison, \
         insights, data_sources, competitors, made_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
         on conflict (tenant_id, report_type, first_day, last_day) "
    };
}

statements! {
    ADD_REPORT { (columns new_report) "do nothing" }
    REPLACE_REPORT {
        (columns new_report) "do update set revision = analytics_reports.revision + 1, run_id = excluded.run_id, \
         asked_by = excluded.asked_by, instagram_metrics = excluded.instagram_metrics, \
         media_metrics = excluded.media_metrics, revenue_metrics = excluded.revenue_metrics, \
         historical_comparison = excluded.historical_comparison, insights = excluded.insights, \
         data_sources = excluded.data_sources, competitors = excluded.competitors, made_at = excluded.made_at"
    }
    ADD_COMPETITOR {
        "insert into competitors (id, tenant_id, username, note, created_at) values ($1, $2, $3, $4, $5)"
    }
    DELETE_SNAPSHOTS { "delete from competitor_snapshots where competitor_id = $1 and tenant_id = $2" }
    DELETE_COMPETITOR { "delete from competitors where id = $1 and tenant_id = $2" }
    /// Changes nothing: tells whether the competitor is there, and keeps it so until the transaction ends.
    HOLD_COMPETITOR { "update competitors set username = username where id = $1 and tenant_id = $2" }
    PUT_SNAPSHOT {
        "insert into competitor_snapshots (competitor_id, day, tenant_id, seen, problem, taken_at) \
         values ($1, $2, $3, $4, $5, $6) on conflict (competitor_id, day) do update set \
         seen = excluded.seen, problem = excluded.problem, taken_at = excluded.taken_at \
         where excluded.seen is not null or competitor_snapshots.seen is null"
    }
    THIN_HOURS { "delete from account_insights where tenant_id = $1 and metric = $2 and day < $3" }
    THIN_DAYS { "delete from account_insights where tenant_id = $1 and day < $2" }
    THIN_MEDIA {
        "delete from media_insights where tenant_id = $1 and day < $2 and exists (select 1 from media_insights n \
         where n.tenant_id = media_insights.tenant_id and n.account_id = media_insights.account_id \
         and n.media_id = media_insights.media_id and n.day > media_insights.day)"
    }
    FORGET_MEDIA { "delete from media_insights where tenant_id = $1 and day < $2" }
}

bulk_statements! {
    PUT_INSIGHTS {
        "insert into account_insights (tenant_id, account_id, metric, day, breakdown, value, reason, ends_at, \
         read_at) values"
        [uuid uuid text text text float8 text timestamptz timestamptz]
        "on conflict (tenant_id, account_id, metric, day, breakdown) do update set value = excluded.value, \
         reason = excluded.reason, ends_at = excluded.ends_at, read_at = excluded.read_at \
         where excluded.value is not null or account_insights.value is null"
    }
    PUT_MEDIA {
        "insert into media_insights (tenant_id, account_id, media_id, day, product, media_type, caption, permalink, \
         published_at, metrics, read_at) values"
        [uuid uuid text text text text text text timestamptz jsonb timestamptz]
        "on conflict (tenant_id, account_id, media_id, day) do update set product = excluded.product, \
         media_type = excluded.media_type, caption = excluded.caption, permalink = excluded.permalink, \
         published_at = excluded.published_at, metrics = excluded.metrics, read_at = excluded.read_at"
    }
}

pub(crate) async fn apply(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    for item in group {
        let Change::Intel(change) = item.change else { continue };
        let tenant = tenant_of(item.chain)?;
        match change {
            IntelChange::AccountInsights(rows) => put_insights(connection, tenant, rows).await?,
            IntelChange::MediaReadings(rows) => put_media(connection, tenant, rows).await?,
            IntelChange::AddReport(report) => put_report(connection, tenant, report, false).await?,
            IntelChange::ReplaceReport(report) => put_report(connection, tenant, report, true).await?,
            IntelChange::AddCompetitor(competitor) => add_competitor(connection, tenant, competitor).await?,
            IntelChange::DeleteCompetitor(competitor) => {
                delete_competitor(connection, tenant, *competitor).await?
            }
            IntelChange::CompetitorSnapshots(snapshots) => {
                for snapshot in snapshots {
                    put_snapshot(connection, tenant, snapshot).await?;
                }
            }
            IntelChange::Thin { hours_before, media_before, days_before } => {
                run!(connection, THIN_HOURS, tenant.0, COMMENTS_PER_HOUR, text(hours_before))?;
                run!(connection, THIN_DAYS, tenant.0, text(days_before))?;
                run!(connection, THIN_MEDIA, tenant.0, text(media_before))?;
                run!(connection, FORGET_MEDIA, tenant.0, text(days_before))?;
            }
        }
    }
    Ok(())
}

async fn put_insights(
    connection: &mut Connection,
    tenant: TenantId,
    rows: &[AccountInsight],
) -> Result<(), Failure> {
    // One statement may meet a row only once: of several readings of one number the last counts.
    let mut last = BTreeMap::new();
    for row in rows {
        last.insert((row.account, &row.metric, &row.day, &row.breakdown), row);
    }
    let rows: Vec<_> = last.into_values().collect();
    run_bulk!(connection, PUT_INSIGHTS, &rows, |query, row| query
        .bind(tenant.0)
        .bind(row.account.0)
        .bind(text(&row.metric))
        .bind(text(&row.day))
        .bind(text(&row.breakdown))
        .bind(row.measured.value)
        .bind(maybe_text(&row.measured.reason))
        .bind(Moment(row.ends_at))
        .bind(Moment(row.read_at)))?;
    Ok(())
}

async fn put_media(
    connection: &mut Connection,
    tenant: TenantId,
    rows: &[MediaReading],
) -> Result<(), Failure> {
    let mut last = BTreeMap::new();
    for row in rows {
        last.insert((row.account, &row.media, &row.day), row);
    }
    let rows: Vec<_> = last.into_values().collect();
    run_bulk!(connection, PUT_MEDIA, &rows, |query, row| query
        .bind(tenant.0)
        .bind(row.account.0)
        .bind(text(&row.media))
        .bind(text(&row.day))
        .bind(text(&row.product))
        .bind(text(&row.media_type))
        .bind(text(&row.caption))
        .bind(maybe_text(&row.permalink))
        .bind(Moment(row.published_at))
        .bind(Doc(&row.metrics))
        .bind(Moment(row.read_at)))?;
    Ok(())
}

async fn put_report(
    connection: &mut Connection,
    tenant: TenantId,
    report: &AnalyticsReport,
    replaces: bool,
) -> Result<(), Failure> {
    if report.tenant != tenant {
        return Err(Failure::Conflict("the report concerns somebody else".to_owned()));
    }
    let statement = if replaces { &REPLACE_REPORT } else { &ADD_REPORT };
    let [instagram, media, revenue, comparison, insights, sources, competitors] = report.body.parts();
    let period = &report.period;
    run!(
        connection,
        statement,
        report.id.0,
        tenant.0,
        report.report_type.as_str(),
        text(&period.first_day),
        text(&period.last_day),
        Moment(period.from),
        Moment(period.until),
        i64::from(report.revision),
        report.run.0,
        text(&report.asked_by),
        Doc(&instagram),
        Doc(&media),
        Doc(&revenue),
        Doc(&comparison),
        Doc(&insights),
        Doc(&sources),
        Doc(&competitors),
        Moment(report.made_at)
    )?;
    Ok(())
}

async fn add_competitor(
    connection: &mut Connection,
    tenant: TenantId,
    competitor: &Competitor,
) -> Result<(), Failure> {
    if competitor.tenant != tenant {
        return Err(Failure::Conflict("the competitor belongs to somebody else".to_owned()));
    }
    let taken = || format!("@{} is a competitor already", competitor.username);
    run!(
        connection,
        ADD_COMPETITOR,
        competitor.id.0,
        tenant.0,
        text(&competitor.username),
        maybe_text(&competitor.note),
        Moment(competitor.created_at)
    )
    .map_err(|failure| failure.when_taken(taken))?;
    Ok(())
}

async fn delete_competitor(
    connection: &mut Connection,
    tenant: TenantId,
    competitor: CompetitorId,
) -> Result<(), Failure> {
    run!(connection, DELETE_SNAPSHOTS, competitor.0, tenant.0)?;
    if run!(connection, DELETE_COMPETITOR, competitor.0, tenant.0)? == 0 {
        return Err(Failure::Conflict(format!("there is no competitor {competitor}")));
    }
    Ok(())
}

/// One that was removed meanwhile gets no snapshot.
async fn put_snapshot(
    connection: &mut Connection,
    tenant: TenantId,
    snapshot: &CompetitorSnapshot,
) -> Result<(), Failure> {
    if run!(connection, HOLD_COMPETITOR, snapshot.competitor.0, tenant.0)? == 0 {
        return Ok(());
    }
    run!(
        connection,
        PUT_SNAPSHOT,
        snapshot.competitor.0,
        text(&snapshot.day),
        tenant.0,
        snapshot.seen.as_ref().map(Doc),
        maybe_text(&snapshot.problem),
        Moment(snapshot.taken_at)
    )?;
    Ok(())
}
