//! Competitors, seen through business discovery every Friday.

use std::time::Duration;

use serde_json::json;
use tenants::account::{Account, LoginFlavour};
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::insights::{Competitor, CompetitorSeen, CompetitorSnapshot, IntelChange};
use tenants::ports::{Discovered, StoreError, TenantContext};
use tenants::report::rounded;

use super::asking::{Asking, NoAnswer};
use super::periods::{day_of, zone_of};
use super::{entry, report, trouble, usable};
use crate::Ports;

const WEEK: Duration = Duration::from_secs(7 * 86_400);
/// Why nobody can be seen.
const NO_ACCOUNT: &str =
    "business discovery needs an account that is connected through Facebook Login: connect one";

/// Takes a snapshot of every competitor, and makes the report about them: both are stored in one unit.
pub(super) async fn changes(
    ports: &Ports,
    context: &TenantContext,
    due_at: Timestamp,
) -> Result<Vec<Change>, StoreError> {
    let store = ports.intel.store();
    let competitors = store.list_competitors(&context.tenant.id).await?;
    if competitors.is_empty() {
        return Ok(Vec::new());
    }
    let day = day_of(due_at, zone_of(&context.tenant)).to_string();
    let (snapshots, mut changes) = look(ports, context, &competitors, &day).await;
    let seen = snapshots.iter().filter(|snapshot| snapshot.seen.is_some()).count();
    let details = json!({ "day": day, "competitors": competitors.len(), "seen": seen });
    let tenant = ("tenant", context.tenant.id.to_string());
    changes.push(Change::Audit(Box::new(entry(
        ports,
        "competitors.looked_at",
        tenant,
        details,
        ports.clock.now(),
    ))));
    let report = report::of_competitors(ports, context, &snapshots, due_at).await?;
    changes.push(Change::Intel(IntelChange::CompetitorSnapshots(snapshots)));
    changes.extend(report);
    Ok(changes)
}

async fn look(
    ports: &Ports,
    context: &TenantContext,
    competitors: &[Competitor],
    day: &str,
) -> (Vec<CompetitorSnapshot>, Vec<Change>) {
    let account = usable(context).find(|account| account.flavour == LoginFlavour::Facebook);
    let Some(account) = account else {
        let none = |competitor| snapshot(ports, competitor, day, Err(NO_ACCOUNT.to_owned()));
        return (competitors.iter().map(none).collect(), Vec::new());
    };
    let mut snapshots = Vec::new();
    let mut stopped: Option<super::Stop> = None;
    for competitor in competitors {
        let seen = match &stopped {
            Some(_) => Err("Instagram could not be asked for all competitors this time".to_owned()),
            None => match seen(ports, account, competitor).await {
                Ok(seen) => Ok(seen),
                Err(NoAnswer::NotAvailable { reason, .. }) => Err(reason),
                Err(NoAnswer::Stop(stop)) => {
                    stopped = Some(stop);
                    Err("Instagram could not be asked this time".to_owned())
                }
            },
        };
        snapshots.push(snapshot(ports, competitor, day, seen));
    }
    let troubles = stopped.map(|stop| trouble::of(ports, context, account, &stop)).unwrap_or_default();
    (snapshots, troubles)
}

async fn seen(ports: &Ports, account: &Account, competitor: &Competitor) -> Result<CompetitorSeen, NoAnswer> {
    let asking = Asking::new(ports, account);
    let Discovered { profile, media } =
        asking.call(async { asking.reader().discover(account, &competitor.username).await }).await?;
    let week_ago = ports.clock.now() - WEEK;
    let average = |of: fn(&tenants::ports::MediaItem) -> Option<u64>| {
        let known: Vec<f64> = media.iter().filter_map(of).map(|count| count as f64).collect();
        (!known.is_empty()).then(|| rounded(known.iter().sum::<f64>() / known.len() as f64))
    };
    Ok(CompetitorSeen {
        followers: profile.followers.map(|count| count as f64),
        follows: profile.follows.map(|count| count as f64),
        media_count: profile.media_count.map(|count| count as f64),
        posts_seen: u32::try_from(media.len()).unwrap_or(u32::MAX),
        average_likes: average(|item| item.likes),
        average_comments: average(|item| item.comments),
        posts_of_week: u32::try_from(media.iter().filter(|item| item.published_at >= week_ago).count())
            .unwrap_or(u32::MAX),
    })
}

fn snapshot(
    ports: &Ports,
    competitor: &Competitor,
    day: &str,
    seen: Result<CompetitorSeen, String>,
) -> CompetitorSnapshot {
    let (seen, problem) = match seen {
        Ok(seen) => (Some(seen), None),
        Err(problem) => (None, Some(problem)),
    };
    CompetitorSnapshot {
        competitor: competitor.id,
        day: day.to_owned(),
        seen,
        problem,
        taken_at: ports.clock.now(),
    }
}
