//! Videos that are sent to Instagram, and what its answers on the way mean.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tenants::account::LoginFlavour::{self, Facebook};
use tenants::clock::{Clock, SystemClock};
use tenants::effect::ErrorCategory;
use tenants::ids::{MediaId, PostId};
use tenants::media::{MediaAsset, MediaFile, MediaFormat, MediaKind};
use tenants::ports::{FileSource, PlatformAdapter, Receipt, SendError, Sending, SentFile, Upload};
use tenants::post::publishing::ContainerKind;
use tenants::post::{PostDraft, PostOptions, PostType};
use tenants::tasks::Tasks;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::support::{NOW, Room, Stub, TOKEN, byte_at, ids};

const CONTAINER: &str = "17900000000000001";
const CREATE: &str = "POST /fb/v25.0/17841400000000123/media";
const READ: &str = "GET /fb/v25.0/17900000000000001";
const SEND: &str = "POST /up/ig-api-upload/v25.0/17900000000000001";

fn reel(bytes: u64, options: PostOptions) -> Upload {
    let ids = ids();
    let (post, media) = (PostId::new(&ids), MediaId::new(&ids));
    Upload {
        kind: ContainerKind::Reel,
        source: FileSource::Bytes(SentFile { post, media, file: MediaFile::Original, bytes }),
        cover_url: None,
        caption: "A film".to_owned(),
        alt_text: None,
        children: Vec::new(),
        options,
    }
}

fn letters(range: std::ops::Range<u64>) -> String {
    range.map(|place| char::from(byte_at(place))).collect()
}

fn arrived(bytes: u64) -> Value {
    json!({ "status_code": "IN_PROGRESS",
        "video_status": { "uploading_phase": { "status": "in_progress", "bytes_transferred": bytes } } })
}

fn refusal(kind: &str, retriable: bool) -> Value {
    json!({ "debug_info": { "retriable": retriable, "type": kind, "message": format!("no, {TOKEN}") } })
}

fn taken() -> Value {
    json!({ "success": true, "message": "Upload successful." })
}

async fn stub() -> Stub {
    let stub = Stub::start().await;
    stub.on(CREATE, 200, json!({ "id": CONTAINER, "uri": "https://elsewhere.example/ig-api-upload/1" }));
    stub
}

async fn create(stub: &Stub, flavour: LoginFlavour, upload: &Upload) -> Result<Receipt, SendError> {
    let room = Room::new(&stub.address, flavour);
    let made = room.gateway.create(&room.account, upload).await;
    assert!(!format!("{made:?}").contains(TOKEN));
    assert_eq!(room.gateway.sending(PostId::new(&ids())), None, "nothing is under way any more");
    made
}

#[tokio::test]
async fn a_reel_is_sent_to_its_container_and_to_no_host_but_the_known_one() {
    let stub = stub().await;
    stub.on(SEND, 200, taken());
    let made = create(&stub, Facebook, &reel(100, PostOptions::default())).await.unwrap();
    assert_eq!(made.instagram_id.as_deref(), Some(CONTAINER));
    let calls = stub.calls();
    assert_eq!(calls[0], format!("{CREATE} upload_type=resumable&media_type=REELS&caption=A+film"));
    assert_eq!(calls[1..], [format!("{SEND} {}", letters(0..100))]);
    assert_eq!(stub.parts(), ["0 100 100"], "with its length, so that nothing is sent in chunks");
    assert_eq!(stub.authorizations(), [format!("Bearer {TOKEN}"), format!("OAuth {TOKEN}")]);
}

#[tokio::test]
async fn it_goes_on_from_where_the_container_says_and_asks_anew_when_that_was_wrong() {
    let stub = stub().await;
    stub.on(SEND, 400, refusal("PartialRequestError", true));
    stub.on(SEND, 412, refusal("OffsetInvalidError", false));
    stub.on_text(SEND, 502, &[], "<html>");
    stub.on(SEND, 200, taken());
    stub.on(READ, 200, arrived(90)).on(READ, 200, arrived(40)).on(READ, 200, json!({ "id": CONTAINER }));
    create(&stub, Facebook, &reel(100, PostOptions::default())).await.unwrap();
    assert_eq!(stub.parts(), ["0 100 100", "90 100 10", "40 100 60", "0 100 100"]);
    let sent: Vec<String> = stub.calls().into_iter().filter(|call| call.starts_with(SEND)).collect();
    assert_eq!(sent[2], format!("{SEND} {}", letters(40..100)));
    let made = stub.calls().into_iter().filter(|call| call.starts_with(CREATE)).count();
    assert_eq!(made, 1, "one container, however often the line breaks");
}

#[tokio::test]
async fn an_answer_that_was_lost_behind_the_last_byte_is_found_at_the_container() {
    for told in [arrived(100), json!({ "status_code": "FINISHED" }), json!({ "status_code": "ERROR" })] {
        let stub = stub().await;
        stub.on_text(SEND, 500, &[], "");
        stub.on(READ, 200, told);
        create(&stub, Facebook, &reel(100, PostOptions::default())).await.unwrap();
        assert_eq!(stub.parts().len(), 1);
    }
}

#[tokio::test]
async fn what_it_refuses_is_sorted_and_a_line_on_which_nothing_moves_is_given_up() {
    let graph = |code: i64| json!({ "error": { "message": "no", "code": code } });
    for (status, answer, category, parts) in [
        (400, refusal("ProcessingFailedError", false), ErrorCategory::Permanent, 1),
        (401, refusal("NotAuthorizedError", false), ErrorCategory::Transient, 1),
        (400, graph(190), ErrorCategory::AuthFailure, 1),
        (429, json!(1), ErrorCategory::RateLimit, 1),
    ] {
        let stub = stub().await;
        stub.on(SEND, status, answer.clone());
        let error = create(&stub, Facebook, &reel(100, PostOptions::default())).await.unwrap_err();
        assert_eq!((error.category, stub.parts().len()), (category, parts), "{answer}");
    }
    let stub = stub().await;
    stub.on(SEND, 400, refusal("PartialRequestError", true));
    stub.on(READ, 400, json!({ "error": { "message": "no", "code": 100, "error_subcode": 33 } }));
    let error = create(&stub, Facebook, &reel(100, PostOptions::default())).await.unwrap_err();
    assert_eq!(
        (error.category, error.skip_reason),
        (ErrorCategory::Transient, None),
        "another container may do"
    );
}

#[tokio::test]
async fn a_file_that_is_gone_or_cannot_be_read_is_no_fault_of_the_line() {
    let stub = stub().await;
    stub.on(SEND, 200, taken());
    let room = Room::new(&stub.address, Facebook);
    room.files.missing.store(true, Ordering::Relaxed);
    let error = room.gateway.create(&room.account, &reel(100, PostOptions::default())).await.unwrap_err();
    assert_eq!(error.category, ErrorCategory::Permanent);
    assert!(error.message.contains("upload it again"), "{}", error.message);
    room.files.missing.store(false, Ordering::Relaxed);
    *room.files.breaks_after.lock().unwrap() = Some(2);
    let error = room.gateway.create(&room.account, &reel(1 << 20, PostOptions::default())).await.unwrap_err();
    assert_eq!(error.category, ErrorCategory::Transient);
    assert!(error.message.contains("the file cannot be read"), "{}", error.message);
    assert!(stub.calls().iter().all(|call| !call.starts_with(READ)), "nobody asks where to go on");
}

/// A host that takes the beginning of a file and then leaves it.
#[tokio::test]
async fn no_more_of_a_file_is_in_memory_than_the_line_takes_and_its_progress_is_seen() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 26\r\n\r\n{{\"id\":\"{CONTAINER}\"}}");
    let tasks = Tasks::default();
    tasks.spawn("host", async move {
        use tokio::io::AsyncWriteExt;
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4_096];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(&answer.as_bytes()[..answer.len()]).await.unwrap();
        // The second request is not read.
        std::future::pending::<()>().await;
    });
    let total = 512 << 20;
    let room = Room::new(&address, Facebook);
    let upload = reel(total, PostOptions::default());
    let FileSource::Bytes(SentFile { post, .. }) = &upload.source else { panic!() };
    let watch = async {
        let (mut seen, mut rests) = (0, 0);
        while rests < 20 {
            SystemClock.sleep(Duration::from_millis(20)).await;
            let Some(Sending { sent, total: of }) = room.gateway.sending(*post) else { continue };
            assert_eq!(of, total);
            rests = if sent == seen && sent > 0 { rests + 1 } else { 0 };
            seen = sent;
        }
        seen
    };
    let seen = tokio::select! {
        made = room.gateway.create(&room.account, &upload) => panic!("{made:?}"),
        seen = watch => seen,
    };
    assert_eq!(seen, room.files.taken.load(Ordering::Relaxed));
    assert!(seen < 32 << 20, "{seen} bytes were read for a line that takes none");
    assert_eq!(room.gateway.sending(*post), None, "what is given up is not under way");
}

#[tokio::test]
async fn a_reel_carries_its_cover_its_sound_and_its_place_in_the_feed() {
    let stub = stub().await;
    stub.on(SEND, 200, taken());
    let options = PostOptions {
        share_to_feed: Some(false),
        thumb_offset_ms: Some(1_500),
        audio_name: Some("Rain".to_owned()),
        ..PostOptions::default()
    };
    let upload = Upload { cover_url: Some("https://x.example/c.jpg".to_owned()), ..reel(10, options) };
    create(&stub, Facebook, &upload).await.unwrap();
    let story = Upload { kind: ContainerKind::StoryVideo, caption: String::new(), ..upload };
    create(&stub, Facebook, &story).await.unwrap();
    let made: Vec<String> = stub.calls().into_iter().filter(|call| call.starts_with(CREATE)).collect();
    let cover = "cover_url=https%3A%2F%2Fx.example%2Fc.jpg";
    assert!(
        made[0].ends_with(&format!("&share_to_feed=false&thumb_offset=1500&audio_name=Rain&{cover}")),
        "{}",
        made[0]
    );
    assert_eq!(made[1], format!("{CREATE} upload_type=resumable&media_type=STORIES"));
}

fn asset(kind: MediaKind, seed: u128) -> MediaAsset {
    let content_type = if kind == MediaKind::Video { MediaFormat::Mp4 } else { MediaFormat::Jpeg };
    MediaAsset {
        id: MediaId(uuid::Uuid::from_u128(seed)),
        tenant: tenants::ids::TenantId::new(&ids()),
        file_name: String::new(),
        kind,
        content_type,
        bytes: 1_000,
        width: 1_080,
        height: 1_920,
        duration: (kind == MediaKind::Video).then_some(Duration::from_secs(10)),
        video: None,
        publish_copy: None,
        has_thumbnail: false,
        sha256: String::new(),
        alt_text: None,
        tags: Vec::new(),
        created_by: String::new(),
        created_at: NOW,
    }
}

#[test]
fn a_cover_is_a_picture_that_instagram_takes_or_a_moment_before_the_end_of_the_video() {
    let room = Room::new("http://127.0.0.1:9", Facebook);
    let (film, other, picture) =
        (asset(MediaKind::Video, 1), asset(MediaKind::Video, 2), asset(MediaKind::Image, 3));
    let large = MediaAsset { bytes: 9 << 20, ..asset(MediaKind::Image, 4) };
    let problems = |cover: Option<u128>, thumb_offset_ms| {
        let cover_media = cover.map(|seed| MediaId(uuid::Uuid::from_u128(seed)));
        let draft = PostDraft {
            post_type: PostType::Reel,
            caption: String::new(),
            media: vec![film.id],
            first_comment: None,
            options: PostOptions { cover_media, thumb_offset_ms, ..PostOptions::default() },
        };
        let media = [film.clone(), other.clone(), picture.clone(), large.clone()];
        let found = room.gateway.check(&draft, &media);
        found.into_iter().map(|it| it.field).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(problems(Some(3), None), "", "of any shape");
    assert_eq!(problems(None, Some(0)), "");
    assert_eq!(problems(None, Some(9_999)), "");
    assert_eq!(problems(None, Some(10_000)), "options.thumb_offset_ms");
    for wrong in [2, 4, 5] {
        assert_eq!(problems(Some(wrong), None), "options.cover_media", "{wrong}");
    }
    let both = problems(Some(2), Some(10_000));
    assert_eq!(both, "options.thumb_offset_ms options.thumb_offset_ms options.cover_media", "all at once");
}
