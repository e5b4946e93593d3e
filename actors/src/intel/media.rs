//! Numbers of posts, reels and stories. Young ones are read every hour, old ones once a day: numbers of media grow
//! quickly at first and hardly later.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tenants::clock::Timestamp;
use tenants::insights::{Measured, MediaReading};
use tenants::ports::{MediaItem, MediaQuery, StoreError, TenantContext};

use super::asking::{Asking, NoAnswer, Stop};
use super::catalogue::of_media;
use super::periods::{day_of, zone_of};
use crate::Ports;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// Characters of a caption that are kept.
const CAPTION: usize = 200;
/// Posts that are listed at once.
const LISTED: u32 = 100;

/// Reads what is due, newest first, and tells why it stopped if it did.
pub(super) async fn read(
    asking: &Asking<'_>,
    ports: &Ports,
    context: &TenantContext,
) -> Result<(Vec<MediaReading>, Option<Stop>), StoreError> {
    let now = asking.now();
    let media_for = DAY * ports.intel.settings().media_days;
    let query = MediaQuery {
        account: Some(asking.account.id),
        published_from: now - media_for,
        published_until: now + DAY,
        read_until: "9999-12-31".to_owned(),
        limit: 1_000,
    };
    let known = ports.intel.store().media_readings(&context.tenant.id, &query).await?;
    let read_at: HashMap<String, Timestamp> = known.into_iter().map(|it| (it.media, it.read_at)).collect();
    let day = day_of(now, zone_of(&context.tenant)).to_string();
    let mut rows = Vec::new();
    let stop = read_due(asking, &read_at, media_for, &day, &mut rows).await.err();
    Ok((rows, stop))
}

async fn read_due(
    asking: &Asking<'_>,
    read_at: &HashMap<String, Timestamp>,
    media_for: Duration,
    day: &str,
    rows: &mut Vec<MediaReading>,
) -> Result<(), Stop> {
    let now = asking.now();
    let is_due = |item: &MediaItem| {
        let age = now.since(item.published_at);
        let rests = |at: &Timestamp| now.since(*at) < every(age);
        age < media_for && !read_at.get(&item.id).is_some_and(rests)
    };
    // Stories first: tomorrow Instagram has forgotten them.
    let stories = listed(asking, async { asking.reader().live_stories(asking.account).await }).await?;
    for story in stories.into_iter().filter(is_due) {
        rows.push(read_one(asking, story, day).await?);
    }
    let posts = listed(asking, async { asking.reader().recent_media(asking.account, LISTED).await }).await?;
    for post in posts.into_iter().filter(is_due) {
        rows.push(read_one(asking, post, day).await?);
    }
    Ok(())
}

async fn listed(
    asking: &Asking<'_>,
    call: impl Future<Output = Result<tenants::ports::Told<Vec<MediaItem>>, tenants::ports::AskError>>,
) -> Result<Vec<MediaItem>, Stop> {
    match asking.call(call).await {
        Ok(items) => Ok(items),
        Err(NoAnswer::NotAvailable { reason, .. }) => {
            tracing::debug!(account.id = %asking.account.id, reason, "media are not listed");
            Ok(Vec::new())
        }
        Err(NoAnswer::Stop(stop)) => Err(stop),
    }
}

/// How often media of an age are read. A little less than an hour, so that the tick of the next hour reads them again.
fn every(age: Duration) -> Duration {
    match age {
        age if age < 2 * DAY => HOUR - Duration::from_secs(600),
        age if age < 7 * DAY => 6 * HOUR - Duration::from_secs(600),
        _ => DAY - Duration::from_secs(600),
    }
}

async fn read_one(asking: &Asking<'_>, item: MediaItem, day: &str) -> Result<MediaReading, Stop> {
    let metrics = of_media(&item.product);
    let answers = asking.media_metrics(&item.id, &item.product, metrics).await?;
    let mut found: BTreeMap<String, Measured> = answers
        .missing
        .into_iter()
        .map(|(metric, reason)| (metric.to_owned(), Measured::missing(reason)))
        .collect();
    let whole = answers.readings.into_iter().filter(|reading| reading.breakdown.is_empty());
    found.extend(whole.map(|reading| (reading.metric, Measured::known(reading.value))));
    // The list tells likes and comments at once, the insights of media only after a while.
    for (metric, listed) in [("likes", item.likes), ("comments", item.comments)] {
        let entry = found
            .entry(metric.to_owned())
            .or_insert_with(|| Measured::missing("Instagram has no data for it"));
        if let (None, Some(listed)) = (entry.value, listed) {
            *entry = Measured::known(listed as f64);
        }
    }
    Ok(MediaReading {
        account: asking.account.id,
        media: item.id,
        day: day.to_owned(),
        product: item.product,
        media_type: item.media_type,
        caption: item.caption.chars().take(CAPTION).collect(),
        permalink: item.permalink,
        published_at: item.published_at,
        metrics: found,
        read_at: asking.now(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn young_media_are_read_with_every_hourly_tick_and_old_ones_once_a_day() {
        for (days, hours) in [(0, 1), (1, 1), (3, 6), (20, 24)] {
            let rest = every(DAY * days);
            assert!(rest < HOUR * hours && rest + Duration::from_secs(1_200) > HOUR * hours, "{days}");
        }
    }
}
