//! Spikes: far more comments in an hour than usual.
//!
//! The count of every hour is kept, and with it whether a spike was on and since when. So a spike has one alert however
//! long it lasts, also over a restart, and its alert ends with it.

use std::time::Duration;

use serde_json::json;
use tenants::account::Account;
use tenants::alert::{AlertType, NewAlert};
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::event::Role;
use tenants::ids::AlertId;
use tenants::insights::{AccountInsight, COMMENTS_PER_HOUR, IntelChange, Measured};
use tenants::ports::{StoreError, TenantContext};

use super::periods::{day_of, zone_of};
use super::settings::IntelSettings;
use super::{entry, usable};
use crate::Ports;

const HOUR: Duration = Duration::from_secs(3_600);
/// The time from which the usual number is reckoned.
const USUAL_OVER: Duration = Duration::from_secs(7 * 86_400);
/// Hours that must be known before there is a usual number.
const HOURS_KNOWN: usize = 24;
/// A count that old says whether a spike is still on; older ones say nothing.
const STILL_ON: Duration = Duration::from_secs(3 * 3_600 + 60);
/// How a count is marked while a spike is on.
const MARK: &str = "spike since ";

/// Counts the hour before the tick of every account.
pub(super) async fn changes(
    ports: &Ports,
    context: &TenantContext,
    due_at: Timestamp,
) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::new();
    for account in usable(context) {
        let store = ports.intel.store();
        let began = due_at - HOUR;
        let count = store.count_comments(&context.tenant.id, &account.id, began, due_at).await?;
        let known = store.hours_counted(&context.tenant.id, &account.id, due_at - USUAL_OVER).await?;
        let hour = judge(count, began, &known, due_at, ports.intel.settings());
        let mut row = AccountInsight {
            account: account.id,
            metric: COMMENTS_PER_HOUR.to_owned(),
            breakdown: format!("hour:{began}"),
            day: day_of(began, zone_of(&context.tenant)).to_string(),
            measured: Measured::known(count as f64),
            ends_at: due_at,
            read_at: ports.clock.now(),
        };
        row.measured.reason = hour.since.map(|since| format!("{MARK}{since}"));
        changes.push(Change::Intel(IntelChange::AccountInsights(vec![row])));
        changes.extend(
            hour.news.map(|news| told(ports, context, account, news, &hour, count)).into_iter().flatten(),
        );
    }
    Ok(changes)
}

/// What is new about an hour.
#[derive(Debug, Clone, Copy, PartialEq)]
enum News {
    Began,
    Ended(Timestamp),
}

/// An hour beside those before it.
#[derive(Debug, Clone, PartialEq)]
struct Hour {
    /// Begin of the spike that is on.
    since: Option<Timestamp>,
    /// Comments in an hour as usual; `None` while too little is known.
    usual: Option<f64>,
    news: Option<News>,
}

fn judge(
    count: u64,
    began: Timestamp,
    known: &[AccountInsight],
    due_at: Timestamp,
    settings: &IntelSettings,
) -> Hour {
    let (before, later) = known.split_at(known.partition_point(|hour| hour.ends_at < due_at));
    let is_calm = |hour: &&AccountInsight| spike_of(hour).is_none();
    let calm: Vec<f64> = before.iter().filter(is_calm).filter_map(|hour| hour.measured.value).collect();
    let usual = (calm.len() >= HOURS_KNOWN).then(|| calm.iter().sum::<f64>() / calm.len() as f64);
    let before = before.last().filter(|hour| due_at.since(hour.ends_at) <= STILL_ON).and_then(spike_of);
    let is_many = count > u64::from(settings.spike_comments_per_hour);
    // Somebody asked for a count between this hour's end and its turn: what is new has been told then.
    if let Some(later) = later.first() {
        return Hour { since: spike_of(later).filter(|_| is_many), usual, news: None };
    }
    let is_unusual = usual.is_none_or(|usual| count as f64 >= usual * settings.spike_factor);
    match before {
        // A spike lasts as long as there are many, even if that becomes usual.
        Some(since) if is_many => Hour { since: Some(since), usual, news: None },
        Some(since) => Hour { since: None, usual, news: Some(News::Ended(since)) },
        None if is_many && is_unusual => Hour { since: Some(began), usual, news: Some(News::Began) },
        None => Hour { since: None, usual, news: None },
    }
}

/// Since when a spike was on in an hour.
fn spike_of(hour: &AccountInsight) -> Option<Timestamp> {
    hour.measured.reason.as_deref()?.strip_prefix(MARK)?.parse().ok()
}

fn told(
    ports: &Ports,
    context: &TenantContext,
    account: &Account,
    news: News,
    hour: &Hour,
    count: u64,
) -> Vec<Change> {
    let now = ports.clock.now();
    let resource = ("account", account.id.to_string());
    let key = |since: Timestamp| format!("spike:{}:{since}", account.id);
    match news {
        News::Began => {
            let since = hour.since.unwrap_or(now);
            let usual = hour.usual.map(tenants::report::rounded);
            let beside = usual.map_or_else(String::new, |usual| format!(", where {usual} are usual"));
            let details = json!({ "account": account.id, "since": since, "comments": count, "usual": usual });
            let alert = NewAlert {
                id: AlertId::new(&ports.ids),
                agency: Some(context.tenant.agency),
                tenant: Some(context.tenant.id),
                alert_type: AlertType::Spike,
                severity: None,
                message: format!(
                    "{count} comments came in an hour on @{}{beside}: look at what they say, and at the approvals",
                    account.username
                ),
                details: details.clone(),
                dedup_key: key(since),
            };
            vec![
                Change::RaiseAlert(Box::new(alert), now),
                Change::Audit(Box::new(entry(ports, "spike.noticed", resource, details, now))),
            ]
        }
        News::Ended(since) => {
            let details = json!({ "account": account.id, "since": since, "comments": count });
            vec![
                Change::ResolveAlert { dedup_key: key(since), by: Role::Intel.to_string(), at: now },
                Change::Audit(Box::new(entry(ports, "spike.ended", resource, details, now))),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use tenants::ids::AccountId;

    use super::*;

    fn at(hour: u64) -> Timestamp {
        Timestamp::from_millis(1_760_000_000_000) + HOUR * u32::try_from(hour).unwrap()
    }

    /// Counts hour by hour, as ticks would; what became of each.
    fn told_of(counts: &[u64]) -> Vec<Option<News>> {
        let settings = IntelSettings::default();
        let mut known: Vec<AccountInsight> = Vec::new();
        let mut news = Vec::new();
        for (number, count) in counts.iter().enumerate() {
            let (began, due_at) = (at(number as u64), at(number as u64 + 1));
            let hour = judge(*count, began, &known, due_at, &settings);
            news.push(hour.news);
            known.push(counted(*count, hour.since, due_at));
        }
        news
    }

    fn counted(count: u64, spike: Option<Timestamp>, ends_at: Timestamp) -> AccountInsight {
        AccountInsight {
            account: AccountId(Default::default()),
            metric: COMMENTS_PER_HOUR.into(),
            breakdown: String::new(),
            day: String::new(),
            measured: Measured {
                value: Some(count as f64),
                reason: spike.map(|since| format!("{MARK}{since}")),
            },
            ends_at,
            read_at: ends_at,
        }
    }

    #[test]
    fn an_hour_whose_turn_comes_after_a_count_that_somebody_asked_for_tells_nothing_again() {
        let (began, minute) = (at(0), Duration::from_secs(60));
        let asked = counted(60, Some(began + minute), at(1) + minute);
        let late = judge(60, began, std::slice::from_ref(&asked), at(1), &IntelSettings::default());
        assert_eq!((late.since, late.news), (Some(began + minute), None));
        let next = [counted(60, late.since, at(1)), asked];
        let ended = judge(0, at(1), &next, at(2), &IntelSettings::default());
        assert_eq!(ended.news, Some(News::Ended(began + minute)));
    }

    #[test]
    fn a_spike_is_told_once_and_its_end_once() {
        let told = told_of(&[3, 51, 200, 52, 50, 1, 60]);
        let expected =
            [None, Some(News::Began), None, None, Some(News::Ended(at(1))), None, Some(News::Began)];
        assert_eq!(told, expected);
    }

    #[test]
    fn many_comments_are_no_spike_where_they_are_usual() {
        let mut counts = vec![0; 24];
        counts.extend([60, 0]);
        assert_eq!(told_of(&counts)[24], Some(News::Began));
        let mut busy = told_of(&[vec![60; 1], vec![40; 30], vec![79, 90]].concat()).into_iter().skip(31);
        assert_eq!(
            (busy.next(), busy.next()),
            (Some(None), Some(Some(News::Began))),
            "twice the usual 40 and a bit is less than 90"
        );
    }
}
