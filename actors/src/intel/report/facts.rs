//! The numbers of a report as sentences may use them.

use tenants::intent::Language;
use tenants::report::{MetricChange, ReportBody, ReportFact};

/// Everything that may be said about a report.
pub(super) fn of(body: &ReportBody) -> Vec<ReportFact> {
    let own = body.instagram.named().into_iter().filter_map(|(name, _)| {
        let change = body.comparison.metrics.get(name)?;
        Some(fact(name.to_owned(), label(name).to_owned(), name.ends_with("rate"), change))
    });
    let competitors = body.competitors.iter().flat_map(|line| {
        line.metrics.iter().map(|(name, change)| {
            let metric = format!("{}:{name}", line.username);
            fact(metric, format!("{} of @{}", label(name), line.username), false, change)
        })
    });
    own.chain(competitors).filter(|fact| fact.current.is_some()).collect()
}

fn fact(metric: String, label: String, is_percent: bool, change: &MetricChange) -> ReportFact {
    ReportFact {
        metric,
        label,
        is_percent,
        current: change.current,
        previous: change.previous,
        change_percent: change.change_percent,
    }
}

/// What a metric is called by people.
fn label(name: &str) -> &str {
    match name {
        "views" => "the number of views",
        "reach" => "reach",
        "profile_views" => "the number of profile visits",
        "website_clicks" => "the number of website taps",
        "follower_growth" => "follower growth",
        "followers" => "the number of followers",
        "posts_published" => "the number of posts published",
        "total_likes" => "the number of likes",
        "total_comments" => "the number of comments",
        "total_saves" => "the number of saves",
        "total_shares" => "the number of shares",
        "average_engagement_rate" => "the engagement rate",
        "media_count" => "the number of posts",
        "average_likes" => "likes per post",
        "average_comments" => "comments per post",
        "posts_of_week" => "the number of posts in a week",
        other => other,
    }
}

pub(super) fn english_name(language: Language) -> &'static str {
    match language {
        Language::English => "English",
        Language::Spanish => "Spanish",
        Language::Portuguese => "Portuguese",
        Language::German => "German",
        Language::French => "French",
        Language::Italian => "Italian",
    }
}
