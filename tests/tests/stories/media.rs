//! Media come into the library, are held by posts, and are fetched by Instagram.

use std::time::Duration;

use kit::{TestApp, stories};
use reqwest::Method;
use runtime::media::samples::{self, Video};
use serde_json::{Value, json};
use tenants::changes::{Change, Changes};
use tenants::ids::PostId;
use tenants::media::{MediaUser, Placement, problems};
use tenants::ports::{MediaLibrary, PublicMedia, UnitOfWork};

stories!(
    a_reel_is_uploaded_planned_fetched_and_in_the_end_deleted,
    of_people_who_upload_the_same_picture_at_once_all_get_the_same_asset,
    strangers_see_nothing_of_the_library,
);

async fn a_reel_is_uploaded_planned_fetched_and_in_the_end_deleted(app: TestApp) -> TestApp {
    let shop = app.tenant("bakery").create().await;
    let library = format!("/tenants/{}/media", shop.id);
    let file = samples::video(Video { data: 2_000_000, ..Video::default() });
    let media = app.api.upload(&format!("{library}?name=reel.mp4&tags=spring"), file.clone()).await.ok();
    let id = media["id"].as_str().unwrap().parse().unwrap();

    // Planning a post looks at the asset, holds it, and hands its address to Instagram.
    let foundations = app.node().foundations();
    let store = &foundations.database;
    let asset = store.find_media(&shop.id, id).await.unwrap().unwrap();
    assert_eq!(problems(&asset, Placement::Reel), []);
    let post = PostId::new(&foundations.ids);
    let uses = |holds| Change::SetMediaUses { by: MediaUser::post(post), media: vec![id], holds };
    store.commit(Changes::of_tenant(shop.id).with(uses(true))).await.unwrap();
    let address =
        foundations.media.links().public_url(&shop.id, &asset, Duration::from_secs(60)).await.unwrap();
    let path = address.strip_prefix(&app.node().base_url()).expect("the installation's public address");
    assert_eq!(app.api.fetch(path).await, (200, file.clone()));
    assert_eq!(app.api.fetch(media["url"].as_str().unwrap()).await, (200, file));

    let path = format!("{library}/{id}");
    let refused = app.api.call(Method::DELETE, &path, None).await;
    assert_eq!((refused.status, &refused.body["used_by"]), (409, &json!([post])));
    store.commit(Changes::of_tenant(shop.id).with(uses(false))).await.unwrap();
    assert_eq!(app.api.call(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(app.api.get(&path).await.status, 404);
    assert_eq!(app.api.fetch(media["url"].as_str().unwrap()).await.0, 404);
    let audit = app.api.get(&format!("/tenants/{}/audit", shop.id)).await.ok().to_string();
    assert!(audit.contains("media.added") && audit.contains("media.deleted"));
    app
}

async fn of_people_who_upload_the_same_picture_at_once_all_get_the_same_asset(app: TestApp) -> TestApp {
    let shop = app.tenant("bakery").create().await;
    let library = format!("/tenants/{}/media", shop.id);
    let file = samples::png(300, 300, 4);
    let place = format!("{library}?name=cake.png");
    let uploads = (0..8).map(|_| app.api.upload(&place, file.clone()));
    let replies = futures::future::join_all(uploads.map(std::boxed::Box::pin)).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    let ids: std::collections::BTreeSet<String> =
        replies.into_iter().map(|reply| reply.ok()["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    let listed = app.api.get(&library).await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    app
}

async fn strangers_see_nothing_of_the_library(app: TestApp) -> TestApp {
    let shop = app.tenant("bakery").create().await;
    let library = format!("/tenants/{}/media", shop.id);
    let media = app.api.upload(&format!("{library}?name=cake.jpg"), samples::jpeg(300, 300, 5)).await.ok();
    let (_, stranger) = app.other_agency().await;
    let path = format!("{library}/{}", media["id"].as_str().unwrap());
    assert_eq!(stranger.get(&path).await.status, 404);
    assert_eq!(stranger.call(Method::DELETE, &path, None).await.status, 404);
    assert_eq!(stranger.call(Method::PATCH, &path, Some(json!({ "tags": ["mine"] }))).await.status, 404);
    assert_eq!(stranger.upload(&format!("{library}?name=x.jpg"), samples::jpeg(30, 30, 6)).await.status, 404);
    assert_eq!(app.api.get(&path).await.ok()["tags"], Value::Array(Vec::new()));
    app
}
