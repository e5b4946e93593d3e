//! An account's insights.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::{
    asked, item,
    numbers::{Gathered, lot, of_account},
};
use crate::{
    graph::{errors::GraphError, paging, perform::Call, perform::api_time},
    state::{World, accounts::AccountNode},
};

/// From so many followers on Instagram tells who they are.
const FOLLOWERS_FOR_MORE: u64 = 100;
/// Longest time that one call may ask for.
const LONGEST: TimeDelta = TimeDelta::days(30);
/// Hour of UTC at which Instagram's own days end.
const DAY_ENDS: u32 = 8;

/// How a metric may be asked for.
struct Metric {
    name: &'static str,
    total: bool,
    series: bool,
    lifetime: bool,
    breakdowns: &'static [&'static str],
    needs_followers: bool,
}

const fn total(name: &'static str, breakdowns: &'static [&'static str]) -> Metric {
    Metric { name, total: true, series: false, lifetime: false, breakdowns, needs_followers: false }
}

const PRODUCT: &[&str] = &["media_product_type"];
const PRODUCT_AND_FOLLOW: &[&str] = &["media_product_type", "follow_type"];
const WHO: &[&str] = &["age", "city", "country", "gender"];

const METRICS: &[Metric] = &[
    Metric { series: true, ..total("reach", PRODUCT_AND_FOLLOW) },
    total("views", PRODUCT_AND_FOLLOW),
    total("accounts_engaged", &[]),
    total("replies", &[]),
    total("reposts", &[]),
    total("total_interactions", PRODUCT),
    total("likes", PRODUCT),
    total("comments", PRODUCT),
    total("shares", PRODUCT),
    total("saves", PRODUCT),
    total("profile_views", &[]),
    total("website_clicks", &[]),
    total("profile_links_taps", &["contact_button_type"]),
    Metric { needs_followers: true, ..total("follows_and_unfollows", &["follow_type"]) },
    Metric { total: false, series: true, needs_followers: true, ..total("follower_count", &[]) },
    Metric {
        total: false,
        series: true,
        lifetime: true,
        needs_followers: true,
        ..total("online_followers", &[])
    },
    Metric { lifetime: true, needs_followers: true, ..total("follower_demographics", WHO) },
    Metric { lifetime: true, needs_followers: true, ..total("engaged_audience_demographics", WHO) },
];

struct Question<'a> {
    world: &'a World,
    node: &'a AccountNode,
    call: &'a Call<'a>,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    wants_total: bool,
    breakdown: Option<String>,
}

pub(crate) fn read(world: &World, call: &Call<'_>) -> Result<Value, GraphError> {
    let lost = || GraphError::unknown_object(&call.request.method, call.account.as_str());
    let node = world.accounts.get(call.account).ok_or_else(lost)?;
    let names = asked(call)?;
    let metrics = names.iter().map(|name| known(node, name)).collect::<Result<Vec<_>, _>>()?;
    let params = &call.request.params;
    let wants_total = params.text("metric_type").as_deref() == Some("total_value");
    let breakdown = params.text("breakdown");
    let period = params.required("period")?;
    let (since, until) = times(call)?;
    let question = Question { world, node, call, since, until, wants_total, breakdown };
    for metric in &metrics {
        question.check(metric, &period)?;
    }
    let data: Vec<Value> = metrics.iter().filter_map(|metric| question.answer(metric, &period)).collect();
    Ok(json!({ "data": data }))
}

fn known(node: &AccountNode, name: &str) -> Result<&'static Metric, GraphError> {
    let is_removed = node.account.removed_metrics.iter().any(|removed| removed == name);
    METRICS.iter().find(|metric| metric.name == name && !is_removed).ok_or_else(|| {
        let all: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
        GraphError::invalid_parameter(format!(
            "metric[0] must be one of the following values: {}",
            all.join(", ")
        ))
    })
}

/// The time a call asks for: the last day when it names none.
fn times(call: &Call<'_>) -> Result<(DateTime<Utc>, DateTime<Utc>), GraphError> {
    let asked = paging::asked(call.request, paging::MAX_LIMIT)?;
    let until = asked.until.unwrap_or(call.now);
    let since = asked.since.unwrap_or(until - TimeDelta::days(1));
    if until < since {
        return Err(GraphError::invalid_parameter("since param is after until param."));
    }
    if until - since > LONGEST {
        return Err(GraphError::invalid_parameter(
            "There cannot be more than 30 days (2592000 s) between since and until",
        ));
    }
    Ok((since, until))
}

impl Question<'_> {
    fn check(&self, metric: &Metric, period: &str) -> Result<(), GraphError> {
        let name = metric.name;
        if metric.needs_followers && self.node.account.followers_count < FOLLOWERS_FOR_MORE {
            let text = format!(
                "(#10) Not enough followers to show {name}: at least {FOLLOWERS_FOR_MORE} are needed"
            );
            return Err(GraphError::new(10, text));
        }
        match period {
            "lifetime" if !metric.lifetime => {
                return Err(GraphError::invalid_parameter(format!(
                    "Incompatible metric ({name}) with period (lifetime)"
                )));
            }
            "day" if metric.lifetime && metric.total => {
                return Err(GraphError::invalid_parameter(format!(
                    "Incompatible metric ({name}) with period (day)"
                )));
            }
            "day" | "lifetime" => {}
            other => {
                return Err(GraphError::invalid_parameter(format!(
                    "period must be day or lifetime, not {other}"
                )));
            }
        }
        if !self.wants_total && !metric.series {
            return Err(GraphError::invalid_parameter(format!(
                "The following metrics ({name}) should be specified with parameter metric_type=total_value"
            )));
        }
        if self.wants_total && !metric.total {
            return Err(GraphError::invalid_parameter(format!(
                "The following metrics ({name}) do not support metric_type=total_value"
            )));
        }
        match &self.breakdown {
            Some(breakdown) if !metric.breakdowns.contains(&breakdown.as_str()) => {
                Err(GraphError::unknown_failure(500))
            }
            _ => Ok(()),
        }
    }

    /// The numbers, unless they are not counted yet: then the metric is left out.
    fn answer(&self, metric: &Metric, period: &str) -> Option<Value> {
        let owner = self.call.account.as_str();
        let counted = self.call.now
            - TimeDelta::seconds(i64::try_from(self.node.account.insights_delay_seconds).unwrap_or(0));
        let numbers = match metric.name {
            "online_followers" => self.online(counted),
            "follower_demographics" | "engaged_audience_demographics" => {
                json!({ "total_value": self.demographics() })
            }
            "follower_count" => self.series(counted, |day| self.followers_won(day))?,
            name if self.wants_total => {
                let until = self.until.min(counted);
                if until <= self.since {
                    return None;
                }
                self.total(name, of_account(self.world, self.call.account, self.node, (self.since, until)))
            }
            name => self.series(counted, |day| {
                let window = (day - TimeDelta::days(1), day);
                of_account(self.world, self.call.account, self.node, window).named(name)
            })?,
        };
        Some(item(owner, metric.name, period, numbers))
    }

    fn total(&self, name: &str, gathered: Gathered) -> Value {
        if name == "follows_and_unfollows" {
            let (won, lost) = (gathered.reach / 150, gathered.reach / 400);
            return match &self.breakdown {
                Some(key) => json!({ "total_value": { "breakdowns": [{ "dimension_keys": [key], "results": [
                    { "dimension_values": ["FOLLOWER"], "value": won },
                    { "dimension_values": ["NON_FOLLOWER"], "value": lost }] }] } }),
                None => json!({ "total_value": { "value": won + lost } }),
            };
        }
        let value = gathered.named(name);
        let mut total = json!({ "value": value });
        if let Some(key) = &self.breakdown {
            let first = (value as f64 * (0.3 + 0.4 * lot(name, 6))).round() as u64;
            let [one, other] = match key.as_str() {
                "follow_type" => ["FOLLOWER", "NON_FOLLOWER"],
                "contact_button_type" => ["EMAIL", "DIRECTION"],
                _ => ["REELS", "POST"],
            };
            total["breakdowns"] = json!([{ "dimension_keys": [key], "results": [
                { "dimension_values": [one], "value": first },
                { "dimension_values": [other], "value": value - first.min(value) }] }]);
        }
        json!({ "total_value": total })
    }

    /// A number for each of Instagram's own days that ends in the time asked for; nothing when none is counted.
    fn series(&self, counted: DateTime<Utc>, number: impl Fn(DateTime<Utc>) -> u64) -> Option<Value> {
        let mut values = Vec::new();
        let first = self.since.date_naive().and_time(NaiveTime::from_hms_opt(DAY_ENDS, 0, 0)?).and_utc();
        for step in 0..=31 {
            let end = first + TimeDelta::days(step);
            if end > self.since && end <= self.until.min(counted) {
                values.push(json!({ "value": number(end), "end_time": api_time(end) }));
            }
        }
        (!values.is_empty()).then(|| json!({ "values": values }))
    }

    fn followers_won(&self, day: DateTime<Utc>) -> u64 {
        let text = format!("{}{}", self.call.account, day.format("%Y-%m-%d"));
        (self.node.account.followers_count as f64 * 0.004 * lot(&text, 7)).round() as u64
    }

    fn online(&self, counted: DateTime<Utc>) -> Value {
        let followers = self.node.account.followers_count as f64;
        let mut hours = Map::new();
        for hour in 0..24u32 {
            // Few at night, most in the evening.
            let wave = 0.5 - 0.45 * ((f64::from(hour) - 8.0) / 24.0 * std::f64::consts::TAU).cos();
            hours.insert(hour.to_string(), json!((followers * wave * 0.6).round() as u64));
        }
        let end = counted.date_naive().and_time(NaiveTime::MIN).and_utc();
        json!({ "values": [{ "value": hours, "end_time": api_time(end) }] })
    }

    fn demographics(&self) -> Value {
        let followers = self.node.account.followers_count;
        let key = self.breakdown.clone().unwrap_or_else(|| "country".to_owned());
        let values = match key.as_str() {
            "age" => ["18-24", "25-34", "35-44"],
            "city" => ["Lisbon, Lisboa", "Madrid, Madrid", "Berlin, Berlin"],
            "gender" => ["F", "M", "U"],
            _ => ["PT", "ES", "DE"],
        };
        let parts = [followers / 2, followers / 3, followers - followers / 2 - followers / 3];
        let results: Vec<Value> = values
            .iter()
            .zip(parts)
            .map(|(value, part)| json!({ "dimension_values": [value], "value": part }))
            .collect();
        json!({ "breakdowns": [{ "dimension_keys": [key], "results": results }] })
    }
}
