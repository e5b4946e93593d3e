//! Videos that are sent to Instagram, because it cannot fetch them here.

use kit::{TestApp, TestTenant, stories};
use reqwest::Method;
use runtime::media::samples::{self, Video};
use sandbox::{Endpoint, Fault, FaultKind, MediaProduct};
use serde_json::{Value, json};
use std::time::Duration;
use tenants::post::PostState;

use crate::publishing::{act, captions, logs, picture, plan, read, until, video};

stories!(
    a_reel_is_sent_where_there_is_no_public_address_and_goes_on_where_the_line_broke,
    a_node_that_ends_while_it_sends_leaves_one_reel_and_shows_how_far_it_came,
    a_video_that_is_sent_for_an_hour_is_not_taken_for_left_behind,
    pictures_covers_and_undocumented_logins_still_need_a_public_address,
    stories_and_carousels_of_videos_are_sent_too,
    what_the_upload_host_refuses_is_tried_again_or_told,
    a_reel_has_the_cover_and_the_sound_that_were_wished_and_holds_its_cover,
);

/// An installation that Instagram does not reach, and a shop connected through Facebook Login.
async fn out_of_reach(app: &mut TestApp) -> TestTenant {
    app.restart_without_public_address().await;
    app.tenant("acme").facebook().create().await
}

/// What people see of a shop's reels: their captions, newest first.
fn reels(app: &TestApp, shop: &TestTenant) -> Vec<String> {
    let media = app.sandbox.media_of(shop).unwrap();
    let reels = media.into_iter().filter(|media| media.product == MediaProduct::Reels);
    reels.filter_map(|media| media.caption).collect()
}

fn calls_of(app: &TestApp, endpoint: Endpoint) -> Vec<Option<u16>> {
    let calls = app.sandbox.calls().into_iter().filter(|call| call.endpoint == endpoint);
    calls.map(|call| call.status).collect()
}

async fn long_video(app: &TestApp, shop: &TestTenant) -> (String, String) {
    let file = samples::video(Video { data: 5_000_000, ..Video::default() });
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&file));
    let media = app.api.upload(&shop.path("/media?name=long.mp4"), file).await.ok();
    (media["id"].as_str().unwrap().to_owned(), sha256)
}

async fn a_reel_is_sent_where_there_is_no_public_address_and_goes_on_where_the_line_broke(
    mut app: TestApp,
) -> TestApp {
    let shop = out_of_reach(&mut app).await;
    let (film, sha256) = long_video(&app, &shop).await;
    app.sandbox.fault(Fault::new(FaultKind::UploadBreaks { after_bytes: 2_000_000 }).times(1));
    // And what is told of the break is wrong at first.
    app.sandbox.fault(Fault::new(FaultKind::UploadMisreported { by: -7 }).times(1));
    let post = plan(&app, &shop, json!({ "post_type": "reel", "caption": "A film", "media": [film] })).await;
    until(&app, &shop, &post, PostState::Published).await;
    app.clock.advance(Duration::from_secs(3_600));
    app.settle().await;

    assert_eq!(reels(&app, &shop), ["A film"]);
    let containers = app.sandbox.containers_of(&shop).unwrap();
    let [container] = containers.as_slice() else { panic!("{containers:?}") };
    assert_eq!((&container.source, container.sha256.as_ref()), (&None, Some(&sha256)));
    assert_eq!(calls_of(&app, Endpoint::UploadVideo), [None, Some(412), Some(200)]);
    assert_eq!(calls_of(&app, Endpoint::CreateContainer).len(), 1);
    app
}

async fn a_node_that_ends_while_it_sends_leaves_one_reel_and_shows_how_far_it_came(
    mut app: TestApp,
) -> TestApp {
    let shop = out_of_reach(&mut app).await;
    let (film, sha256) = long_video(&app, &shop).await;
    let slow = Fault::new(FaultKind::Slow { delay_ms: 8_000 }).on(Endpoint::UploadVideo);
    let slow = app.sandbox.fault(slow);
    let post = plan(&app, &shop, json!({ "post_type": "reel", "caption": "A film", "media": [film] })).await;
    app.clock.advance(Duration::from_secs(61));
    app.until("it is being sent", || async {
        let post = read(&app, &shop, &post).await;
        post["waits_for"].as_str().is_some_and(|text| text.contains("of 4.8 MiB are sent"))
    })
    .await;
    app.stop().await;
    app.sandbox.clear_fault(slow);
    app.restart_without_public_address().await;
    let published = until(&app, &shop, &post, PostState::Published).await;
    assert_eq!(published["waits_for"], Value::Null);
    app.clock.advance(Duration::from_secs(3_600));
    app.settle().await;

    assert_eq!(reels(&app, &shop), ["A film"]);
    let containers = app.sandbox.containers_of(&shop).unwrap();
    let published: Vec<_> = containers.iter().filter(|it| it.published_as.is_some()).collect();
    assert_eq!((containers.len(), published.len()), (2, 1), "the container of the dead one is left alone");
    assert_eq!(published[0].sha256.as_ref(), Some(&sha256));
    app
}

async fn a_video_that_is_sent_for_an_hour_is_not_taken_for_left_behind(mut app: TestApp) -> TestApp {
    let shop = out_of_reach(&mut app).await;
    let (film, _) = long_video(&app, &shop).await;
    app.sandbox.fault(Fault::new(FaultKind::Slow { delay_ms: 3_000 }).on(Endpoint::UploadVideo).times(1));
    let post = plan(&app, &shop, json!({ "post_type": "reel", "caption": "A film", "media": [film] })).await;
    app.clock.advance(Duration::from_secs(61));
    app.until("it is being sent", || async {
        read(&app, &shop, &post).await["waits_for"].as_str().is_some_and(|text| text.contains("are sent"))
    })
    .await;
    app.clock.advance(Duration::from_secs(3_600));
    until(&app, &shop, &post, PostState::Published).await;
    assert_eq!(reels(&app, &shop), ["A film"]);
    assert_eq!(app.sandbox.containers_of(&shop).unwrap().len(), 1, "it was waited for");
    app
}

async fn pictures_covers_and_undocumented_logins_still_need_a_public_address(mut app: TestApp) -> TestApp {
    let shop = out_of_reach(&mut app).await;
    let other = app.tenant("other").create().await;
    let (cake, film) = (picture(&app, &shop, 1).await, video(&app, &shop, 2).await);
    let theirs = video(&app, &other, 3).await;
    let with_cover = json!({ "post_type": "reel", "media": [film], "options": { "cover_media": cake } });
    for (shop, document) in [
        (&shop, json!({ "post_type": "image", "caption": "Cake", "media": [cake] })),
        (&shop, with_cover),
        (&other, json!({ "post_type": "reel", "caption": "A film", "media": [theirs] })),
    ] {
        let post = plan(&app, shop, document).await;
        let failed = until(&app, shop, &post, PostState::Failed).await;
        let error = failed["error"].as_str().unwrap();
        assert!(error.contains("http.public_url") && error.contains("media.videos"), "{error}");
    }
    assert!(calls_of(&app, Endpoint::CreateContainer).is_empty());
    app
}

async fn stories_and_carousels_of_videos_are_sent_too(mut app: TestApp) -> TestApp {
    let shop = out_of_reach(&mut app).await;
    let (one, two) = (video(&app, &shop, 1).await, video(&app, &shop, 2).await);
    let story = plan(&app, &shop, json!({ "post_type": "story", "media": [one] })).await;
    let both = json!({ "post_type": "carousel", "caption": "Both", "media": [one, two] });
    let both = plan(&app, &shop, both).await;
    for post in [&story, &both] {
        until(&app, &shop, post, PostState::Published).await;
    }
    // The kit's own story, and ours.
    assert_eq!(app.sandbox.stories_of(&shop).unwrap().len(), 2);
    assert_eq!(captions(&app, &shop), ["Both"]);
    assert_eq!(calls_of(&app, Endpoint::UploadVideo), [Some(200); 3]);
    app
}

async fn what_the_upload_host_refuses_is_tried_again_or_told(mut app: TestApp) -> TestApp {
    let shop = out_of_reach(&mut app).await;
    let film = video(&app, &shop, 1).await;
    let refused = |retriable: bool, reason: &str| {
        Fault::new(FaultKind::UploadRefused { retriable, reason: reason.to_owned() })
    };
    let reel = |caption: &str| json!({ "post_type": "reel", "caption": caption, "media": [film], "allow_duplicates": true });
    app.sandbox.fault(refused(true, "Busy").times(2));
    let lost = FaultKind::DoneButConnectionDropped { hang: false };
    app.sandbox.fault(Fault::new(lost).on(Endpoint::UploadVideo).times(1));
    let post = plan(&app, &shop, reel("One")).await;
    until(&app, &shop, &post, PostState::Published).await;
    assert_eq!(calls_of(&app, Endpoint::UploadVideo), [Some(400), Some(400), None]);
    assert_eq!(calls_of(&app, Endpoint::CreateContainer).len(), 1);

    app.sandbox.fault(refused(false, "NotAuthorizedError").times(1));
    let post = plan(&app, &shop, reel("Two")).await;
    until(&app, &shop, &post, PostState::Published).await;
    let steps = logs(&app, &shop, &post).await.to_string();
    assert!(steps.contains("NotAuthorizedError"), "{steps}");

    app.sandbox.fault(refused(false, "ProcessingFailedError").times(1));
    let post = plan(&app, &shop, reel("Three")).await;
    let failed = until(&app, &shop, &post, PostState::Failed).await;
    assert!(failed["error"].as_str().unwrap().contains("did not take the video"), "{failed}");
    act(&app, &shop, &post, "retry").await.ok();
    until(&app, &shop, &post, PostState::Published).await;
    assert_eq!(reels(&app, &shop), ["Three", "Two", "One"]);
    app
}

async fn a_reel_has_the_cover_and_the_sound_that_were_wished_and_holds_its_cover(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let (cake, film) = (picture(&app, &shop, 1).await, video(&app, &shop, 2).await);
    let wrong = json!({ "post_type": "reel", "media": [film],
        "options": { "cover_media": film, "thumb_offset_ms": 10_000, "audio_name": "" } });
    let checked = app.api.post(&shop.path("/posts/validate"), wrong).await.ok();
    let fields: Vec<_> =
        checked["problems"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect();
    let (offset, cover, sound) = ("options.thumb_offset_ms", "options.cover_media", "options.audio_name");
    assert_eq!(fields, [offset, sound, offset, cover]);

    let options = json!({ "cover_media": cake, "audio_name": "Rain on the roof" });
    let document = json!({ "post_type": "reel", "caption": "A film", "media": [film], "options": options });
    let post = plan(&app, &shop, document).await;
    let planned = read(&app, &shop, &post).await;
    assert_eq!((&planned["options"]["cover_media"], &planned["waits_for"]), (&json!(cake), &Value::Null));
    let path = shop.path(&format!("/media/{cake}"));
    let refused = app.api.call(Method::DELETE, &path, None).await;
    assert_eq!((refused.status, &refused.body["used_by"]), (409, &json!([post])), "its cover is needed");
    until(&app, &shop, &post, PostState::Published).await;
    let container = app.sandbox.containers_of(&shop).unwrap().remove(0);
    assert!(container.cover.is_some_and(|url| url.contains(&cake)), "fetched from here");
    assert_eq!(container.audio_name.as_deref(), Some("Rain on the roof"));
    app.settle().await;
    assert_eq!(app.api.call(Method::DELETE, &path, None).await.status, 204, "nothing needs it any more");
    app
}
