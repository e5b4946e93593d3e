//! Insights, business discovery and hashtags, as a client sees them.

use chrono::TimeDelta;
use serde_json::{Value, json};
use troupe_sandbox::{
    AccountChange, Endpoint, Fault, FaultKind, Login, NewAccount, NewComment, NewMedia, SandboxOptions,
};

use crate::kit::Kit;

const TOTAL: [(&str, &str); 2] = [("period", "day"), ("metric_type", "total_value")];

async fn total(kit: &Kit, metric: &str) -> crate::kit::Answer {
    kit.get("/me/insights", &[TOTAL[0], TOTAL[1], ("metric", metric)]).await
}

fn value(answer: &Value, index: usize) -> u64 {
    answer["data"][index]["total_value"]["value"].as_u64().unwrap()
}

#[tokio::test]
async fn comments_and_reach_follow_from_what_happened_and_are_told_again_the_same() {
    let kit = Kit::start().await;
    let post = NewMedia {
        like_count: 40,
        created_at: Some(kit.sandbox.clock().now - TimeDelta::hours(20)),
        ..NewMedia::post("x")
    };
    let media = kit.sandbox.create_media(&kit.shop, post).unwrap().id;
    for text in ["one", "two", "three"] {
        kit.sandbox
            .comment(&kit.shop, NewComment { media: Some(media.clone()), ..NewComment::new("fan", text) })
            .unwrap();
    }
    let told = total(&kit, "comments,reach,views,likes").await.ok();
    assert_eq!(value(&told, 0), 3);
    assert!(value(&told, 1) > 40 && value(&told, 2) >= value(&told, 1), "{told}");
    let metrics = [("metric", "comments,likes,reach")];
    let of_media = kit.get(&format!("/{media}/insights"), &metrics).await.ok();
    assert_eq!(of_media["data"][0]["values"][0]["value"], 3);
    assert_eq!(
        (&of_media["data"][0]["period"], &of_media["data"][1]["name"]),
        (&json!("lifetime"), &json!("likes"))
    );
    let again = kit.get(&format!("/{media}/insights"), &metrics).await.ok();
    assert_eq!(again["data"][0], of_media["data"][0]);
    kit.sandbox.advance_clock(TimeDelta::hours(48));
    let later = total(&kit, "comments").await.ok();
    assert_eq!(value(&later, 0), 0, "the last day had no comments");
}

#[tokio::test]
async fn one_metric_that_is_not_known_fails_the_whole_call() {
    let kit = Kit::start().await;
    assert_eq!(total(&kit, "reach,impressions").await.error(), (400, 100, 0));
    let removed = Some(vec!["views".to_owned(), "saved".to_owned()]);
    kit.sandbox
        .change_account(&kit.shop, AccountChange { removed_metrics: removed, ..AccountChange::default() })
        .unwrap();
    assert_eq!(total(&kit, "reach,views").await.error().1, 100);
    total(&kit, "reach").await.ok();
    let media = kit.sandbox.create_media(&kit.shop, NewMedia::post("x")).unwrap().id;
    let path = format!("/{media}/insights");
    for metrics in ["likes,saved", "likes,ig_reels_avg_watch_time", "plays"] {
        let refused = kit.get(&path, &[("metric", metrics)]).await;
        assert_eq!(refused.error().1, 100, "{metrics}");
        assert!(refused.text.contains("does not support the"), "{}", refused.text);
    }
    kit.get(&path, &[("metric", "likes")]).await.ok();
}

#[tokio::test]
async fn totals_series_and_breakdowns_are_asked_for_in_their_own_ways() {
    let kit = Kit::start().await;
    kit.sandbox.create_media(&kit.shop, NewMedia::post("x")).unwrap();
    let series = |metric: &'static str| vec![("metric", metric), ("period", "day")];
    assert_eq!(kit.get("/me/insights", &series("profile_views")).await.error().1, 100, "a total only");
    assert_eq!(total(&kit, "follower_count").await.error().1, 100, "a series only");
    let since = (kit.sandbox.clock().now - TimeDelta::days(3)).timestamp().to_string();
    let until = kit.sandbox.clock().now.timestamp().to_string();
    let mut query = series("reach");
    query.extend([("since", since.as_str()), ("until", until.as_str())]);
    let told = kit.get("/me/insights", &query).await.ok();
    let values = told["data"][0]["values"].as_array().unwrap();
    assert_eq!(values.len(), 3, "{told}");
    assert!(values[0]["end_time"].as_str().unwrap().ends_with("T08:00:00+0000"), "{told}");
    let by = |metric: &'static str, breakdown: &'static str| {
        vec![("metric", metric), TOTAL[0], TOTAL[1], ("breakdown", breakdown)]
    };
    let parts = kit.get("/me/insights", &by("views", "media_product_type")).await.ok();
    let parts = &parts["data"][0]["total_value"]["breakdowns"][0];
    assert_eq!(
        (&parts["dimension_keys"][0], parts["results"].as_array().unwrap().len()),
        (&json!("media_product_type"), 2)
    );
    assert_eq!(kit.get("/me/insights", &by("likes", "age")).await.error(), (500, 1, 0));
    let long = (kit.sandbox.clock().now - TimeDelta::days(40)).timestamp().to_string();
    let query = [("metric", "reach"), TOTAL[0], TOTAL[1], ("since", long.as_str())];
    assert_eq!(kit.get("/me/insights", &query).await.error().1, 100, "more than 30 days");
}

#[tokio::test]
async fn small_accounts_and_stories_with_few_viewers_are_told_little() {
    let kit = Kit::start().await;
    let lifetime = [("metric", "online_followers"), ("period", "lifetime")];
    let told = kit.get("/me/insights", &lifetime).await.ok();
    assert!(told["data"][0]["values"][0]["value"]["20"].as_u64().unwrap() > 0, "{told}");
    let small = AccountChange { followers_count: Some(99), ..AccountChange::default() };
    kit.sandbox.change_account(&kit.shop, small).unwrap();
    assert_eq!(kit.get("/me/insights", &lifetime).await.error(), (400, 10, 0));
    assert_eq!(kit.get("/me", &[("fields", "followers_count")]).await.ok()["followers_count"], 99);
    let story = kit.sandbox.create_media(&kit.shop, NewMedia::story()).unwrap().id;
    let path = format!("/{story}/insights");
    let refused = kit.get(&path, &[("metric", "reach")]).await;
    assert_eq!(refused.error(), (400, 10, 0));
    assert!(refused.text.contains("Not enough viewers"), "{}", refused.text);
    kit.sandbox.advance_clock(TimeDelta::hours(12));
    kit.get(&path, &[("metric", "reach")]).await.ok();
    kit.sandbox.advance_clock(TimeDelta::hours(13));
    assert_eq!(
        kit.get(&path, &[("metric", "reach")]).await.error(),
        (400, 100, 33),
        "a story is gone after a day"
    );
}

#[tokio::test]
async fn numbers_that_are_not_counted_yet_are_left_out_and_not_zero() {
    let kit = Kit::start().await;
    let delay = AccountChange { insights_delay_seconds: Some(48 * 3_600), ..AccountChange::default() };
    kit.sandbox.change_account(&kit.shop, delay).unwrap();
    assert_eq!(total(&kit, "reach,views").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn faults_strike_insights_as_everything_else() {
    let kit = Kit::start().await;
    let limited =
        FaultKind::RateLimit { code: 4, status: None, retry_after_seconds: None, regain_minutes: Some(5) };
    kit.sandbox.fault(Fault::new(limited).on(Endpoint::AccountInsights).times(1));
    assert_eq!(total(&kit, "reach").await.error(), (403, 4, 0));
    total(&kit, "reach").await.ok();
}

#[tokio::test]
async fn a_business_is_discovered_by_its_handle_and_others_are_not() {
    let kit = Kit::facebook().await;
    let rival = NewAccount { followers_count: 1_234, ..NewAccount::new("rival") };
    let rival = kit.sandbox.create_account(rival).unwrap();
    kit.sandbox.create_media(&rival, NewMedia { like_count: 7, ..NewMedia::post("their post") }).unwrap();
    let ask = |handle: &str| {
        format!(
            "business_discovery.username({handle}){{followers_count,media_count,media.limit(5){{id,caption,like_count,view_count}}}}"
        )
    };
    let path = format!("/{}", kit.shop.user_id);
    let told = kit.get(&path, &[("fields", &ask("rival"))]).await.ok();
    let found = &told["business_discovery"];
    assert_eq!((&found["followers_count"], &found["media_count"]), (&json!(1_234), &json!(1)));
    let post = &found["media"]["data"][0];
    assert_eq!(
        (&post["like_count"], &post["view_count"], &post["caption"]),
        (&json!(7), &json!(63), &json!("their post"))
    );
    let id = post["id"].as_str().unwrap();
    assert_eq!(kit.get(&format!("/{id}"), &[]).await.error(), (400, 100, 33), "it cannot be read directly");
    assert_eq!(kit.get(&path, &[("fields", &ask("nobody"))]).await.error(), (400, 110, 2_207_013));
    let instagram = Kit::with(SandboxOptions::default(), Login::Instagram).await;
    let path = format!("/{}", instagram.shop.user_id);
    assert_eq!(
        instagram.get(&path, &[("fields", &ask("acme"))]).await.error().1,
        100,
        "on Facebook Login only"
    );
}

#[tokio::test]
async fn thirty_hashtags_may_be_searched_for_in_a_week() {
    let kit = Kit::facebook().await;
    let user = kit.shop.user_id.to_string();
    let search = async |tag: &str| kit.get("/ig_hashtag_search", &[("user_id", &user), ("q", tag)]).await;
    let first = search("coffee").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    for number in 1..30 {
        search(&format!("tag{number}")).await.ok();
    }
    assert_eq!(search("onemore").await.error().1, 18);
    assert_eq!(search("coffee").await.ok()["data"][0]["id"], first.as_str(), "another look is free");
    let path = format!("/{user}/recently_searched_hashtags");
    assert_eq!(kit.get(&path, &[]).await.ok()["data"].as_array().unwrap().len(), 30);
    kit.sandbox.advance_clock(TimeDelta::days(8));
    search("onemore").await.ok();
}

#[tokio::test]
async fn media_of_a_hashtag_are_listed_without_their_authors() {
    let kit = Kit::facebook().await;
    let user = kit.shop.user_id.to_string();
    let old = NewMedia {
        created_at: Some(kit.sandbox.clock().now - TimeDelta::days(3)),
        like_count: 90,
        ..NewMedia::post("old #Coffee")
    };
    let old = kit.sandbox.tag_in_media(&kit.shop, "fan", old).unwrap().id;
    let new = kit.sandbox.tag_in_media(&kit.shop, "fan", NewMedia::post("my #coffee with @acme")).unwrap().id;
    let found = kit.get("/ig_hashtag_search", &[("user_id", &user), ("q", "coffee")]).await.ok();
    let tag = found["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(kit.get(&format!("/{tag}"), &[("fields", "id,name")]).await.ok()["name"], "coffee");
    let ids = |answer: &Value| -> Vec<String> {
        let items = answer["data"].as_array().unwrap();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let recent = format!("/{tag}/recent_media");
    let told = kit.get(&recent, &[("user_id", &user), ("fields", "id,caption,like_count")]).await.ok();
    assert_eq!(ids(&told), [new.to_string()]);
    let top = kit.get(&format!("/{tag}/top_media"), &[("user_id", &user)]).await.ok();
    assert_eq!(ids(&top), [old.to_string(), new.to_string()]);
    let refused = kit.get(&recent, &[("user_id", &user), ("fields", "id,username")]).await;
    assert_eq!(refused.error().1, 100);
}
