//! What was gathered over a period, added up.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use tenants::ids::AccountId;
use tenants::insights::{AccountInsight, MediaReading};
use tenants::ports::{InsightQuery, MediaQuery, StoreError, TenantContext};
use tenants::report::{InstagramMetrics, MediaMetrics, PostLine, ReportPeriod, TypeLine, rounded};

use crate::Ports;
use crate::intel::periods::{days_after, days_before};

/// Posts named in a report.
const TOP: usize = 3;
/// Characters of a caption in a report.
const SNIPPET: usize = 80;
/// Most posts that a report looks at.
const POSTS: u32 = 1_000;

/// Rows of a period, and of the day before it.
pub(super) struct Gathered {
    accounts: Vec<AccountId>,
    first_day: String,
    last_day: String,
    day_before: String,
    rows: Vec<AccountInsight>,
    posts: Vec<MediaReading>,
}

impl Gathered {
    pub async fn of(
        ports: &Ports,
        context: &TenantContext,
        period: &ReportPeriod,
    ) -> Result<Self, StoreError> {
        let (store, tenant) = (ports.intel.store(), &context.tenant.id);
        let first: NaiveDate = period.first_day.parse().unwrap_or_default();
        let day_before = days_before(first, 1).to_string();
        let query = InsightQuery {
            account: None,
            metric: None,
            first_day: day_before.clone(),
            last_day: period.last_day.clone(),
        };
        let rows = store.account_insights(tenant, &query).await?;
        // A post of the last hour is read when the day is over.
        let last: NaiveDate = period.last_day.parse().unwrap_or_default();
        let query = MediaQuery {
            account: None,
            published_from: period.from,
            published_until: period.until,
            read_until: days_after(last, 1).to_string(),
            limit: POSTS,
        };
        let posts = store.media_readings(tenant, &query).await?;
        let accounts = context.accounts.iter().map(|account| account.id).collect();
        let is_post = |reading: &MediaReading| !matches!(reading.product.as_str(), "STORY" | "AD");
        Ok(Self {
            accounts,
            first_day: period.first_day.clone(),
            last_day: period.last_day.clone(),
            day_before,
            rows,
            posts: posts.into_iter().filter(is_post).collect(),
        })
    }

    fn whole(&self, metric: &str) -> impl Iterator<Item = &AccountInsight> {
        self.rows.iter().filter(move |row| {
            row.breakdown.is_empty() && row.metric == metric && self.accounts.contains(&row.account)
        })
    }

    fn in_period(&self, row: &AccountInsight) -> bool {
        row.day >= self.first_day && row.day <= self.last_day
    }

    /// The sum over days and accounts, or why there is none.
    fn sum(&self, metric: &str) -> Result<f64, String> {
        let rows: Vec<&AccountInsight> = self.whole(metric).filter(|row| self.in_period(row)).collect();
        let known: Vec<f64> = rows.iter().filter_map(|row| row.measured.value).collect();
        if known.is_empty() {
            let reason = rows.iter().find_map(|row| row.measured.reason.clone());
            return Err(reason.unwrap_or_else(|| "nothing was read of this period".to_owned()));
        }
        Ok(known.iter().sum())
    }

    /// The sum over accounts of what was last known up to a day.
    fn at(&self, metric: &str, day: &str) -> Option<f64> {
        let mut newest: BTreeMap<AccountId, (&str, f64)> = BTreeMap::new();
        for row in self.whole(metric).filter(|row| row.day.as_str() <= day) {
            if let Some(value) = row.measured.value
                && newest.get(&row.account).is_none_or(|(known, _)| *known <= row.day.as_str())
            {
                newest.insert(row.account, (&row.day, value));
            }
        }
        (!newest.is_empty()).then(|| newest.values().map(|(_, value)| value).sum())
    }

    /// The numbers of the accounts.
    pub fn instagram(&self) -> InstagramMetrics {
        let mut not_available = BTreeMap::new();
        let mut known = |name: &str, found: Result<f64, String>| match found {
            Ok(value) => Some(rounded(value)),
            Err(reason) => {
                not_available.insert(name.to_owned(), reason);
                None
            }
        };
        let views = known("views", self.sum("views"));
        let reach = known("reach", self.sum("reach"));
        let profile_views = known("profile_views", self.sum("profile_views"));
        let website_clicks = known("website_clicks", self.sum("website_clicks"));
        let [likes, comments, saves, shares] = [
            ("total_likes", "likes"),
            ("total_comments", "comments"),
            ("total_saves", "saves"),
            ("total_shares", "shares"),
        ]
        .map(|(name, metric)| known(name, self.sum(metric)));
        let followers = self.at("followers", &self.last_day);
        let was_read = self.whole("followers").any(|row| self.in_period(row));
        let no_followers = || "the number of followers was not read".to_owned();
        let followers_now = known("followers", followers.filter(|_| was_read).ok_or_else(no_followers));
        let before = self.at("followers", &self.day_before);
        let growth = followers_now.zip(before).map(|(now, before)| now - before);
        let not_before = || "the number of followers before the period is not known".to_owned();
        let follower_growth = known("follower_growth", growth.ok_or_else(not_before));
        let reactions: Vec<f64> = [likes, comments, saves, shares].into_iter().flatten().collect();
        let rate = match reach {
            None => Err("the reach is not known"),
            Some(reach) if reach <= 0.0 => Err("nobody was reached"),
            Some(_) if reactions.is_empty() => Err("no reactions are known"),
            Some(reach) => Ok(reactions.iter().sum::<f64>() / reach * 100.0),
        };
        let average_engagement_rate = known("average_engagement_rate", rate.map_err(str::to_owned));
        InstagramMetrics {
            views,
            reach,
            profile_views,
            website_clicks,
            follower_growth,
            followers: followers_now,
            posts_published: Some(self.posts.len() as f64),
            total_likes: likes,
            total_comments: comments,
            total_saves: saves,
            total_shares: shares,
            average_engagement_rate,
            not_available,
        }
    }

    /// The numbers of the posts.
    pub fn media(&self) -> MediaMetrics {
        let mut lines: Vec<PostLine> = self.posts.iter().filter_map(line).collect();
        lines.sort_by(|one, other| {
            other.engagement.total_cmp(&one.engagement).then_with(|| one.media.cmp(&other.media))
        });
        let average = |metric: &str| mean(self.posts.iter().filter_map(|post| post.value(metric)));
        let mut by_type: BTreeMap<String, TypeLine> = BTreeMap::new();
        for kind in self.posts.iter().map(MediaReading::kind).collect::<BTreeSet<_>>() {
            let of_kind = || self.posts.iter().filter(|post| post.kind() == kind);
            let line = TypeLine {
                posts: u32::try_from(of_kind().count()).unwrap_or(u32::MAX),
                average_engagement: mean(of_kind().filter_map(MediaReading::engagement)),
                average_reach: mean(of_kind().filter_map(|post| post.value("reach"))),
            };
            by_type.insert(kind.to_owned(), line);
        }
        MediaMetrics {
            total_posts: self.at("media_count", &self.last_day),
            posts_in_period: u32::try_from(self.posts.len()).unwrap_or(u32::MAX),
            average_likes: average("likes"),
            average_comments: average("comments"),
            average_reach: average("reach"),
            average_engagement: mean(self.posts.iter().filter_map(MediaReading::engagement)),
            best: lines.first().cloned(),
            worst: lines.last().filter(|_| lines.len() > 1).cloned(),
            top: lines.into_iter().take(TOP).collect(),
            by_type,
        }
    }

    pub fn days_wanted(&self) -> u32 {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap_or_default();
        let days = (day(&self.last_day) - day(&self.first_day)).num_days() + 1;
        u32::try_from(days)
            .unwrap_or(0)
            .saturating_mul(u32::try_from(self.accounts.len()).unwrap_or(u32::MAX))
    }

    pub fn days_read(&self) -> u32 {
        let read: BTreeSet<(AccountId, &str)> = self
            .whole("views")
            .chain(self.whole("reach"))
            .filter(|row| self.in_period(row) && row.measured.value.is_some())
            .map(|row| (row.account, row.day.as_str()))
            .collect();
        u32::try_from(read.len()).unwrap_or(u32::MAX)
    }

    /// What the numbers can bear.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks =
            vec!["Instagram's numbers may grow for up to 48 hours after a day has ended".to_owned()];
        if self.first_day != self.last_day {
            remarks
                .push("reach is the sum of the days: somebody reached on two days counts twice".to_owned());
        }
        let (read, wanted) = (self.days_read(), self.days_wanted());
        if read < wanted {
            remarks.push(format!(
                "{read} of {wanted} days (times accounts) were read; the sums hold these alone"
            ));
        }
        remarks
    }
}

fn line(post: &MediaReading) -> Option<PostLine> {
    Some(PostLine {
        media: post.media.clone(),
        kind: post.kind().to_owned(),
        caption: post.caption.chars().take(SNIPPET).collect(),
        permalink: post.permalink.clone(),
        engagement: post.engagement()?,
        reach: post.value("reach"),
    })
}

/// The average to two decimals; `None` of nothing.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| rounded(values.iter().sum::<f64>() / values.len() as f64))
}
