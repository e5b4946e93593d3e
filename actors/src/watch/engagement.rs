//! Posts that few people react to, measured by what the account is used to. Pure.

use std::time::Duration;

use tenants::clock::Timestamp;
use tenants::ports::{Seen, SeenMedia};

use super::WatchSettings;

/// Posts needed for a median that says something.
const LEAST_POSTS: usize = 5;

/// A post with low engagement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Low {
    pub media: SeenMedia,
    /// Likes and comments.
    pub engagement: u64,
    /// The account's median.
    pub median: u64,
}

/// What is to be said about engagement.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Noticed {
    /// Posts that are old enough, and low, for the first time.
    pub low: Vec<Low>,
    /// Posts that were low and have recovered, or have left the list: their notice is over.
    pub over: Vec<String>,
}

/// Compares posts that are old enough with the median of the account's other recent ones, each once; and looks whether
/// low ones have recovered. Posts whose likes are hidden are left out.
pub(super) fn notice(
    seen: &mut Seen,
    media: &[SeenMedia],
    now: Timestamp,
    settings: &WatchSettings,
) -> Noticed {
    let old_enough = Duration::from_secs(settings.engagement_after_h * 3_600);
    let counted: Vec<(&SeenMedia, u64)> = media
        .iter()
        .filter(|media| now.since(media.posted_at) >= old_enough)
        .filter_map(|media| Some((media, media.likes? + media.comments.unwrap_or(0))))
        .collect();
    let mut noticed = Noticed::default();
    for (media, engagement) in &counted {
        let others = counted.iter().filter(|(other, _)| other.id != media.id).map(|(_, count)| *count);
        let Some(median) = median_of(others.collect()) else { continue };
        let is_low = engagement.saturating_mul(100) < median.saturating_mul(settings.low_engagement_percent);
        let Some(mark) = seen.media.get_mut(&media.id) else { continue };
        if mark.is_low && !is_low {
            mark.is_low = false;
            noticed.over.push(media.id.clone());
        } else if is_low && !mark.is_compared {
            mark.is_low = true;
            noticed.low.push(Low { media: (*media).clone(), engagement: *engagement, median });
        }
        mark.is_compared = true;
    }
    noticed
}

fn median_of(mut counts: Vec<u64>) -> Option<u64> {
    if counts.len() < LEAST_POSTS {
        return None;
    }
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::compare::note_media;
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_772_600_767_000);

    fn post(id: &str, likes: u64, hours: u64) -> SeenMedia {
        SeenMedia {
            id: id.to_owned(),
            posted_at: NOW - Duration::from_secs(hours * 3_600),
            comments: Some(0),
            likes: Some(likes),
            permalink: None,
        }
    }

    fn feed(newest: SeenMedia) -> Vec<SeenMedia> {
        let others = [90, 100, 110, 120, 80].iter().enumerate();
        let others = others.map(|(at, likes)| post(&format!("p{at}"), *likes, 48 + at as u64));
        std::iter::once(newest).chain(others).collect()
    }

    fn noticed(seen: &mut Seen, media: &[SeenMedia]) -> Noticed {
        note_media(seen, media, &HashSet::new());
        notice(seen, media, NOW, &WatchSettings::default())
    }

    #[test]
    fn a_post_far_below_what_the_account_is_used_to_is_noticed_once_and_until_it_recovers() {
        let mut seen = Seen::default();
        let low = noticed(&mut seen, &feed(post("new", 20, 30)));
        assert_eq!(low.low.iter().map(|low| (low.engagement, low.median)).collect::<Vec<_>>(), [(20, 100)]);
        assert_eq!(noticed(&mut seen, &feed(post("new", 21, 31))), Noticed::default());
        assert_eq!(noticed(&mut seen, &feed(post("new", 60, 40))).over, ["new"]);
        assert_eq!(noticed(&mut seen, &feed(post("new", 60, 41))), Noticed::default());
    }

    #[test]
    fn a_young_post_a_good_one_and_one_with_hidden_likes_are_not_low() {
        for newest in
            [post("new", 1, 3), post("new", 30, 30), SeenMedia { likes: None, ..post("new", 0, 30) }]
        {
            assert_eq!(noticed(&mut Seen::default(), &feed(newest)), Noticed::default());
        }
    }

    #[test]
    fn an_account_with_few_posts_has_no_median_yet() {
        let few = &feed(post("new", 1, 30))[..4];
        assert_eq!(noticed(&mut Seen::default(), few), Noticed::default());
    }
}
