//! Uploads in parts, and what the sweep removes.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tenants::changes::{Change, Changes};
use tenants::clock::Clock;
use tenants::ports::UnitOfWork;
use troupe::media::Swept;
use troupe::media::samples::{self, Video};

use crate::media::files_in;
use crate::rig::{Reply, Rig};
use crate::world::{Shop, World};

struct Upload<'w> {
    rig: &'w Rig,
    shop: &'w Shop,
    id: String,
}

impl<'w> Upload<'w> {
    async fn begin(world: &'w World, shop: &'w Shop, bytes: usize) -> Self {
        let new = json!({ "file_name": "reel.mp4", "bytes": bytes });
        let begun = world.rig.post(&shop.key.text, &shop.path("/media/uploads"), new).await.ok();
        assert_eq!((&begun["status"], &begun["received"]), (&json!("receiving"), &json!(0)));
        Self { rig: &world.rig, shop, id: begun["id"].as_str().unwrap().to_owned() }
    }

    fn path(&self, rest: &str) -> String {
        self.shop.path(&format!("/media/uploads/{}{rest}", self.id))
    }

    async fn part(&self, offset: usize, body: Body) -> Reply {
        let request = Request::put(format!("/api/v1{}", self.path(&format!("?offset={offset}"))))
            .header("x-api-key", &self.shop.key.text);
        self.rig.send(request.body(body).unwrap()).await
    }

    async fn state(&self) -> Value {
        self.rig.get(&self.shop.key.text, &self.path("")).await.ok()
    }

    async fn complete(&self) -> Reply {
        self.rig.call(&self.shop.key.text, "POST", &self.path("/complete"), None).await
    }
}

fn broken_after(bytes: &[u8]) -> Body {
    let pieces = [Ok(bytes.to_vec()), Err(std::io::Error::other("the line is dead"))];
    Body::from_stream(futures::stream::iter(pieces))
}

#[tokio::test]
async fn an_upload_goes_on_after_a_broken_line_and_becomes_one_asset() {
    let world = World::new().await;
    let file = samples::video(Video { data: 1_000_000, ..Video::default() });
    let upload = Upload::begin(&world, &world.bakery, file.len()).await;
    let first = upload.part(0, Body::from(file[..300_000].to_vec())).await.ok();
    assert_eq!(first["received"], 300_000);
    upload.part(300_000, broken_after(&file[300_000..500_000])).await.problem(400);
    let received = upload.state().await["received"].as_u64().unwrap() as usize;
    assert_eq!(received, 500_000, "what came before the line broke is there");
    let wrong = upload.part(300_000, Body::from(file[300_000..].to_vec())).await.problem(409);
    assert_eq!(wrong["received"], 500_000);
    assert_eq!(upload.complete().await.problem(409)["received"], 500_000, "bytes are missing");
    upload.part(received, Body::from(file[received..].to_vec())).await.ok();

    let media = upload.complete().await;
    assert_eq!(media.status.as_u16(), 201, "{}", media.text());
    let media = media.json();
    assert_eq!((&media["bytes"], &media["file_name"]), (&json!(file.len()), &json!("reel.mp4")));
    let state = upload.state().await;
    assert_eq!((&state["status"], &state["media"]), (&json!("done"), &media["id"]));
    let again = upload.complete().await;
    assert_eq!((again.status.as_u16(), &again.json()["id"]), (200, &media["id"]));
    upload.part(file.len(), Body::empty()).await.problem(409);
    let fetched = Request::get(media["url"].as_str().unwrap()).body(Body::empty()).unwrap();
    assert_eq!(world.rig.send(fetched).await.body, file);
    let staged = files_in(&world.rig.media_folder.join(".uploads"));
    assert!(staged.iter().all(|name| !name.contains(&upload.id)), "{staged:?}");
}

#[tokio::test]
async fn an_upload_takes_no_more_than_it_announced_and_no_more_than_is_allowed() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let too_large = json!({ "file_name": "reel.mp4", "bytes": 2_000_001 });
    rig.post(&shop.key.text, &shop.path("/media/uploads"), too_large).await.problem(413);
    let nothing = json!({ "file_name": "reel.mp4", "bytes": 0 });
    rig.post(&shop.key.text, &shop.path("/media/uploads"), nothing).await.problem(422);
    let upload = Upload::begin(&world, shop, 100).await;
    upload.part(0, Body::from(vec![1; 101])).await.problem(413);
    // With the one of the fixtures, three are under way.
    Upload::begin(&world, shop, 100).await;
    let one_more = json!({ "file_name": "reel.mp4", "bytes": 9 });
    rig.post(&shop.key.text, &shop.path("/media/uploads"), one_more).await.problem(409);
    let listed = rig.get(&shop.key.text, &shop.path("/media/uploads?limit=2")).await.ok();
    assert_eq!((&listed["items"][1]["id"], &listed["items"][1]["received"]), (&json!(upload.id), &json!(0)));
    assert!(listed["next_cursor"].is_string(), "the fixture's is on the next page: {listed}");
    assert_eq!(rig.call(&shop.key.text, "DELETE", &upload.path(""), None).await.status.as_u16(), 204);
    upload.part(0, Body::from(vec![1; 9])).await.problem(404);
    Upload::begin(&world, shop, 100).await;
}

#[tokio::test]
async fn a_content_that_is_refused_is_refused_for_good_and_says_why() {
    let world = World::new().await;
    let file = b"<svg/>";
    let upload = Upload::begin(&world, &world.bakery, file.len()).await;
    upload.part(0, Body::from(file.to_vec())).await.ok();
    for _ in 0..2 {
        let refused = upload.complete().await.problem(422);
        assert!(refused["detail"].as_str().unwrap().contains("HTML or SVG"), "{refused}");
    }
    let state = upload.state().await;
    assert_eq!((&state["status"], state["error"].as_str().is_some()), (&json!("refused"), true));
}

#[tokio::test]
async fn a_request_that_falls_silent_is_given_up_and_leaves_nothing() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let before = files_in(&rig.media_folder);
    let silent = futures::StreamExt::chain(
        futures::stream::iter([Ok::<_, std::io::Error>(samples::jpeg(50, 50, 1)[..100].to_vec())]),
        futures::stream::pending(),
    );
    let request = Request::post(format!("/api/v1{}", shop.path("/media?name=cake.jpg")))
        .header("x-api-key", &shop.key.text)
        .body(Body::from_stream(silent))
        .unwrap();
    let reply = tokio::select! {
        reply = rig.send(request) => reply,
        () = async {
            loop {
                if files_in(&rig.media_folder) != before {
                    rig.clock.advance(Duration::from_secs(31));
                }
                tokio::task::yield_now().await;
            }
        } => unreachable!("time goes on until somebody answers"),
    };
    reply.problem(400);
    assert_eq!(files_in(&rig.media_folder), before);
}

#[tokio::test]
async fn whoever_hangs_up_leaves_nothing() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let before = files_in(&rig.media_folder);
    let unending = futures::StreamExt::chain(
        futures::stream::iter([Ok::<_, std::io::Error>(vec![7; 10])]),
        futures::stream::pending(),
    );
    let request = Request::post(format!("/api/v1{}", shop.path("/media?name=cake.jpg")))
        .header("x-api-key", &shop.key.text)
        .body(Body::from_stream(unending))
        .unwrap();
    let hanging = rig.open(request);
    tokio::select! {
        _ = hanging => panic!("it does not end by itself"),
        () = async { while files_in(&rig.media_folder) == before { tokio::task::yield_now().await } } => {}
    }
    assert_eq!(files_in(&rig.media_folder), before);
}

#[tokio::test]
async fn the_sweep_removes_what_nobody_needs_after_a_day_and_nothing_else() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let known = files_in(&rig.media_folder);
    let abandoned = Upload::begin(&world, shop, 100).await;
    abandoned.part(0, Body::from(vec![1; 50])).await.ok();
    // A file that a killed process left, and one whose row never came.
    std::fs::write(rig.media_folder.join(".uploads/upl_0.part"), "left").unwrap();
    let orphan = rig.media_folder.join(format!("{}/med_{}", shop.tenant.id, rig.ports.ids.uuid().simple()));
    std::fs::create_dir_all(&orphan).unwrap();
    std::fs::write(orphan.join("original"), "left").unwrap();

    let mut from = None;
    assert_eq!(rig.media.sweep(&mut from).await.unwrap(), Swept::default(), "all of it is young");
    rig.clock.advance(Duration::from_secs(25 * 3_600));
    let swept = rig.media.sweep(&mut from).await.unwrap();
    // The fixtures of three tenants have an upload each that nobody went on with.
    assert_eq!((swept.uploads, swept.orphans), (4, 1), "{swept:?}");
    assert_eq!(rig.media.sweep(&mut from).await.unwrap(), Swept::default());
    let left = files_in(&rig.media_folder);
    let expected: Vec<&String> = known.iter().filter(|name| !name.contains(".uploads")).collect();
    assert_eq!(left.iter().collect::<Vec<_>>(), expected);
    rig.get(&shop.key.text, &abandoned.path("")).await.problem(404);
    rig.get(&shop.key.text, &shop.path(&format!("/media/{}", shop.objects.media))).await.ok();
}

#[tokio::test]
async fn the_files_of_a_tenant_that_is_erased_are_gone() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let of = |shop: &Shop| rig.media_folder.join(shop.tenant.id.to_string());
    assert_eq!(rig.media.erase_files(&shop.tenant.id).await.unwrap(), 2, "a picture and its thumbnail");
    assert!(!of(shop).exists() && of(&world.florist).exists());
    // And those that an erasure left are found by the sweep, because no row knows them.
    let changes =
        Changes::of_tenant(world.florist.tenant.id).with(Change::DeleteMedia(world.florist.objects.media));
    rig.database.commit(changes).await.unwrap();
    rig.clock.advance(Duration::from_secs(25 * 3_600));
    rig.media.sweep(&mut None).await.unwrap();
    assert!(!of(&world.florist).exists(), "{}", rig.clock.now());
}
