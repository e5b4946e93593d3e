//! Nine weeks of numbers of an account, and of its posts.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::Datelike;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::insights::{AccountInsight, IntelChange, Measured, MediaReading};
use tenants::ports::UnitOfWork;

use super::super::stage::{Brand, Stage};
use super::noise;

const DAYS: i64 = 63;
/// What an account of a thousand followers has on an ordinary day.
const USUAL: [(&str, f64); 5] = [
    ("reach", 640.0),
    ("views", 1_450.0),
    ("total_interactions", 96.0),
    ("profile_views", 54.0),
    ("website_clicks", 11.0),
];

pub(super) async fn remember(stage: &Stage, brand: &Brand, index: usize) -> anyhow::Result<()> {
    let foundations = stage.node.foundations();
    let now = foundations.clock.now();
    let changes = Changes::of_tenant(brand.tenant.id)
        .with(Change::Intel(IntelChange::AccountInsights(account(brand, index, now))))
        .with(Change::Intel(IntelChange::MediaReadings(media(stage, brand, index, now)?)));
    Ok(foundations.database.commit(changes).await?)
}

fn days_ago(now: Timestamp, days: i64) -> Timestamp {
    now - Duration::from_secs(u64::try_from(days).unwrap_or(0) * 86_400)
}

fn day_of(at: Timestamp) -> String {
    at.to_utc().format("%Y-%m-%d").to_string()
}

fn account(brand: &Brand, index: usize, now: Timestamp) -> Vec<AccountInsight> {
    let size = 1.0 + index as f64 * 0.6;
    let insight = |metric: &str, at: Timestamp, value: f64| AccountInsight {
        account: brand.account.id,
        metric: metric.to_owned(),
        breakdown: String::new(),
        day: day_of(at),
        measured: Measured::known(value.round()),
        ends_at: at,
        read_at: now,
    };
    let mut rows = Vec::new();
    let mut followers = 900.0 * size;
    for ago in (0..DAYS).rev() {
        let at = days_ago(now, ago);
        let is_weekend = at.to_utc().weekday().num_days_from_monday() >= 5;
        let growth = 1.0 + (DAYS - ago) as f64 / DAYS as f64 * 0.35;
        let rhythm = if is_weekend { 1.25 } else { 1.0 };
        for (salt, (metric, usual)) in USUAL.iter().enumerate() {
            let luck = 0.75 + 0.5 * noise(index, ago, salt as u64);
            // The present day has only begun.
            let share = if ago == 0 { 0.4 } else { 1.0 };
            rows.push(insight(metric, at, usual * size * growth * rhythm * luck * share));
        }
        followers += 3.0 * size * noise(index, ago, 77);
        rows.push(insight("followers", at, followers));
    }
    rows
}

fn media(stage: &Stage, brand: &Brand, index: usize, now: Timestamp) -> anyhow::Result<Vec<MediaReading>> {
    let there = stage.sandbox.media_of(&brand.account.external_id)?;
    let mut readings = Vec::new();
    for (number, media) in there.iter().enumerate() {
        let number = number as i64;
        let reach = 420.0 + 900.0 * noise(index, number, 5);
        let counts = [
            ("reach", reach),
            ("views", reach * 1.7),
            ("likes", reach * 0.07),
            ("comments", reach * 0.012),
            ("saved", reach * 0.015),
            ("shares", reach * 0.008),
            ("total_interactions", reach * 0.105),
        ];
        let metrics: BTreeMap<String, Measured> =
            counts.iter().map(|(name, value)| ((*name).to_owned(), Measured::known(value.round()))).collect();
        readings.push(MediaReading {
            account: brand.account.id,
            media: media.id.as_str().to_owned(),
            day: day_of(now),
            product: "FEED".to_owned(),
            media_type: "IMAGE".to_owned(),
            caption: media.caption.clone().unwrap_or_default(),
            permalink: None,
            published_at: days_ago(now, 3 + 5 * number),
            metrics,
            read_at: now,
        });
    }
    Ok(readings)
}
