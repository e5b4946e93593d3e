//! The tenant beside its competitors.

use std::collections::BTreeMap;

use tenants::insights::{CompetitorSeen, CompetitorSnapshot};
use tenants::ports::{StoreError, TenantContext};
use tenants::report::{
    Comparison, CompetitorLine, DataSources, MetricChange, ReportBody, ReportPeriod, RevenueMetrics,
};

use super::numbers::Gathered;
use crate::Ports;

/// Snapshots of a competitor that are looked at to find the last two.
const SNAPSHOTS: u32 = 60;

/// What was seen of each competitor, beside its snapshot before. `fresh` snapshots are not stored yet.
pub(in crate::intel) async fn body(
    ports: &Ports,
    context: &TenantContext,
    period: &ReportPeriod,
    fresh: &[CompetitorSnapshot],
) -> Result<ReportBody, StoreError> {
    let (store, tenant) = (ports.intel.store(), &context.tenant.id);
    let mut lines = Vec::new();
    for competitor in store.list_competitors(tenant).await? {
        let mut snapshots: Vec<CompetitorSnapshot> =
            fresh.iter().filter(|it| it.competitor == competitor.id).cloned().collect();
        let stored = store.list_snapshots(tenant, &competitor.id, SNAPSHOTS).await?;
        snapshots.extend(stored.into_iter().filter(|it| fresh.iter().all(|fresh| fresh.day != it.day)));
        lines.push(line(competitor.username, &snapshots, &period.first_day));
    }
    let gathered = Gathered::of(ports, context, period).await?;
    let seen = lines.iter().filter(|line| line.problem.is_none()).count();
    let sources = DataSources {
        instagram: "Instagram's account insights, by days of the tenant's clock".to_owned(),
        media: "Instagram's media insights, as last read within the period".to_owned(),
        revenue: RevenueMetrics::default().source,
        accounts: context.accounts.iter().map(|account| account.username.clone()).collect(),
        days_wanted: gathered.days_wanted(),
        days_read: gathered.days_read(),
        remarks: vec![format!("{seen} of {} competitors could be seen by business discovery", lines.len())],
    };
    let comparison = Comparison {
        label: "each competitor against its snapshot before".to_owned(),
        ..Comparison::default()
    };
    Ok(ReportBody {
        instagram: gathered.instagram(),
        media: gathered.media(),
        comparison,
        sources,
        competitors: lines,
        ..ReportBody::default()
    })
}

fn line(username: String, snapshots: &[CompetitorSnapshot], first_day: &str) -> CompetitorLine {
    let newest = snapshots.first();
    let is_fresh = |snapshot: &&CompetitorSnapshot| snapshot.day.as_str() >= first_day;
    let Some(seen) = newest.filter(is_fresh).and_then(|snapshot| snapshot.seen.as_ref()) else {
        let problem = newest.and_then(|snapshot| snapshot.problem.clone());
        let problem = problem.unwrap_or_else(|| "no snapshot was taken in the week".to_owned());
        return CompetitorLine { username, metrics: BTreeMap::new(), problem: Some(problem) };
    };
    let before = snapshots.iter().skip(1).find_map(|snapshot| snapshot.seen.as_ref());
    let metrics = named(seen)
        .into_iter()
        .map(|(name, current)| {
            let previous = before.and_then(|before| {
                named(before).into_iter().find(|(it, _)| *it == name).and_then(|(_, value)| value)
            });
            (name.to_owned(), MetricChange::between(previous, current))
        })
        .collect();
    CompetitorLine { username, metrics, problem: None }
}

fn named(seen: &CompetitorSeen) -> [(&'static str, Option<f64>); 5] {
    [
        ("followers", seen.followers),
        ("media_count", seen.media_count),
        ("average_likes", seen.average_likes),
        ("average_comments", seen.average_comments),
        ("posts_of_week", Some(f64::from(seen.posts_of_week))),
    ]
}
