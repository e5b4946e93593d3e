//! Containers, their status, publishing, and the limits of a day.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use chrono::TimeDelta;
use troupe_sandbox::{Endpoint, Fault, FaultKind, Login, MediaProduct, PublishingOptions, SandboxOptions};

use crate::kit::Kit;

/// The beginning of a JPEG and of an MP4.
const PICTURE: &[u8] = &[0xff, 0xd8, 0xff, 0xe0, 0, 0];
const FILM: &[u8] = b"\0\0\0\x18ftypisom____";

/// A server of files; its address.
#[expect(clippy::disallowed_methods, reason = "it lives as long as the test's runtime")]
async fn files() -> String {
    let router = Router::new()
        .route("/picture", get(|| async { PICTURE }))
        .route("/large", get(|| async { [PICTURE, &vec![0; 9 << 20]].concat() }))
        .route("/film", get(|| async { FILM }))
        .route("/gone", get(|| async { StatusCode::NOT_FOUND }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn kit(change: impl FnOnce(&mut PublishingOptions)) -> (Kit, String) {
    let mut options = SandboxOptions::default();
    change(&mut options.publishing);
    (Kit::with(options, Login::Instagram).await, files().await)
}

async fn container(kit: &Kit, query: &[(&str, &str)]) -> String {
    kit.post("/me/media", query).await.ok()["id"].as_str().unwrap().to_owned()
}

async fn status(kit: &Kit, container: &str) -> (String, String) {
    let told = kit.get(&format!("/{container}"), &[("fields", "status_code,status")]).await.ok();
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    (text("status_code"), text("status"))
}

async fn publish(kit: &Kit, container: &str) -> crate::kit::Answer {
    kit.post("/me/media_publish", &[("creation_id", container)]).await
}

#[tokio::test]
async fn a_picture_takes_its_time_and_is_published_once() {
    let (kit, files) = kit(|it| it.image_ms = 60_000).await;
    let id = container(&kit, &[("image_url", &format!("{files}/picture")), ("caption", "Cake")]).await;
    assert_eq!(status(&kit, &id).await.0, "IN_PROGRESS");
    assert_eq!(publish(&kit, &id).await.error(), (400, 9_007, 2_207_027));
    kit.sandbox.advance_clock(TimeDelta::seconds(61));
    assert_eq!(status(&kit, &id).await.0, "FINISHED");
    let media = publish(&kit, &id).await.ok()["id"].as_str().unwrap().to_owned();
    assert_eq!(status(&kit, &id).await.0, "PUBLISHED");
    assert_eq!(publish(&kit, &id).await.status, 400);
    let seen =
        kit.get(&format!("/{media}"), &[("fields", "caption,permalink,media_product_type")]).await.ok();
    assert_eq!((&seen["caption"], &seen["media_product_type"]), (&"Cake".into(), &"FEED".into()));
    assert!(seen["permalink"].as_str().unwrap().starts_with("https://www.instagram.com/p/"));
    assert_eq!(kit.sandbox.media_of(&kit.shop).unwrap().len(), 1);
}

#[tokio::test]
async fn files_are_really_fetched_and_looked_at() {
    let (kit, files) = kit(|it| (it.image_ms, it.video_ms) = (0, 0)).await;
    let create = async |query: &[(&str, &str)]| kit.post("/me/media", query).await.error();
    assert_eq!(create(&[("image_url", &format!("{files}/gone"))]).await, (400, 9_004, 2_207_052));
    assert_eq!(create(&[("image_url", "http://127.0.0.1:1/x")]).await, (400, 9_004, 2_207_052));
    assert_eq!(create(&[("image_url", &format!("{files}/large"))]).await, (400, 36_000, 2_207_004));
    assert_eq!(create(&[("image_url", &format!("{files}/film"))]).await, (400, 36_001, 2_207_005));
    assert_eq!(create(&[]).await.1, 100);
    assert_eq!(create(&[("media_type", "POEM")]).await, (400, 100, 2_207_023));
    // A video is looked at while it is worked on.
    let id = container(&kit, &[("media_type", "REELS"), ("video_url", &format!("{files}/picture"))]).await;
    let (code, words) = status(&kit, &id).await;
    assert!(code == "ERROR" && words.contains("2207026"), "{code} {words}");
    let id = container(&kit, &[("media_type", "REELS"), ("video_url", &format!("{files}/film"))]).await;
    publish(&kit, &id).await.ok();
    assert_eq!(kit.sandbox.media_of(&kit.shop).unwrap()[0].product, MediaProduct::Reels);
}

#[tokio::test]
async fn a_carousel_is_made_of_items_that_cannot_be_published_alone() {
    let (kit, files) = kit(|it| it.image_ms = 0).await;
    let picture = format!("{files}/picture");
    let item = [("image_url", picture.as_str()), ("is_carousel_item", "true")];
    let (one, two) = (container(&kit, &item).await, container(&kit, &item).await);
    assert_eq!(publish(&kit, &one).await.status, 400);
    let alone = kit.post("/me/media", &[("media_type", "CAROUSEL"), ("children", &one)]).await;
    assert_eq!(alone.error(), (400, 100, 2_207_028));
    let children = format!("{one},{two}");
    let whole =
        container(&kit, &[("media_type", "CAROUSEL"), ("children", &children), ("caption", "Two")]).await;
    publish(&kit, &whole).await.ok();
    assert_eq!(kit.sandbox.media_of(&kit.shop).unwrap()[0].children.len(), 2);
}

#[tokio::test]
async fn a_container_expires_after_a_day() {
    let (kit, files) = kit(|it| it.image_ms = 0).await;
    let id = container(&kit, &[("image_url", &format!("{files}/picture"))]).await;
    kit.sandbox.advance_clock(TimeDelta::hours(25));
    assert_eq!(status(&kit, &id).await.0, "EXPIRED");
    assert_eq!(publish(&kit, &id).await.error(), (400, 24, 2_207_008));
}

#[tokio::test]
async fn the_limit_of_a_day_is_told_and_kept() {
    let (kit, files) = kit(|it| (it.image_ms, it.posts_per_day, it.containers_per_day) = (0, 1, 3)).await;
    let picture = format!("{files}/picture");
    let limit = async || {
        let told = kit.get("/me/content_publishing_limit", &[("fields", "config,quota_usage")]).await.ok();
        (told["data"][0]["quota_usage"].clone(), told["data"][0]["config"]["quota_total"].clone())
    };
    let (one, two) = (
        container(&kit, &[("image_url", &picture)]).await,
        container(&kit, &[("image_url", &picture)]).await,
    );
    assert_eq!(limit().await, (0.into(), 1.into()));
    publish(&kit, &one).await.ok();
    assert_eq!(limit().await, (1.into(), 1.into()));
    assert_eq!(publish(&kit, &two).await.error(), (400, 9, 2_207_042));
    container(&kit, &[("image_url", &picture)]).await;
    assert_eq!(kit.post("/me/media", &[("image_url", &picture)]).await.error(), (400, 9, 2_207_042));
}

#[tokio::test]
async fn containers_fail_and_hide_their_code_when_they_are_told_to() {
    let (kit, files) = kit(|it| it.image_ms = 0).await;
    kit.sandbox.fault(Fault::new(FaultKind::ContainerFails { subcode: 2_207_082 }).times(1));
    let id = container(&kit, &[("image_url", &format!("{files}/picture"))]).await;
    assert_eq!(status(&kit, &id).await.0, "ERROR");
    kit.sandbox.fault(Fault::new(FaultKind::EmptyStatusCode).times(1));
    let (code, words) = status(&kit, &id).await;
    assert!(code.is_empty() && words.contains("2207082"));
    let refused = FaultKind::Refused { code: 100, subcode: Some(33), status: 400 };
    kit.sandbox.fault(Fault::new(refused).on(Endpoint::ReadContainer).times(1));
    assert_eq!(kit.get(&format!("/{id}"), &[]).await.error(), (400, 100, 33));
}
