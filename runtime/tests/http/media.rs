//! The media library: what is taken in, what is refused, and what strangers can fetch.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tenants::changes::{Change, Changes};
use tenants::ids::PostId;
use tenants::media::MediaUser;
use tenants::ports::{MediaLibrary, UnitOfWork};
use troupe::http::HttpSettings;
use troupe::media::samples::{self, Video};
use troupe::media::{Clamd, MediaParts};

use crate::rig::{Reply, Rig};
use crate::world::{Shop, World};

/// Uploads a file in one piece, with the length told beforehand.
pub async fn upload(rig: &Rig, shop: &Shop, name: &str, file: Vec<u8>) -> Reply {
    let length = file.len();
    let request = Request::post(format!("/api/v1{}", shop.path(&format!("/media?name={name}"))))
        .header("x-api-key", &shop.key.text)
        .header("content-length", length);
    rig.send(request.body(Body::from(file)).unwrap()).await
}

/// The same without a length, piece by piece.
async fn upload_in_pieces(rig: &Rig, shop: &Shop, name: &str, file: Vec<u8>) -> Reply {
    let pieces: Vec<_> = file.chunks(1_000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
    let request = Request::post(format!("/api/v1{}", shop.path(&format!("/media?name={name}"))))
        .header("x-api-key", &shop.key.text);
    rig.send(request.body(Body::from_stream(futures::stream::iter(pieces))).unwrap()).await
}

async fn fetch(rig: &Rig, url: &str) -> Reply {
    rig.send(Request::get(url).body(Body::empty()).unwrap()).await
}

/// Every file below a folder.
pub fn files_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path.display().to_string()) }
        }
    }
    found.sort();
    found
}

/// A world whose tenants hold what the fixtures gave them and nothing else.
async fn world_with(media: impl FnOnce(&mut MediaParts)) -> World {
    World::with_media(HttpSettings::default(), media).await
}

fn fits(media: &Value) -> Vec<&str> {
    let places = media["placements"].as_array().unwrap().iter();
    places.filter(|place| place["fits"] == true).map(|place| place["placement"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_picture_comes_into_the_library_with_its_measures_and_can_be_looked_at() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let file = samples::jpeg(1_080, 1_350, 1);
    let reply = upload(rig, shop, "cake.jpg&tags=Cake,%20summer&alt_text=A%20cake", file.clone()).await;
    assert_eq!(reply.status.as_u16(), 201, "{}", reply.text());
    let media = reply.json();
    assert_eq!((&media["width"], &media["height"]), (&json!(1_080), &json!(1_350)));
    assert_eq!((&media["kind"], &media["content_type"]), (&json!("image"), &json!("image/jpeg")));
    assert_eq!((&media["tags"], &media["alt_text"]), (&json!(["cake", "summer"]), &json!("A cake")));
    assert_eq!((&media["publish_copy"], &media["used_by"]), (&Value::Null, &json!([])));
    assert_eq!(fits(&media), ["feed_image", "carousel_item", "story"]);

    let original = fetch(rig, media["url"].as_str().unwrap()).await;
    assert_eq!((original.status.as_u16(), original.header("content-type")), (200, "image/jpeg"));
    assert_eq!(original.body, file);
    let thumbnail = fetch(rig, media["thumbnail_url"].as_str().unwrap()).await;
    let small = image::load_from_memory(&thumbnail.body).unwrap();
    assert_eq!((small.width(), small.height()), (256, 320));

    let listed = rig.get(&shop.key.text, &shop.path("/media?tag=CAKE&kind=image&q=CAKE.j")).await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["id"], media["id"]);
    let audit = rig.get(&shop.key.text, &shop.path("/audit")).await;
    assert!(audit.text().contains("media.added"));
}

#[tokio::test]
async fn the_same_content_is_held_once_however_many_bring_it_at_once() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let before = files_in(&rig.media_folder).len();
    let file = samples::jpeg(200, 200, 2);
    let bring = (0..6)
        .map(async |number| upload_in_pieces(rig, shop, &format!("cake-{number}.jpg"), file.clone()).await);
    let replies = futures::future::join_all(bring).await;
    let ids: std::collections::BTreeSet<String> =
        replies.iter().map(|reply| reply.ok()["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(replies.iter().filter(|reply| reply.status.as_u16() == 201).count(), 1);
    assert_eq!(files_in(&rig.media_folder).len(), before + 2, "an original and a thumbnail");
    // Another tenant has its own.
    assert_eq!(upload(rig, &world.rival, "cake.jpg", file).await.status.as_u16(), 201);
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused_with_413_and_nothing_of_it_is_left() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let before = files_in(&rig.media_folder);
    let video = samples::video(Video { data: 2_000_000, ..Video::default() });
    upload(rig, shop, "reel.mp4", video.clone()).await.problem(413);
    upload_in_pieces(rig, shop, "reel.mp4", video).await.problem(413);
    assert_eq!(files_in(&rig.media_folder), before);
}

#[tokio::test]
async fn what_is_no_picture_or_video_is_refused_whatever_it_is_called() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let before = files_in(&rig.media_folder);
    let (jpeg, png) = (samples::jpeg(300, 300, 3), samples::png(60, 60, 3));
    let video = samples::video(Video::default());
    let mut broken = png.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 0x55;
    let cut = |file: &[u8]| file[..file.len() - 20].to_vec();
    for (what, file, says) in [
        ("svg", b"<svg onload='alert(1)' xmlns='http://www.w3.org/2000/svg'/>".to_vec(), "HTML or SVG"),
        ("html", b"<!doctype html><script>alert(1)</script>".to_vec(), "HTML or SVG"),
        ("gif", b"GIF89a\x01\0\x01\0".to_vec(), "GIF"),
        ("empty", Vec::new(), "empty"),
        ("noise", vec![7; 5_000], "something else"),
        ("a begin", jpeg[..30].to_vec(), "ends too early"),
        ("cut JPEG", cut(&jpeg), "ends too early"),
        ("cut PNG", cut(&png), "damaged"),
        ("broken PNG", broken, "damaged"),
        ("cut video", cut(&video), "ends too early"),
        ("video without index", video[..24].to_vec(), "no index"),
        ("PNG bomb", png_of(50_000, 50_000), "million"),
        ("JPEG of no size", jpeg_that_says(&jpeg, 0, 0), "damaged"),
        ("JPEG bomb", jpeg_that_says(&jpeg, 65_000, 65_000), "million"),
        ("video without pictures", samples::video(Video { data: 0, ..Video::default() }), "no pictures"),
    ] {
        let problem = upload(rig, shop, "cake.jpg", file).await.problem(422);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{what}: {detail}");
    }
    assert_eq!(files_in(&rig.media_folder), before);
}

/// A PNG that says to be so large, and has nothing in it.
fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut png = samples::png(4, 4, 0);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&png[12..29]);
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    png
}

/// The checksum of PNG's chunks.
fn crc(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
}

fn jpeg_that_says(jpeg: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut changed = jpeg.to_vec();
    let frame = changed.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    changed[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    changed[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    changed
}

#[tokio::test]
async fn no_file_makes_the_node_stumble() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let staged = files_in(&rig.media_folder.join(".uploads"));
    let files = [
        samples::jpeg(64, 64, 5),
        samples::turned_jpeg(64, 48, 5),
        samples::png(32, 32, 5),
        samples::video(Video { data: 400, ..Video::default() }),
        samples::video(Video { data: 400, is_index_first: false, codec: *b"hvc1", ..Video::default() }),
    ];
    for (number, file) in files.iter().enumerate() {
        for round in 0..60usize {
            let mut spoilt = file.clone();
            for change in 0..=round % 4 {
                let at = (round * 7_919 + change * 104_729 + number * 31) % spoilt.len();
                // The first bytes stay, so that the file is still looked into.
                spoilt[at.max(12)] = (round * 37 + change) as u8;
            }
            if round % 7 == 0 {
                spoilt.truncate(spoilt.len() * (round + 1) / 61);
            }
            let reply = upload(rig, shop, "file", spoilt).await;
            assert!(matches!(reply.status.as_u16(), 200 | 201 | 422), "{}", reply.text());
        }
    }
    assert_eq!(files_in(&rig.media_folder.join(".uploads")), staged);
}

#[tokio::test]
async fn what_instagram_would_refuse_is_published_as_an_upright_jpeg() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let payload = b"<script>alert(1)</script>PK\x03\x04";
    let polyglot = [&samples::jpeg(200, 200, 6)[..], payload].concat();
    for (name, file, size) in [
        ("png", samples::png(200, 160, 6), (200, 160)),
        ("turned", samples::turned_jpeg(160, 200, 6), (200, 160)),
        ("polyglot", polyglot, (200, 200)),
    ] {
        let media = upload(rig, shop, name, file.clone()).await.ok();
        let (width, height) = size;
        assert_eq!((&media["width"], &media["height"]), (&json!(width), &json!(height)), "{name}");
        let id = media["id"].as_str().unwrap().parse().unwrap();
        let asset = rig.database.find_media(&shop.tenant.id, id).await.unwrap().unwrap();
        let url = rig.ports.public_media.public_url(&shop.tenant.id, &asset, Duration::from_secs(60)).await;
        let url = url.unwrap();
        let path = url.strip_prefix("https://troupe.example.com").unwrap();
        assert!(url.is_ascii() && path.ends_with(".jpg"), "{url}");
        let published = fetch(rig, path).await;
        assert_eq!(published.header("content-type"), "image/jpeg");
        assert_eq!(published.body.len() as u64, asset.published_bytes());
        assert!(!published.body.windows(payload.len()).any(|part| part == payload));
        let picture = image::load_from_memory(&published.body).unwrap().into_rgb8();
        assert_eq!((picture.width(), picture.height()), size, "{name}");
        if name == "png" {
            let [red, green, blue] = picture.get_pixel(10, 10).0;
            assert!(red > 240 && green > 240 && blue > 240, "what lets through becomes white");
        }
        // What people uploaded stays as it was.
        assert_eq!(fetch(rig, media["url"].as_str().unwrap()).await.body, file);
    }
}

#[tokio::test]
async fn a_video_is_measured_and_told_where_it_fits() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let reel = upload(rig, shop, "reel.mp4", samples::video(Video::default())).await.ok();
    assert_eq!((&reel["width"], &reel["height"]), (&json!(1_080), &json!(1_920)));
    assert_eq!((&reel["duration_ms"], &reel["thumbnail_url"]), (&json!(10_000), &Value::Null));
    let video = &reel["video"];
    assert_eq!((&video["video_codec"], &video["audio_codec"]), (&json!("h264"), &json!("aac")));
    assert_eq!((&video["frames_per_second"], &video["audio_channels"]), (&json!(30.0), &json!(2)));
    assert_eq!(&video["audio_sample_rate"], &json!(48_000));
    assert_eq!(fits(&reel), ["carousel_item", "reel", "story"]);

    let phone = Video {
        width: 1_920,
        height: 1_080,
        is_turned: true,
        is_index_first: false,
        codec: *b"hvc1",
        ..Video::default()
    };
    let phone = upload(rig, shop, "phone.mov", samples::video(phone)).await.ok();
    assert_eq!((&phone["width"], &phone["height"]), (&json!(1_080), &json!(1_920)), "it is shown upright");
    assert_eq!((&phone["video"]["video_codec"], fits(&phone).contains(&"reel")), (&json!("hevc"), true));
    assert!(phone["placements"].to_string().contains("fast start"));

    let bad =
        Video { seconds: 70, frames_per_second: 120, codec: *b"vp09", has_sound: false, ..Video::default() };
    let bad = upload(rig, shop, "bad.mp4", samples::video(bad)).await.ok();
    assert_eq!(fits(&bad), [""; 0]);
    let story =
        bad["placements"].as_array().unwrap().iter().find(|place| place["placement"] == "story").unwrap();
    let codes: Vec<&str> = story["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["duration", "codec", "frame_rate"], "everything is said at once");
}

#[tokio::test]
async fn an_address_gives_parts_of_a_file_to_whoever_asks_for_them() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let file = samples::video(Video::default());
    let media = upload(rig, shop, "reel.mp4", file.clone()).await.ok();
    let url = media["url"].as_str().unwrap();
    let with_range = async |range: &str| {
        rig.send(Request::get(url).header("range", range).body(Body::empty()).unwrap()).await
    };
    let part = with_range("bytes=100-199").await;
    assert_eq!(part.status.as_u16(), 206);
    assert_eq!(part.header("content-range"), format!("bytes 100-199/{}", file.len()));
    assert_eq!((part.header("content-length"), &part.body[..]), ("100", &file[100..200]));
    let last = with_range("bytes=-7").await;
    assert_eq!(&last.body[..], &file[file.len() - 7..]);
    let beyond = with_range("bytes=99999999-").await;
    beyond.problem(416);
    assert_eq!(beyond.header("content-range"), format!("bytes */{}", file.len()));

    let head = rig.send(Request::head(url).body(Body::empty()).unwrap()).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), file.len().to_string());
    assert_eq!((head.header("content-type"), head.header("accept-ranges")), ("video/mp4", "bytes"));
    assert_eq!(head.header("x-content-type-options"), "nosniff");
    assert!(head.header("content-security-policy").contains("default-src 'none'"));
}

#[tokio::test]
async fn an_address_ends_and_cannot_be_made_into_another() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let media = upload(rig, shop, "cake.jpg", samples::jpeg(90, 90, 8)).await.ok();
    let url = media["url"].as_str().unwrap();
    let token = url.split('/').nth(2).unwrap();
    // The name says nothing: not even one that climbs.
    for name in ["other.jpg", "..%2f..%2fetc%2fpasswd", "%00"] {
        assert_eq!(fetch(rig, &format!("/media/{token}/{name}")).await.status.as_u16(), 200, "{name}");
    }
    for index in 0..token.len() {
        let mut changed = token.as_bytes().to_vec();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        if changed != token {
            fetch(rig, &format!("/media/{changed}/cake.jpg")).await.problem(404);
        }
    }
    // The signature of one's own address under the ids of another tenant's picture.
    let theirs = rig.get(&world.rival.key.text, &world.rival.path("/media")).await.ok();
    let theirs = theirs["items"][0]["url"].as_str().unwrap().split('/').nth(2).unwrap().to_owned();
    let forged = format!("{}{}", &theirs[..56], &token[56..]);
    fetch(rig, &format!("/media/{forged}/cake.jpg")).await.problem(404);

    rig.clock.advance(Duration::from_secs(3_601));
    let ended = fetch(rig, url).await.problem(410);
    assert!(ended["detail"].as_str().unwrap().contains("new address"));
}

#[tokio::test]
async fn a_picture_that_a_post_holds_cannot_be_deleted_and_one_that_nobody_holds_is_gone_with_its_files() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let media = upload(rig, shop, "cake.png", samples::png(80, 80, 9)).await.ok();
    let path = shop.path(&format!("/media/{}", media["id"].as_str().unwrap()));
    let post = PostId::new(&rig.ports.ids);
    let uses = |holds| Change::SetMediaUses {
        by: MediaUser::post(post),
        media: vec![media["id"].as_str().unwrap().parse().unwrap()],
        holds,
    };
    rig.database.commit(Changes::of_tenant(shop.tenant.id).with(uses(true))).await.unwrap();
    let refused = rig.call(&shop.key.text, "DELETE", &path, None).await.problem(409);
    assert_eq!(refused["used_by"], json!([post]));
    assert!(refused["detail"].as_str().unwrap().contains(&post.to_string()));
    let shown = rig.get(&shop.key.text, &path).await.ok();
    assert_eq!(shown["used_by"], json!([{ "kind": "post", "id": post, "holds": true }]));
    let used = rig.get(&shop.key.text, &shop.path("/media?used=true")).await.ok();
    assert_eq!(used["items"].as_array().unwrap().len(), 1);

    rig.database.commit(Changes::of_tenant(shop.tenant.id).with(uses(false))).await.unwrap();
    let files = files_in(&rig.media_folder).len();
    assert_eq!(rig.call(&shop.key.text, "DELETE", &path, None).await.status.as_u16(), 204);
    assert_eq!(files_in(&rig.media_folder).len(), files - 3, "original, copy and thumbnail");
    rig.get(&shop.key.text, &path).await.problem(404);
    fetch(rig, media["url"].as_str().unwrap()).await.problem(404);
}

#[tokio::test]
async fn words_about_a_picture_can_be_changed_and_are_checked() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let path = shop.path(&format!("/media/{}", shop.objects.media));
    let change = async |body: Value| rig.call(&shop.key.text, "PATCH", &path, Some(body)).await;
    let changed =
        change(json!({ "file_name": "tart.jpg", "alt_text": "A tart", "tags": ["Tart", "tart"] })).await;
    assert_eq!(changed.ok()["tags"], json!(["tart"]));
    let changed = change(json!({ "alt_text": "" })).await.ok();
    assert_eq!((&changed["alt_text"], &changed["file_name"]), (&Value::Null, &json!("tart.jpg")));
    assert_eq!(change(json!({ "alt_text": "x".repeat(1_001) })).await.problem(422)["field"], "alt_text");
    assert_eq!(change(json!({ "tags": ["a\nb"] })).await.problem(422)["field"], "tags");
    assert_eq!(change(json!({ "file_name": "photos/" })).await.problem(422)["field"], "file_name");
    assert_eq!(upload(rig, shop, "%20", samples::jpeg(9, 9, 9)).await.problem(422)["field"], "file_name");
}

/// A scanner that gives one answer to whoever sends a whole file, and tells what it was sent.
async fn scanner(answer: &'static str) -> (Clamd, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, received) = tokio::sync::mpsc::unbounded_channel();
    let tasks = tenants::tasks::Tasks::default();
    tasks.spawn("clamd", async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut command = [0u8; 10];
            stream.read_exact(&mut command).await.unwrap();
            assert_eq!(&command, b"zINSTREAM\0");
            let mut file = Vec::new();
            loop {
                let mut piece = vec![0u8; stream.read_u32().await.unwrap() as usize];
                if piece.is_empty() {
                    break;
                }
                stream.read_exact(&mut piece).await.unwrap();
                file.extend(piece);
            }
            let _ = sender.send(file);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (Clamd { address, timeout: Duration::from_secs(20) }, received)
}

#[tokio::test]
async fn a_configured_scanner_is_asked_about_every_file_and_its_word_counts() {
    let file = samples::jpeg(500, 500, 10);
    let (clean, mut sent) = scanner("stream: OK\0").await;
    let world = world_with(|parts| parts.scanner = Some(clean)).await;
    upload(&world.rig, &world.bakery, "cake.jpg", file.clone()).await.ok();
    let mut was_sent = false;
    while let Ok(sent) = sent.try_recv() {
        was_sent |= sent == file;
    }
    assert!(was_sent, "byte by byte");

    for (answer, status) in [
        ("stream: Eicar-Test-Signature FOUND\0", 422),
        ("INSTREAM size limit exceeded. ERROR\0", 503),
        ("", 503),
    ] {
        let (clamd, _sent) = scanner(answer).await;
        assert_refused(clamd, status).await;
    }
    let nobody = Clamd { address: "127.0.0.1:1".to_owned(), timeout: Duration::from_secs(20) };
    assert_refused(nobody, 503).await;
}

/// A world without fixtures of media, because its scanner lets none through.
async fn assert_refused(clamd: Clamd, status: u16) {
    let rig = Rig::start_with_media(HttpSettings::default(), |parts| parts.scanner = Some(clamd)).await;
    let (tenant, key) = crate::world::bare_tenant(&rig).await;
    let request =
        Request::post(format!("/api/v1/tenants/{tenant}/media?name=cake.jpg")).header("x-api-key", key);
    let reply = rig.send(request.body(Body::from(samples::jpeg(50, 50, 11))).unwrap()).await;
    reply.problem(status);
    assert_eq!(reply.header("retry-after").is_empty(), status == 422);
    assert_eq!(files_in(&rig.media_folder), [""; 0]);
}

#[tokio::test]
async fn while_the_storage_is_away_nothing_half_is_left() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.florist);
    // Where the tenant's folder should be, there is a file.
    let folder = rig.media_folder.join(shop.tenant.id.to_string());
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    let before = files_in(&rig.media_folder);
    let reply = upload(rig, shop, "cake.jpg", samples::jpeg(70, 70, 12)).await;
    reply.problem(503);
    assert!(!reply.header("retry-after").is_empty());
    assert_eq!(files_in(&rig.media_folder), before);

    std::fs::remove_file(&folder).unwrap();
    upload(rig, shop, "cake.jpg", samples::jpeg(70, 70, 12)).await.ok();

    std::fs::remove_dir_all(rig.media_folder.join(".uploads")).unwrap();
    upload(rig, shop, "tart.jpg", samples::jpeg(70, 70, 13)).await.problem(503);
}

#[tokio::test]
async fn without_a_public_address_the_error_says_what_to_set() {
    let world = world_with(|parts| {
        parts.links = std::sync::Arc::new(troupe::media::MediaLinks {
            keys: troupe::media::LinkKeys::derived_from([&b"secret"[..]]),
            clock: parts.clock.clone(),
            public_url: None,
            bucket: None,
            sent_videos: troupe::media::SentVideos::None,
        });
    })
    .await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let asset = rig.database.find_media(&shop.tenant.id, shop.objects.media).await.unwrap().unwrap();
    let refused = rig.ports.public_media.public_url(&shop.tenant.id, &asset, Duration::from_secs(60)).await;
    assert!(refused.unwrap_err().to_string().contains("media.public_url"));
    // People look at their media all the same.
    let shown = rig.get(&shop.key.text, &shop.path(&format!("/media/{}", asset.id))).await.ok();
    assert_eq!(fetch(rig, shown["url"].as_str().unwrap()).await.status.as_u16(), 200);
}
