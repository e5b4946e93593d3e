//! The media library's rows: assets, who uses them, uploads.

use std::time::Duration;

use tenants::changes::Change;
use tenants::ids::{MediaId, PostId, UploadId};
use tenants::media::{
    MediaAsset, MediaFilter, MediaFormat, MediaKind, MediaUpload, MediaUse, MediaUser, PublishCopy,
    UploadStatus, VideoFacts,
};
use tenants::ports::{MediaLibrary, MediaUploads, PageRequest, StoreError};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, is_conflict};

contract! {
    an_asset_reads_back_as_it_was_stored_and_only_its_words_change
    a_tenant_holds_a_content_once_and_each_tenant_its_own
    of_many_who_bring_the_same_content_one_does
    assets_are_found_by_kind_tag_text_and_use
    an_asset_that_somebody_holds_cannot_be_deleted_and_the_refusal_names_who
    what_is_used_is_said_anew_as_a_whole
    strangers_find_no_asset_use_none_and_delete_none
    an_upload_moves_on_and_is_forgotten
    uploads_that_do_not_move_on_are_found_by_their_age
}

const PAGE: PageRequest = PageRequest { before: None, limit: 10 };

fn image(world: &World, content: &str) -> MediaAsset {
    MediaAsset {
        id: MediaId::new(&world.ids),
        tenant: world.tenant,
        file_name: format!("{content}.png"),
        kind: MediaKind::Image,
        content_type: MediaFormat::Png,
        bytes: 20_000_000_000,
        width: 1_080,
        height: 1_350,
        duration: None,
        video: None,
        publish_copy: Some(PublishCopy { bytes: 300_000, width: 1_080, height: 1_350 }),
        has_thumbnail: true,
        sha256: format!("{content:0>64}"),
        alt_text: Some("a cake with 100 % chocolate".into()),
        tags: vec!["cake".into(), "été_2026".into()],
        created_by: "cli".into(),
        created_at: world.now(),
    }
}

fn video(world: &World, content: &str) -> MediaAsset {
    MediaAsset {
        file_name: format!("{content}.mov"),
        kind: MediaKind::Video,
        content_type: MediaFormat::Mov,
        duration: Some(Duration::from_micros(12_345_678)),
        video: Some(VideoFacts {
            video_codec: "hevc".into(),
            audio_codec: Some("aac".into()),
            frames_per_second: Some(29.97),
            video_bits_per_second: Some(8_000_000),
            audio_channels: Some(2),
            audio_sample_rate: Some(48_000),
            index_first: true,
            has_edit_list: false,
        }),
        publish_copy: None,
        has_thumbnail: false,
        alt_text: None,
        tags: Vec::new(),
        ..image(world, content)
    }
}

fn put(asset: &MediaAsset) -> Change {
    Change::PutMedia(Box::new(asset.clone()))
}

fn uses(by: MediaUser, media: &[&MediaAsset], holds: bool) -> Change {
    Change::SetMediaUses { by, media: media.iter().map(|asset| asset.id).collect(), holds }
}

fn post(world: &World) -> MediaUser {
    MediaUser::post(PostId::new(&world.ids))
}

async fn found(world: &World, filter: MediaFilter) -> Vec<MediaId> {
    let assets = world.store.list_media(&world.tenant, &filter, PAGE).await.unwrap();
    assets.iter().map(|asset| asset.id).collect()
}

async fn an_asset_reads_back_as_it_was_stored_and_only_its_words_change(database: TestDatabase) {
    let world = World::new(&database).await;
    let (cake, clip) = (image(&world, "cake"), video(&world, "clip"));
    world.commit([put(&cake), put(&clip)]).await.unwrap();
    assert_eq!(world.store.find_media(&world.tenant, cake.id).await.unwrap(), Some(cake.clone()));
    let by_content = world.store.find_media_by_content(&world.tenant, &clip.sha256).await.unwrap();
    assert_eq!(by_content, Some(clip));
    let renamed = MediaAsset {
        file_name: "tart.png".into(),
        alt_text: None,
        tags: Vec::new(),
        bytes: 1,
        width: 1,
        sha256: "other".into(),
        ..cake.clone()
    };
    world.commit([put(&renamed)]).await.unwrap();
    let stored = world.store.find_media(&world.tenant, cake.id).await.unwrap().unwrap();
    assert_eq!(stored, MediaAsset { file_name: "tart.png".into(), alt_text: None, tags: Vec::new(), ..cake });
}

async fn a_tenant_holds_a_content_once_and_each_tenant_its_own(database: TestDatabase) {
    let world = World::new(&database).await;
    world.commit([put(&image(&world, "cake"))]).await.unwrap();
    assert!(is_conflict(&world.commit([put(&image(&world, "cake"))]).await));
    let neighbour = world.neighbour().await;
    neighbour.commit([put(&image(&neighbour, "cake"))]).await.unwrap();
}

async fn of_many_who_bring_the_same_content_one_does(database: TestDatabase) {
    let world = World::new(&database).await;
    let bring = (0..8).map(|_| world.commit([put(&image(&world, "cake"))]));
    let outcomes = futures::future::join_all(bring).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().filter(|outcome| outcome.is_err()).all(is_conflict));
    assert_eq!(found(&world, MediaFilter::default()).await.len(), 1);
}

async fn assets_are_found_by_kind_tag_text_and_use(database: TestDatabase) {
    let world = World::new(&database).await;
    let cake = image(&world, "cake");
    let tart = MediaAsset { tags: vec!["cakes".into()], alt_text: None, ..image(&world, "Tart_1") };
    let clip = video(&world, "clip");
    world.commit([put(&cake), put(&tart), put(&clip)]).await.unwrap();
    world.commit([uses(post(&world), &[&clip], false)]).await.unwrap();
    let all = MediaFilter::default();
    assert_eq!(found(&world, all.clone()).await, [clip.id, tart.id, cake.id]);
    let of_kind = |kind| MediaFilter { kind: Some(kind), ..MediaFilter::default() };
    assert_eq!(found(&world, of_kind(MediaKind::Image)).await, [tart.id, cake.id]);
    assert_eq!(found(&world, of_kind(MediaKind::Video)).await, [clip.id]);
    let tagged = |tag: &str| MediaFilter { tag: Some(tag.into()), ..MediaFilter::default() };
    assert_eq!(found(&world, tagged("cake")).await, [cake.id], "not also those tagged `cakes`");
    assert_eq!(found(&world, tagged("été_2026")).await, [cake.id]);
    assert!(found(&world, tagged("été%2026")).await.is_empty());
    let with = |text: &str| MediaFilter { text: Some(text.into()), ..MediaFilter::default() };
    assert_eq!(found(&world, with("TART_")).await, [tart.id]);
    assert_eq!(found(&world, with("100 % choco")).await, [cake.id]);
    assert!(found(&world, with("100%choco")).await.is_empty(), "a percent sign is a percent sign");
    let used = |used| MediaFilter { used: Some(used), ..MediaFilter::default() };
    assert_eq!(found(&world, used(true)).await, [clip.id]);
    assert_eq!(found(&world, used(false)).await, [tart.id, cake.id]);
    let second = PageRequest { before: Some(clip.id.0), limit: 1 };
    let second = world.store.list_media(&world.tenant, &all, second).await.unwrap();
    assert_eq!(second.iter().map(|asset| asset.id).collect::<Vec<_>>(), [tart.id]);
}

async fn an_asset_that_somebody_holds_cannot_be_deleted_and_the_refusal_names_who(database: TestDatabase) {
    let world = World::new(&database).await;
    let (cake, by) = (image(&world, "cake"), post(&world));
    world.commit([put(&cake), uses(by, &[&cake], true)]).await.unwrap();
    match world.commit([Change::DeleteMedia(cake.id)]).await {
        Err(StoreError::Conflict(problem)) => assert!(problem.contains(&by.to_string()), "{problem}"),
        other => panic!("{other:?}"),
    }
    assert!(world.store.find_media(&world.tenant, cake.id).await.unwrap().is_some());
    world.commit([uses(by, &[&cake], false)]).await.unwrap();
    world.commit([Change::DeleteMedia(cake.id)]).await.unwrap();
    assert!(world.store.find_media(&world.tenant, cake.id).await.unwrap().is_none());
    assert!(world.store.media_uses(&world.tenant, &[cake.id]).await.unwrap().is_empty());
    assert!(is_conflict(&world.commit([Change::DeleteMedia(cake.id)]).await), "it is gone already");
}

async fn what_is_used_is_said_anew_as_a_whole(database: TestDatabase) {
    let world = World::new(&database).await;
    let (cake, tart) = (image(&world, "cake"), image(&world, "tart"));
    let (first, second) = (post(&world), post(&world));
    world.commit([put(&cake), put(&tart)]).await.unwrap();
    world.commit([uses(first, &[&cake, &tart, &cake], true), uses(second, &[&cake], false)]).await.unwrap();
    world.commit([uses(first, &[&tart], true)]).await.unwrap();
    let all = world.store.media_uses(&world.tenant, &[cake.id, tart.id]).await.unwrap();
    let expected = [
        MediaUse { media: cake.id, by: second, holds: false },
        MediaUse { media: tart.id, by: first, holds: true },
    ];
    assert_eq!(all, expected);
    let unknown = image(&world, "never stored");
    assert!(is_conflict(&world.commit([uses(first, &[&cake, &unknown], true)]).await));
    assert_eq!(world.store.media_uses(&world.tenant, &[cake.id, tart.id]).await.unwrap(), expected);
    world.commit([uses(first, &[], true)]).await.unwrap();
    assert_eq!(world.store.media_uses(&world.tenant, &[tart.id]).await.unwrap(), []);
}

async fn strangers_find_no_asset_use_none_and_delete_none(database: TestDatabase) {
    let world = World::new(&database).await;
    let cake = image(&world, "cake");
    world.commit([put(&cake)]).await.unwrap();
    let rival = world.neighbour().await;
    assert!(rival.store.find_media(&rival.tenant, cake.id).await.unwrap().is_none());
    assert!(rival.store.find_media_by_content(&rival.tenant, &cake.sha256).await.unwrap().is_none());
    assert!(rival.store.media_among(&rival.tenant, &[cake.id]).await.unwrap().is_empty());
    assert_eq!(world.store.media_among(&world.tenant, &[cake.id]).await.unwrap(), [cake.id]);
    assert!(is_conflict(&rival.commit([uses(post(&rival), &[&cake], true)]).await));
    assert!(is_conflict(&rival.commit([Change::DeleteMedia(cake.id)]).await));
    let stolen = MediaAsset { tenant: rival.tenant, file_name: "mine.png".into(), ..cake.clone() };
    assert!(is_conflict(&rival.commit([put(&stolen)]).await));
    assert_eq!(world.store.find_media(&world.tenant, cake.id).await.unwrap(), Some(cake));
}

fn upload(world: &World, bytes: u64) -> MediaUpload {
    MediaUpload {
        id: UploadId::new(&world.ids),
        tenant: world.tenant,
        file_name: "reel.mp4".into(),
        bytes,
        status: UploadStatus::Receiving,
        media: None,
        error: None,
        created_by: "cli".into(),
        created_at: world.now(),
        updated_at: world.now(),
    }
}

fn put_upload(upload: &MediaUpload) -> Change {
    Change::PutUpload(Box::new(upload.clone()))
}

async fn an_upload_moves_on_and_is_forgotten(database: TestDatabase) {
    let world = World::new(&database).await;
    let (first, second) = (upload(&world, 5_000_000_000), upload(&world, 7));
    world.commit([put_upload(&first), put_upload(&second)]).await.unwrap();
    assert_eq!(world.store.announced_bytes(&world.tenant).await.unwrap(), (5_000_000_007, 2));
    world.pass(Duration::from_secs(5));
    let asset = image(&world, "cake");
    let done = MediaUpload {
        status: UploadStatus::Done,
        media: Some(asset.id),
        updated_at: world.now(),
        ..first.clone()
    };
    world.commit([put_upload(&done)]).await.unwrap();
    assert_eq!(world.store.find_upload(&world.tenant, first.id).await.unwrap(), Some(done));
    assert_eq!(world.store.announced_bytes(&world.tenant).await.unwrap(), (7, 1));
    let rival = world.neighbour().await;
    assert_eq!(rival.store.find_upload(&rival.tenant, second.id).await.unwrap(), None);
    rival.commit([Change::DeleteUpload(second.id)]).await.unwrap();
    assert!(world.store.find_upload(&world.tenant, second.id).await.unwrap().is_some());
    world.commit([Change::DeleteUpload(second.id)]).await.unwrap();
    assert_eq!(world.store.find_upload(&world.tenant, second.id).await.unwrap(), None);
}

async fn uploads_that_do_not_move_on_are_found_by_their_age(database: TestDatabase) {
    let world = World::new(&database).await;
    let old = upload(&world, 1);
    world.commit([put_upload(&old)]).await.unwrap();
    world.pass(Duration::from_secs(60));
    let rival = world.neighbour().await;
    let newer = upload(&rival, 1);
    rival.commit([put_upload(&newer)]).await.unwrap();
    world.pass(Duration::from_secs(1));
    assert_eq!(world.store.stale_uploads(old.updated_at, 10).await.unwrap(), []);
    let second = Duration::from_micros(1);
    assert_eq!(world.store.stale_uploads(newer.updated_at, 10).await.unwrap(), std::slice::from_ref(&old));
    assert_eq!(world.store.stale_uploads(newer.updated_at + second, 10).await.unwrap(), [old, newer]);
}
