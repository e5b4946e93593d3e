//! Posts from upload to permalink, and what Instagram does to them on the way.

use std::time::Duration;

use kit::{TestApp, TestTenant, stories};
use runtime::media::samples::{self, Video};
use sandbox::{Endpoint, Fault, FaultKind, MediaProduct, PublishingOptions, TokenDeath};
use serde_json::{Value, json};
use tenants::clock::Clock;
use tenants::post::PostState;

stories!(
    a_picture_is_published_with_its_first_comment_and_shows_where_it_is,
    a_carousel_a_reel_and_a_story_are_published,
    what_instagram_would_refuse_is_told_before_it_is_scheduled_all_at_once,
    a_container_that_cannot_be_read_after_publishing_is_no_reason_to_publish_again,
    a_video_that_cannot_be_processed_fails_with_advice_and_can_be_retried,
    a_dead_token_holds_a_post_and_a_reconnect_publishes_it,
    a_post_missed_for_too_long_waits_for_a_person_who_publishes_it,
    an_edit_of_an_older_version_is_refused_with_what_it_is_now,
    a_post_that_is_on_its_way_is_not_sent_on_its_way_again,
    the_same_post_twice_is_noticed,
    a_csv_is_imported_as_a_whole_or_its_problems_are_told,
    a_client_approves_by_a_signed_address_without_an_account,
    a_calendar_application_fetches_the_calendar_by_a_signed_address,
    captions_are_suggested_without_a_model_and_labelled,
    a_lost_answer_to_publishing_leaves_one_post,
    a_connection_that_breaks_behind_publishing_leaves_one_post,
    too_early_is_tried_again_and_published_once,
    a_file_that_is_not_fetched_for_a_moment_is_fetched_later,
    a_status_without_code_is_read_from_its_words,
    a_container_that_takes_a_quarter_of_an_hour_is_waited_for,
    when_the_days_limit_is_used_up_posts_wait_until_there_is_room,
    a_post_that_needs_approval_waits_for_it_and_edits_start_over,
    a_cancelled_post_does_not_appear_and_its_files_can_be_deleted,
);

/// Uploads a picture; its id.
pub(crate) async fn picture(app: &TestApp, shop: &TestTenant, seed: u8) -> String {
    let file = samples::jpeg(320, 400, seed);
    let media = app.api.upload(&shop.path(&format!("/media?name=cake-{seed}.jpg")), file).await.ok();
    media["id"].as_str().expect("an id").to_owned()
}

pub(crate) async fn video(app: &TestApp, shop: &TestTenant, seed: u8) -> String {
    let file = samples::video(Video { seed, ..Video::default() });
    let media = app.api.upload(&shop.path(&format!("/media?name=reel-{seed}.mp4")), file).await.ok();
    media["id"].as_str().expect("an id").to_owned()
}

/// Creates a post; it is due in a minute unless the document says otherwise.
pub(crate) async fn plan(app: &TestApp, shop: &TestTenant, mut document: Value) -> String {
    if document.get("scheduled_at").is_none() {
        document["scheduled_at"] = json!(app.clock.now() + Duration::from_secs(60));
    }
    let post = app.api.post(&shop.path("/posts"), document).await.ok();
    post["id"].as_str().expect("an id").to_owned()
}

pub(crate) async fn read(app: &TestApp, shop: &TestTenant, post: &str) -> Value {
    app.api.get(&shop.path(&format!("/posts/{post}"))).await.ok()
}

pub(crate) async fn act(app: &TestApp, shop: &TestTenant, post: &str, act: &str) -> kit::Reply {
    app.api.post(&shop.path(&format!("/posts/{post}/{act}")), json!({})).await
}

/// Lets time pass until the post stands so.
pub(crate) async fn until(app: &TestApp, shop: &TestTenant, post: &str, state: PostState) -> Value {
    for _ in 0..400 {
        app.settle().await;
        let now = read(app, shop, post).await;
        let is_read_back = now["state"] != "published" || !now["permalink"].is_null();
        if now["state"] == state.as_str() && is_read_back {
            return now;
        }
        app.clock.advance(Duration::from_secs(5));
        tenants::clock::SystemClock.sleep(Duration::from_millis(30)).await;
    }
    panic!("not {state}: {} {}", read(app, shop, post).await, logs(app, shop, post).await);
}

pub(crate) async fn logs(app: &TestApp, shop: &TestTenant, post: &str) -> Value {
    app.api.get(&shop.path(&format!("/posts/{post}/job-logs"))).await.ok()["items"].clone()
}

/// Captions that people see, newest first; the kit's own first post is left out.
pub(crate) fn captions(app: &TestApp, shop: &TestTenant) -> Vec<String> {
    let media = app.sandbox.media_of(shop).expect("media");
    media.into_iter().filter_map(|media| media.caption).filter(|caption| caption != "new").collect()
}

async fn a_picture_is_published_with_its_first_comment_and_shows_where_it_is(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let media = picture(&app, &shop, 1).await;
    let document = json!({ "post_type": "image", "caption": "Fresh from the oven #cake", "media": [media],
        "first_comment": "Come and taste it!" });
    let post = plan(&app, &shop, document).await;
    app.settle().await;
    assert!(captions(&app, &shop).is_empty(), "not before its time");
    let published = until(&app, &shop, &post, PostState::Published).await;
    assert!(published["permalink"].as_str().unwrap().starts_with("https://www.instagram.com/p/"));
    assert_eq!(captions(&app, &shop), ["Fresh from the oven #cake"]);
    app.settle().await;
    let comments = app.sandbox.comments_of(&shop).unwrap();
    let texts: Vec<_> = comments.iter().map(|comment| comment.text.as_str()).collect();
    assert_eq!(texts, ["Come and taste it!"]);
    let steps = logs(&app, &shop, &post).await.to_string();
    for step in ["create_container", "readiness", "publish_post", "first_comment"] {
        assert!(steps.contains(step), "{step} in {steps}");
    }
    app
}

async fn a_carousel_a_reel_and_a_story_are_published(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let (one, two, film) =
        (picture(&app, &shop, 1).await, picture(&app, &shop, 2).await, video(&app, &shop, 3).await);
    let carousel = json!({ "post_type": "carousel", "caption": "Three", "media": [one, film, two] });
    let carousel = plan(&app, &shop, carousel).await;
    let reel = plan(&app, &shop, json!({ "post_type": "reel", "caption": "A film", "media": [film] })).await;
    let story = plan(&app, &shop, json!({ "post_type": "story", "media": [two] })).await;
    for post in [&carousel, &reel, &story] {
        until(&app, &shop, post, PostState::Published).await;
    }
    let media = app.sandbox.media_of(&shop).unwrap();
    let three = media.iter().find(|media| media.caption.as_deref() == Some("Three")).unwrap();
    assert_eq!(three.children.len(), 3);
    assert!(media.iter().any(|media| media.product == MediaProduct::Reels));
    // The kit's own, and ours.
    assert_eq!(app.sandbox.stories_of(&shop).unwrap().len(), 2);
    app
}

async fn what_instagram_would_refuse_is_told_before_it_is_scheduled_all_at_once(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let media = picture(&app, &shop, 1).await;
    let document = json!({ "post_type": "reel", "caption": "#x ".repeat(31), "media": [media], "first_comment": " ",
        "scheduled_at": app.clock.now() + Duration::from_secs(60) });
    let checked = app.api.post(&shop.path("/posts/validate"), document.clone()).await.ok();
    let fields: Vec<_> =
        checked["problems"].as_array().unwrap().iter().map(|it| it["field"].clone()).collect();
    assert_eq!(fields, ["caption", "first_comment", "media[0]"]);
    let refused = app.api.post(&shop.path("/posts"), document).await;
    assert_eq!((refused.status, refused.body["problems"].as_array().map(Vec::len)), (422, Some(3)));
    app
}

/// One post, published once, whatever goes wrong on the way.
async fn one_post_in_spite_of(app: &TestApp, faults: &[Fault]) -> (TestTenant, String) {
    let shop = app.tenant("acme").create().await;
    let media = picture(app, &shop, 1).await;
    for fault in faults {
        app.sandbox.fault(fault.clone());
    }
    let post = plan(app, &shop, json!({ "post_type": "image", "caption": "Cake", "media": [media] })).await;
    until(app, &shop, &post, PostState::Published).await;
    app.clock.advance(Duration::from_secs(3_600));
    app.settle().await;
    assert_eq!(captions(app, &shop), ["Cake"]);
    (shop, post)
}

async fn a_lost_answer_to_publishing_leaves_one_post(app: TestApp) -> TestApp {
    let lost = FaultKind::DoneBut500 { status: 500 };
    one_post_in_spite_of(&app, &[Fault::new(lost).on(Endpoint::PublishContainer).times(1)]).await;
    app
}

async fn a_connection_that_breaks_behind_publishing_leaves_one_post(app: TestApp) -> TestApp {
    let faults =
        [Endpoint::CreateContainer, Endpoint::PublishContainer, Endpoint::CreateComment].map(|endpoint| {
            Fault::new(FaultKind::DoneButConnectionDropped { hang: false }).on(endpoint).times(1)
        });
    one_post_in_spite_of(&app, &faults).await;
    app
}

async fn a_container_that_cannot_be_read_after_publishing_is_no_reason_to_publish_again(
    app: TestApp,
) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let media = picture(&app, &shop, 1).await;
    let lost = FaultKind::DoneBut500 { status: 500 };
    app.sandbox.fault(Fault::new(lost).on(Endpoint::PublishContainer).times(1));
    let post = plan(&app, &shop, json!({ "post_type": "image", "caption": "Cake", "media": [media] })).await;
    app.until("it is visible", || async {
        app.clock.advance(Duration::from_secs(1));
        !captions(&app, &shop).is_empty()
    })
    .await;
    // 100/33 on the container and on the post itself, for a while.
    let denied = FaultKind::Refused { code: 100, subcode: Some(33), status: 400 };
    app.sandbox.fault(Fault::new(denied.clone()).on(Endpoint::ReadContainer).times(3));
    app.sandbox.fault(Fault::new(denied).on(Endpoint::ReadMedia).times(2));
    until(&app, &shop, &post, PostState::Published).await;
    assert_eq!(captions(&app, &shop), ["Cake"]);
    app
}

async fn too_early_is_tried_again_and_published_once(app: TestApp) -> TestApp {
    let early = FaultKind::Refused { code: 9_007, subcode: Some(2_207_027), status: 400 };
    one_post_in_spite_of(&app, &[Fault::new(early).on(Endpoint::PublishContainer).times(2)]).await;
    app
}

async fn a_file_that_is_not_fetched_for_a_moment_is_fetched_later(app: TestApp) -> TestApp {
    let denied = FaultKind::Refused { code: 9_004, subcode: Some(2_207_052), status: 400 };
    one_post_in_spite_of(&app, &[Fault::new(denied).on(Endpoint::CreateContainer).times(2)]).await;
    app
}

async fn a_video_that_cannot_be_processed_fails_with_advice_and_can_be_retried(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let film = video(&app, &shop, 1).await;
    app.sandbox.fault(Fault::new(FaultKind::ContainerFails { subcode: 2_207_082 }).times(1));
    let post = plan(&app, &shop, json!({ "post_type": "reel", "caption": "A film", "media": [film] })).await;
    let failed = until(&app, &shop, &post, PostState::Failed).await;
    assert!(failed["error"].as_str().unwrap().contains("AAC"), "{failed}");
    let alerts = app.api.get(&shop.path("/alerts?resolved=false")).await.ok();
    assert_eq!(alerts["items"][0]["alert_type"], "publish_failed");

    act(&app, &shop, &post, "retry").await.ok();
    until(&app, &shop, &post, PostState::Published).await;
    assert_eq!(captions(&app, &shop), ["A film"]);
    let alerts = app.api.get(&shop.path("/alerts?resolved=false")).await.ok();
    assert!(alerts["items"].as_array().unwrap().is_empty(), "{alerts}");
    app
}

async fn a_status_without_code_is_read_from_its_words(app: TestApp) -> TestApp {
    one_post_in_spite_of(&app, &[Fault::new(FaultKind::EmptyStatusCode)]).await;
    app
}

async fn a_container_that_takes_a_quarter_of_an_hour_is_waited_for(app: TestApp) -> TestApp {
    one_post_in_spite_of(&app, &[Fault::new(FaultKind::ContainerSlow { delay_ms: 900_000 }).times(1)]).await;
    app
}

async fn a_dead_token_holds_a_post_and_a_reconnect_publishes_it(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let media = picture(&app, &shop, 1).await;
    let post = plan(&app, &shop, json!({ "post_type": "image", "caption": "Cake", "media": [media] })).await;
    app.sandbox.revoke_token(&shop, TokenDeath::PasswordChanged).unwrap();
    app.clock.advance(Duration::from_secs(61));
    app.until("an alert is raised", || async {
        let alerts = app.api.get(&shop.path("/alerts?resolved=false")).await.ok();
        alerts["items"][0]["alert_type"] == "auth_failure"
    })
    .await;
    app.clock.advance(Duration::from_secs(3_600));
    assert_eq!(read(&app, &shop, &post).await["state"], "publishing");

    let token = app.sandbox.renew_token(&shop).unwrap();
    let path = shop.path(&format!("/accounts/{}/reconnect", shop.account.id));
    app.api.post(&path, json!({ "token": token })).await.ok();
    until(&app, &shop, &post, PostState::Published).await;
    assert_eq!(captions(&app, &shop), ["Cake"]);
    app
}

async fn when_the_days_limit_is_used_up_posts_wait_until_there_is_room(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.sandbox.set_publishing(PublishingOptions {
        posts_per_day: 1,
        image_ms: 20,
        ..PublishingOptions::default()
    });
    let (one, two) = (picture(&app, &shop, 1).await, picture(&app, &shop, 2).await);
    let first = plan(&app, &shop, json!({ "post_type": "image", "caption": "One", "media": [one] })).await;
    until(&app, &shop, &first, PostState::Published).await;
    let second = plan(&app, &shop, json!({ "post_type": "image", "caption": "Two", "media": [two] })).await;
    app.clock.advance(Duration::from_secs(61));
    app.until("it says what it waits for", || async {
        let post = read(&app, &shop, &second).await;
        post["waits_for"].as_str().is_some_and(|text| text.contains("1 posts in 24 hours"))
    })
    .await;
    assert_eq!(captions(&app, &shop), ["One"]);
    app.clock.advance(Duration::from_secs(24 * 3_600));
    until(&app, &shop, &second, PostState::Published).await;
    assert_eq!(captions(&app, &shop), ["Two", "One"]);
    app
}

async fn a_post_missed_for_too_long_waits_for_a_person_who_publishes_it(mut app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let media = picture(&app, &shop, 1).await;
    let fine = picture(&app, &shop, 2).await;
    let missed =
        plan(&app, &shop, json!({ "post_type": "image", "caption": "Missed", "media": [media] })).await;
    let at = app.clock.now() + Duration::from_secs(240);
    let late = json!({ "post_type": "image", "caption": "Late", "media": [fine], "scheduled_at": at });
    let late = plan(&app, &shop, late).await;
    app.stop().await;
    app.clock.advance(Duration::from_secs(60 + 301));
    app.restart().await;
    until(&app, &shop, &late, PostState::Published).await;
    until(&app, &shop, &missed, PostState::NeedsPerson).await;
    assert_eq!(captions(&app, &shop), ["Late"]);
    act(&app, &shop, &missed, "publish").await.ok();
    until(&app, &shop, &missed, PostState::Published).await;
    assert_eq!(act(&app, &shop, &missed, "publish").await.status, 409, "once is enough");
    app
}

async fn a_post_that_needs_approval_waits_for_it_and_edits_start_over(app: TestApp) -> TestApp {
    let needs = tenants::post::ApprovalPolicy::One;
    let shop = app.tenant("acme").settings(|settings| settings.post_approval = needs).create().await;
    let media = picture(&app, &shop, 1).await;
    let at = app.clock.now() + Duration::from_secs(3_600);
    let document = |caption: &str| json!({ "post_type": "image", "caption": caption, "media": [media], "scheduled_at": at });
    let post = plan(&app, &shop, document("Cake")).await;
    assert_eq!(read(&app, &shop, &post).await["state"], "pending");
    assert_eq!(act(&app, &shop, &post, "publish").await.status, 409);
    assert_eq!(act(&app, &shop, &post, "approve").await.ok()["state"], "approved");
    let path = shop.path(&format!("/posts/{post}"));
    let edited = app.api.call(reqwest::Method::PUT, &path, Some(document("Better cake"))).await.ok();
    assert_eq!((&edited["state"], &edited["opinions"]), (&json!("pending"), &json!([])));
    app.clock.advance(Duration::from_secs(7_200));
    app.settle().await;
    assert!(captions(&app, &shop).is_empty(), "nobody has approved it");
    assert_eq!(act(&app, &shop, &post, "reject").await.ok()["state"], "rejected");
    app
}

async fn a_cancelled_post_does_not_appear_and_its_files_can_be_deleted(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let media = picture(&app, &shop, 1).await;
    let post = plan(&app, &shop, json!({ "post_type": "image", "caption": "Cake", "media": [media] })).await;
    let file = shop.path(&format!("/media/{media}"));
    assert_eq!(app.api.call(reqwest::Method::DELETE, &file, None).await.status, 409, "the post holds it");
    assert_eq!(act(&app, &shop, &post, "cancel").await.ok()["state"], "cancelled");
    assert_eq!(act(&app, &shop, &post, "cancel").await.status, 409);
    app.clock.advance(Duration::from_secs(3_600));
    app.settle().await;
    assert!(captions(&app, &shop).is_empty());
    assert_eq!(app.api.call(reqwest::Method::DELETE, &file, None).await.status, 204);
    app
}

async fn an_edit_of_an_older_version_is_refused_with_what_it_is_now(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let media = picture(&app, &shop, 1).await;
    let post = plan(&app, &shop, json!({ "post_type": "image", "caption": "Cake", "media": [media] })).await;
    let path = shop.path(&format!("/posts/{post}"));
    let document = |caption: &str| json!({ "post_type": "image", "caption": caption, "media": [media] });
    let first = app.api.put_if_match(&path, "\"1\"", document("Mine")).await.ok();
    assert_eq!(first["version"], 2);
    let second = app.api.put_if_match(&path, "\"1\"", document("Yours")).await;
    assert_eq!((second.status, &second.body["present"]["caption"]), (412, &json!("Mine")));
    app
}

async fn a_post_that_is_on_its_way_is_not_sent_on_its_way_again(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let media = picture(&app, &shop, 1).await;
    let post =
        plan(&app, &shop, json!({ "post_type": "image", "caption": "At once", "media": [media] })).await;
    act(&app, &shop, &post, "publish").await.ok();
    for _ in 0..2 {
        assert_eq!(act(&app, &shop, &post, "publish").await.status, 409);
    }
    until(&app, &shop, &post, PostState::Published).await;
    assert_eq!(captions(&app, &shop), ["At once"]);
    app
}

async fn the_same_post_twice_is_noticed(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let media = picture(&app, &shop, 1).await;
    let at = app.clock.now() + Duration::from_secs(3_600);
    let document = |caption: &str, allow: bool| json!({ "post_type": "image", "caption": caption, "media": [media], "scheduled_at": at, "allow_duplicates": allow });
    let first = plan(&app, &shop, document("Our new cake is here!", false)).await;
    let again = app.api.post(&shop.path("/posts"), document("our new cake is here", false)).await;
    assert_eq!((again.status, &again.body["duplicate_of"]), (409, &json!(first)));
    assert_eq!(
        app.api.post(&shop.path("/posts"), document("Something else entirely", false)).await.status,
        201
    );
    assert_eq!(app.api.post(&shop.path("/posts"), document("Our new cake is here!", true)).await.status, 201);

    let other = picture(&app, &shop, 2).await;
    let at_once = json!({ "post_type": "image", "caption": "Once", "media": [other], "scheduled_at": at });
    let path = shop.path("/posts");
    let presses = (0..12).map(|_| app.api.post(&path, at_once.clone()));
    let answers = futures::future::join_all(presses).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 11, "{statuses:?}");

    let third = picture(&app, &shop, 3).await;
    let csv = format!(
        "type,media,caption,scheduled_at\nimage,{third},One of two,{at}\nimage,{third},And quite another,{at}\n"
    );
    let import = shop.path("/posts/import");
    let presses = (0..6).map(|_| app.api.post(&import, json!({ "csv": csv })));
    let answers = futures::future::join_all(presses).await;
    let imported = answers.iter().filter(|answer| answer.body["imported"] == true).count();
    assert_eq!(imported, 1, "of imports at once one is taken: {answers:?}");
    let refused = answers.iter().filter(|answer| answer.status == 409 || answer.body["imported"] == false);
    assert_eq!(refused.count(), 5, "{answers:?}");
    let posts = app.api.get(&shop.path("/posts?limit=200")).await;
    let twice = posts.body["items"].as_array().unwrap().iter().filter(|post| post["caption"] == "One of two");
    assert_eq!(twice.count(), 1);
    app
}

async fn a_csv_is_imported_as_a_whole_or_its_problems_are_told(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let (one, two) = (picture(&app, &shop, 1).await, picture(&app, &shop, 2).await);
    let at = app.clock.now() + Duration::from_secs(3_600);
    let import = shop.path("/posts/import");
    let wrong = format!("type,media,caption,scheduled_at\nimage,{one},A,{at}\ncarousel,{two},B,never\n");
    let told = app.api.post(&import, json!({ "csv": wrong })).await.ok();
    assert_eq!((&told["imported"], &told["problems"][0]["line"]), (&json!(false), &json!(3)));
    assert_eq!(told["problems"][0]["problems"].as_array().unwrap().len(), 2, "{told}");
    let right = format!("type,media,caption,scheduled_at\nimage,{one},A,{at}\ncarousel,{one} {two},B,{at}\n");
    let looked = app.api.post(&import, json!({ "csv": right, "dry_run": true })).await.ok();
    assert_eq!((&looked["imported"], &looked["problems"]), (&json!(false), &json!([])));
    assert_eq!(app.api.post(&import, json!({ "csv": right })).await.ok()["imported"], true);
    let calendar = format!("/calendar?from={}&until={}", app.clock.now(), at + Duration::from_secs(1));
    let calendar = app.api.get(&shop.path(&calendar)).await.ok();
    assert_eq!(calendar["items"].as_array().unwrap().len(), 2, "{calendar}");
    app
}

async fn a_client_approves_by_a_signed_address_without_an_account(app: TestApp) -> TestApp {
    let needs = tenants::post::ApprovalPolicy::All;
    let shop = app.tenant("acme").settings(|settings| settings.post_approval = needs).create().await;
    let media = picture(&app, &shop, 1).await;
    let at = app.clock.now() + Duration::from_secs(3_600);
    let document =
        json!({ "post_type": "image", "caption": "<b>Cake</b>", "media": [media], "scheduled_at": at });
    let post = plan(&app, &shop, document).await;
    assert_eq!(act(&app, &shop, &post, "approve").await.ok()["state"], "pending", "the client is asked too");
    let link = act(&app, &shop, &post, "approval-link").await.ok()["url"].as_str().unwrap().to_owned();
    let path =
        link.strip_prefix(&app.node().base_url()).expect("the installation's public address").to_owned();
    let (status, page) = app.api.fetch(&path).await;
    let page = String::from_utf8(page).unwrap();
    assert!(status == 200 && page.contains("&lt;b&gt;Cake&lt;/b&gt;") && !page.contains("<b>"), "{page}");

    let form = [("content-type", "application/x-www-form-urlencoded")];
    let say = |version: i64| format!("decision=approve&comment=Lovely%21&version={version}").into_bytes();
    let version = read(&app, &shop, &post).await["version"].as_i64().unwrap();
    app.api.raw_post(&path, &form, say(version - 1)).await;
    assert_eq!(read(&app, &shop, &post).await["state"], "pending", "another version was looked at");
    // A second click, or the browser's reload, is the same answer once more.
    for _ in 0..2 {
        let said = app.api.raw_post(&path, &form, say(version)).await.body.to_string();
        assert!(said.contains("Thank you"), "{said}");
    }
    let other = String::from_utf8(say(version)).unwrap().replace("approve", "reject").into_bytes();
    let late = app.api.raw_post(&path, &form, other).await.body.to_string();
    assert!(late.contains("changed in the meantime"), "{late}");
    let halved = app.api.raw_post(&path, &form, b"comment=x".to_vec()).await;
    assert!(halved.status == 422 && halved.body.to_string().contains("choose a button"), "{halved:?}");
    let approved = read(&app, &shop, &post).await;
    assert_eq!(
        (&approved["state"], &approved["opinions"][1]["comment"]),
        (&json!("approved"), &json!("Lovely!"))
    );

    let mut forged = path.clone().into_bytes();
    forged[20] = if forged[20] == b'A' { b'B' } else { b'A' };
    for (path, status, said) in
        [(std::str::from_utf8(&forged).unwrap(), 404, "leads nowhere"), (&path, 410, "expired")]
    {
        if status == 410 {
            app.clock.advance(Duration::from_secs(15 * 24 * 3_600));
        }
        let (answered, page) = app.api.fetch(path).await;
        let page = String::from_utf8(page).unwrap();
        assert!(answered == status && page.contains(said) && page.starts_with("<!DOCTYPE"), "{page}");
    }
    app
}

async fn a_calendar_application_fetches_the_calendar_by_a_signed_address(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let media = picture(&app, &shop, 1).await;
    plan(&app, &shop, json!({ "post_type": "image", "caption": "Cake, fresh; today", "media": [media] }))
        .await;
    let link =
        app.api.post(&shop.path("/calendar/feed"), json!({})).await.ok()["url"].as_str().unwrap().to_owned();
    let path = link.strip_prefix(&app.node().base_url()).unwrap().to_owned();
    let (status, calendar) = app.api.fetch(&path).await;
    let calendar = String::from_utf8(calendar).unwrap();
    assert_eq!((status, calendar.matches("BEGIN:VEVENT\r\n").count()), (200, 1));
    assert!(calendar.contains("DESCRIPTION:Cake\\, fresh\\; today\r\n"), "{calendar}");
    app
}

async fn captions_are_suggested_without_a_model_and_labelled(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let asked = json!({ "topic": "rye bread from the oven", "language": "en" });
    let told = app.api.post(&shop.path("/posts/captions"), asked).await.ok();
    assert_eq!(told["provider"], "offline");
    assert!(told["captions"][0].as_str().unwrap().contains("rye bread"), "{told}");
    app
}
