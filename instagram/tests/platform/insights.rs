//! Numbers: how they are asked for, and what Instagram's many ways to refuse them mean.

use std::time::Duration;

use serde_json::{Value, json};
use tenants::account::LoginFlavour::{Facebook, Instagram};
use tenants::effect::ErrorCategory;
use tenants::ports::{AccountQuestion, AskError, InsightsReader, MetricForm};

use crate::support::{NOW, Room, Stub};

const INSIGHTS: &str = "GET /ig/v25.0/17841400000000123/insights";
const OWN: &str = "GET /fb/v25.0/17841400000000123";

fn question(form: MetricForm, breakdown: Option<&'static str>) -> AccountQuestion {
    let since = NOW - Duration::from_secs(3_600);
    AccountQuestion { metrics: vec!["views", "reach"], form, breakdown, since, until: NOW }
}

fn error(code: i64, subcode: Option<i64>) -> Value {
    json!({"error": {"message": "no", "code": code, "error_subcode": subcode}})
}

#[tokio::test]
async fn totals_series_and_lifetime_numbers_are_asked_for_in_their_own_ways() {
    let stub = Stub::start().await;
    stub.on(INSIGHTS, 200, json!({"data": [{"name": "views", "total_value": {"value": 7}}]}));
    let room = Room::new(&stub.address, Instagram);
    let told =
        room.gateway.account_insights(&room.account, &question(MetricForm::Total, None)).await.unwrap();
    assert_eq!((told.value[0].metric.as_str(), told.value[0].value), ("views", 7.0));
    for (form, breakdown) in [
        (MetricForm::Total, Some("follow_type")),
        (MetricForm::Series, None),
        (MetricForm::Lifetime, None),
        (MetricForm::Lifetime, Some("age")),
    ] {
        room.gateway.account_insights(&room.account, &question(form, breakdown)).await.unwrap();
    }
    let times = "since=1772597167&until=1772600767";
    let total = format!("{INSIGHTS} metric=views,reach&period=day&metric_type=total_value&{times}");
    assert_eq!(
        stub.calls(),
        [
            total.clone(),
            format!("{total}&breakdown=follow_type"),
            format!("{INSIGHTS} metric=views,reach&period=day&metric_type=time_series&{times}"),
            format!("{INSIGHTS} metric=views,reach&period=lifetime"),
            format!(
                "{INSIGHTS} metric=views,reach&period=lifetime&metric_type=total_value&timeframe=this_month&breakdown=age"
            ),
        ]
    );
}

#[tokio::test]
async fn what_instagram_will_not_tell_is_no_dead_token_and_no_outage() {
    type Case = (u16, Value, Option<&'static str>, Result<bool, ErrorCategory>);
    let cases: [Case; 9] = [
        (400, error(100, None), None, Ok(true)),
        (500, error(1, None), Some("follow_type"), Ok(true)),
        (500, error(1, None), None, Err(ErrorCategory::Transient)),
        (400, error(10, None), None, Ok(false)),
        (403, error(200, None), None, Ok(false)),
        (400, error(190, Some(463)), None, Err(ErrorCategory::AuthFailure)),
        (403, error(4, None), None, Err(ErrorCategory::RateLimit)),
        (400, error(80_002, None), None, Err(ErrorCategory::RateLimit)),
        (503, error(2, None), None, Err(ErrorCategory::Transient)),
    ];
    for (status, body, breakdown, expected) in cases {
        let stub = Stub::start().await;
        stub.on(INSIGHTS, status, body.clone());
        let room = Room::new(&stub.address, Instagram);
        let question = question(MetricForm::Total, breakdown);
        let refused = room.gateway.account_insights(&room.account, &question).await.unwrap_err();
        let found = match refused {
            AskError::NotAvailable { names_metric, .. } => Ok(names_metric),
            AskError::Failed(error) => Err(error.category),
        };
        assert_eq!(found, expected, "{body}");
    }
}

#[tokio::test]
async fn insights_of_media_that_are_gone_are_not_available() {
    let stub = Stub::start().await;
    let path = "GET /ig/v25.0/1790/insights";
    stub.on(path, 200, json!({"data": [{"name": "likes", "values": [{"value": 3}]}]})).on(
        path,
        400,
        error(100, Some(33)),
    );
    let room = Room::new(&stub.address, Instagram);
    let told = room.gateway.media_insights(&room.account, "1790", &["likes", "saved"]).await.unwrap();
    assert_eq!((told.value.len(), told.value[0].value), (1, 3.0), "what is left out is not zero");
    assert_eq!(stub.calls(), [format!("{path} metric=likes,saved")]);
    let gone = room.gateway.media_insights(&room.account, "1790", &["likes"]).await.unwrap_err();
    assert!(matches!(gone, AskError::NotAvailable { names_metric: false, .. }), "{gone:?}");
    let hostile = room.gateway.media_insights(&room.account, "1790/../me", &["likes"]).await.unwrap_err();
    assert!(matches!(hostile, AskError::Failed(_)), "{hostile:?}");
    assert_eq!(stub.calls().len(), 2, "a path is never made of it");
}

#[tokio::test]
async fn competitors_are_discovered_on_facebook_login_only() {
    let stub = Stub::start().await;
    let found = json!({"business_discovery": {"followers_count": 12, "media_count": "3", "media": {"data": [
        {"id": "1", "timestamp": "2026-03-01T00:00:00+0000", "like_count": 4, "media_type": "VIDEO", "media_product_type": "REELS"},
        {"id": "2"}]}}, "id": "1"});
    stub.on(OWN, 200, found).on(OWN, 400, error(110, Some(2_207_013)));
    let room = Room::new(&stub.address, Facebook);
    let told = room.gateway.discover(&room.account, "@blue.bottle").await.unwrap().value;
    assert_eq!(
        (told.profile.followers, told.profile.media_count, told.profile.follows),
        (Some(12), Some(3), None)
    );
    assert_eq!((told.media.len(), told.media[0].likes), (1, Some(4)), "a post without time cannot be placed");
    assert!(
        stub.calls()[0].contains("business_discovery.username(blue.bottle){followers_count"),
        "{:?}",
        stub.calls()
    );
    let unknown = room.gateway.discover(&room.account, "nobody").await.unwrap_err();
    assert!(unknown.to_string().contains("@nobody cannot be seen"), "{unknown}");
    let hostile = room.gateway.discover(&room.account, "x){id}").await;
    assert!(hostile.is_err() && stub.calls().len() == 2);
    let room = Room::new(&stub.address, Instagram);
    let refused = room.gateway.discover(&room.account, "blue.bottle").await.unwrap_err();
    assert!(refused.to_string().contains("Facebook Login"), "{refused}");
}
