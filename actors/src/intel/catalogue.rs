//! Which numbers there are, and in which groups they are asked for.
//!
//! One metric that Instagram does not know fails the whole call. So what was removed before (`profile_views` and
//! `website_clicks` as series, `impressions` altogether) is in no group, and a group that is refused is asked for one by
//! one (`asking`).

use tenants::ports::MetricForm;

/// Metrics of an account that travel in one call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub metrics: &'static [&'static str],
    pub form: MetricForm,
    pub breakdown: Option<&'static str>,
    /// Instagram tells them only to accounts with at least so many followers.
    pub followers: u64,
    /// Whether it is asked for once a day instead of for every day.
    pub is_of_today: bool,
}

const fn group(metrics: &'static [&'static str], form: MetricForm, breakdown: Option<&'static str>) -> Group {
    Group { metrics, form, breakdown, followers: 0, is_of_today: false }
}

/// The fewest followers for which Instagram tells who they are and what they do.
const SMALL: u64 = 100;

/// What is asked about an account, most important first.
pub(super) const ACCOUNT: &[Group] = &[
    group(
        &[
            "views",
            "reach",
            "accounts_engaged",
            "total_interactions",
            "likes",
            "comments",
            "saves",
            "shares",
            "replies",
            "reposts",
            "profile_views",
            "website_clicks",
            "profile_links_taps",
        ],
        MetricForm::Total,
        None,
    ),
    group(&["views", "reach"], MetricForm::Total, Some("media_product_type")),
    Group { followers: SMALL, ..group(&["follows_and_unfollows"], MetricForm::Total, Some("follow_type")) },
    // Followers won, by days of Instagram's own.
    Group { followers: SMALL, ..group(&["follower_count"], MetricForm::Series, None) },
    Group { followers: SMALL, is_of_today: true, ..group(&["online_followers"], MetricForm::Lifetime, None) },
    Group {
        followers: SMALL,
        is_of_today: true,
        ..group(&["follower_demographics"], MetricForm::Lifetime, Some("country"))
    },
];

/// The metrics of a kind of media; Instagram refuses any other.
pub(super) fn of_media(product: &str) -> &'static [&'static str] {
    match product {
        "REELS" => &[
            "reach",
            "views",
            "total_interactions",
            "likes",
            "comments",
            "saved",
            "shares",
            "reposts",
            "ig_reels_avg_watch_time",
            "ig_reels_video_view_total_time",
        ],
        "STORY" => &[
            "reach",
            "views",
            "total_interactions",
            "shares",
            "reposts",
            "replies",
            "profile_visits",
            "follows",
        ],
        "AD" => &[],
        _ => &[
            "reach",
            "views",
            "total_interactions",
            "likes",
            "comments",
            "saved",
            "shares",
            "reposts",
            "profile_visits",
            "follows",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_instagram_removed_is_asked_for() {
        let dead =
            ["impressions", "plays", "video_views", "engagement", "taps_forward", "exits", "email_contacts"];
        let media = ["FEED", "REELS", "STORY", "AD"].into_iter().flat_map(of_media);
        let account = ACCOUNT.iter().flat_map(|group| group.metrics);
        for metric in media.chain(account) {
            assert!(!dead.contains(metric), "{metric}");
        }
    }

    #[test]
    fn profile_views_and_website_clicks_are_asked_for_as_totals_only() {
        for metric in ["profile_views", "website_clicks"] {
            let groups: Vec<_> = ACCOUNT.iter().filter(|group| group.metrics.contains(&metric)).collect();
            assert!(
                !groups.is_empty() && groups.iter().all(|group| group.form == MetricForm::Total),
                "{metric}"
            );
        }
    }
}
