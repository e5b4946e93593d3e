//! When to publish: how posts of each hour and weekday did, with how many posts that rests on.
//!
//! A cell of few posts says little, so its average is drawn towards that of all posts, as if some average posts stood
//! beside its own; and below a number of posts in all nothing is suggested.

use chrono::{Datelike, Timelike};
use serde::Serialize;
use tenants::clock::Timestamp;
use tenants::ids::AccountId;
use tenants::insights::MediaReading;
use tenants::ports::{InsightQuery, MediaQuery, StoreError, TenantContext};
use tenants::report::rounded;

use super::Intel;
use super::periods::{day_of, days_before, zone_of};

/// Posts that must be known before anything is suggested.
const ENOUGH_POSTS: usize = 10;
/// Average posts that stand beside those of a cell.
const PRIOR: f64 = 3.0;
/// Posts a cell must rest on to be suggested.
const ENOUGH_IN_CELL: u32 = 2;
/// Hours that are suggested.
const SUGGESTED: usize = 3;
/// Days that are looked back on.
const LOOK_BACK_DAYS: u64 = 180;
/// Most posts that are looked at.
const POSTS: u32 = 1_000;

/// When to publish, and what that rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BestTimes {
    /// The tenant's time zone: hours are those of its clock.
    pub time_zone: String,
    /// Posts and reels that were looked at.
    pub posts: u32,
    /// Their engagement on average.
    pub average_engagement: Option<f64>,
    /// The best hours first; empty with too little data.
    pub suggestions: Vec<Cell>,
    /// Every hour of the week in which something was published.
    pub cells: Vec<Cell>,
    /// Followers online by hour of the day, as Instagram told last. It does not say in which time zone: the hours are
    /// given as they came, and play no part in the suggestions.
    pub online_followers: Vec<OnlineHour>,
    /// How far this can be relied on, for people.
    pub remark: String,
}

/// An hour of a weekday.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// `monday` to `sunday`.
    pub weekday: &'static str,
    /// 0 to 23.
    pub hour: u32,
    /// Posts it rests on.
    pub posts: u32,
    /// Their engagement on average.
    pub average_engagement: f64,
    /// The same, drawn towards the average of all posts: what the order follows.
    pub expected_engagement: f64,
}

/// Followers that are online in an hour.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OnlineHour {
    /// 0 to 23.
    pub hour: u32,
    /// How many.
    pub followers: f64,
}

/// Looks at what was published in the last half year.
///
/// # Errors
/// When the database does not answer.
pub async fn of(
    intel: &Intel,
    context: &TenantContext,
    account: Option<AccountId>,
    now: Timestamp,
) -> Result<BestTimes, StoreError> {
    let zone = zone_of(&context.tenant);
    let tenant = &context.tenant.id;
    let today = day_of(now, zone);
    let query = MediaQuery {
        account,
        published_from: super::periods::bounds(days_before(today, LOOK_BACK_DAYS), zone).0,
        published_until: now,
        read_until: "9999-12-31".to_owned(),
        limit: POSTS,
    };
    let posts = intel.store().media_readings(tenant, &query).await?;
    let query = InsightQuery {
        account,
        metric: Some("online_followers".to_owned()),
        first_day: days_before(today, 7).to_string(),
        last_day: today.to_string(),
    };
    let online = intel.store().account_insights(tenant, &query).await?;
    let placed: Vec<(u32, u32, f64)> = posts
        .iter()
        .filter(|post| !matches!(post.product.as_str(), "STORY" | "AD"))
        .filter_map(|post: &MediaReading| {
            let local = post.published_at.to_utc().with_timezone(&zone);
            Some((local.weekday().num_days_from_monday(), local.hour(), post.engagement()?))
        })
        .collect();
    let newest = online.iter().filter(|row| row.measured.value.is_some()).map(|row| row.day.clone()).max();
    let mut hours = [None; 24];
    for row in online.iter().filter(|row| Some(&row.day) == newest.as_ref()) {
        let hour = row.breakdown.strip_prefix("part:").and_then(|part| part.parse::<usize>().ok());
        if let (Some(place), Some(value)) = (hour.and_then(|hour| hours.get_mut(hour)), row.measured.value) {
            *place = Some(place.unwrap_or(0.0) + value);
        }
    }
    let online_followers = (0..24)
        .zip(hours)
        .filter_map(|(hour, followers)| Some(OnlineHour { hour, followers: followers? }))
        .collect();
    Ok(BestTimes { time_zone: zone.name().to_owned(), online_followers, ..judged(&placed) })
}

/// What posts (weekday from Monday, hour, engagement) say.
fn judged(posts: &[(u32, u32, f64)]) -> BestTimes {
    let overall = posts.iter().map(|(.., engagement)| engagement).sum::<f64>() / posts.len().max(1) as f64;
    let mut cells = Vec::new();
    for (day, weekday) in WEEKDAYS.iter().enumerate() {
        for hour in 0..24 {
            let own: Vec<f64> = posts
                .iter()
                .filter(|(on, at, _)| *on as usize == day && *at == hour)
                .map(|(.., engagement)| *engagement)
                .collect();
            if own.is_empty() {
                continue;
            }
            let (sum, count) = (own.iter().sum::<f64>(), own.len() as f64);
            cells.push(Cell {
                weekday,
                hour,
                posts: u32::try_from(own.len()).unwrap_or(u32::MAX),
                average_engagement: rounded(sum / count),
                expected_engagement: rounded((sum + PRIOR * overall) / (count + PRIOR)),
            });
        }
    }
    let is_enough = posts.len() >= ENOUGH_POSTS;
    let mut suggestions: Vec<Cell> = cells
        .iter()
        .filter(|cell| is_enough && cell.posts >= ENOUGH_IN_CELL && cell.expected_engagement > overall)
        .cloned()
        .collect();
    suggestions.sort_by(|one, other| other.expected_engagement.total_cmp(&one.expected_engagement));
    suggestions.truncate(SUGGESTED);
    let remark = remark(posts.len(), &suggestions);
    BestTimes {
        time_zone: String::new(),
        posts: u32::try_from(posts.len()).unwrap_or(u32::MAX),
        average_engagement: (!posts.is_empty()).then(|| rounded(overall)),
        suggestions,
        cells,
        online_followers: Vec::new(),
        remark,
    }
}

fn remark(posts: usize, suggestions: &[Cell]) -> String {
    if posts < ENOUGH_POSTS {
        return format!("{posts} posts are too few to suggest an hour; it takes {ENOUGH_POSTS}");
    }
    if suggestions.is_empty() {
        return format!(
            "no hour with at least {ENOUGH_IN_CELL} posts did better than the average of {posts} posts"
        );
    }
    let fewest = suggestions.iter().map(|cell| cell.posts).min().unwrap_or_default();
    format!(
        "from {posts} posts; a suggested hour rests on {fewest} posts at least. It shows what went together, not why"
    )
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_few_posts_nothing_is_suggested_and_it_says_so() {
        let told = judged(&[(0, 9, 100.0); 9]);
        assert!(
            told.suggestions.is_empty() && told.remark.contains("9 posts are too few"),
            "{}",
            told.remark
        );
        assert_eq!((told.cells.len(), told.cells[0].posts), (1, 9), "what is known is shown");
        assert!(judged(&[]).average_engagement.is_none());
    }

    #[test]
    fn one_lucky_post_does_not_make_an_hour_and_several_good_ones_do() {
        let mut posts = vec![(0, 9, 10.0); 10];
        posts.push((2, 20, 500.0));
        posts.extend([(4, 18, 60.0); 5]);
        let told = judged(&posts);
        let suggested: Vec<_> =
            told.suggestions.iter().map(|cell| (cell.weekday, cell.hour, cell.posts)).collect();
        assert_eq!(suggested, [("friday", 18, 5)]);
        let lucky = told.cells.iter().find(|cell| cell.weekday == "wednesday").unwrap();
        assert!(lucky.expected_engagement < lucky.average_engagement / 2.0, "{lucky:?}");
    }
}
