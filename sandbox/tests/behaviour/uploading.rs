//! Videos that are sent instead of being fetched.

use reqwest::header::AUTHORIZATION;
use serde_json::Value;
use troupe_sandbox::{Endpoint, Fault, FaultKind, Login, NewAccount};

use crate::kit::Kit;

/// The beginning of an MP4, and more.
const FILM: &[u8] = b"\0\0\0\x18ftypisom____0123456789";

/// A container that awaits its file, and where it wants it.
async fn container(kit: &Kit) -> (String, String) {
    let query = [("media_type", "REELS"), ("upload_type", "resumable")];
    let made = kit.post("/v25.0/me/media", &query).await.ok();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("uri"))
}

async fn send(
    kit: &Kit,
    uri: &str,
    token: &str,
    offset: usize,
    bytes: &'static [u8],
) -> Option<(u16, Value)> {
    let request = kit.client.post(uri).header(AUTHORIZATION, format!("OAuth {token}"));
    let request = request.header("offset", offset).header("file_size", FILM.len()).body(bytes);
    let answer = request.send().await.ok()?;
    Some((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
}

async fn phase(kit: &Kit, container: &str) -> Value {
    let told = kit.get(&format!("/{container}"), &[("fields", "status_code,video_status")]).await.ok();
    told["video_status"]["uploading_phase"].clone()
}

#[tokio::test]
async fn a_file_arrives_in_parts_and_the_container_says_how_far_it_has_come() {
    let kit = Kit::facebook().await;
    let (id, uri) = container(&kit).await;
    assert_eq!(uri, format!("{}/ig-api-upload/v25.0/{id}", kit.sandbox.base_url()));
    assert_eq!(phase(&kit, &id).await["status"], "not_started");
    let (status, partial) = send(&kit, &uri, &kit.token, 0, &FILM[..10]).await.unwrap();
    let debug = &partial["debug_info"];
    assert_eq!(
        (status, &debug["type"], &debug["retriable"]),
        (400, &"PartialRequestError".into(), &true.into())
    );
    assert_eq!(phase(&kit, &id).await["bytes_transferred"], 10);
    let (_, wrong) = send(&kit, &uri, &kit.token, 9, &FILM[9..]).await.unwrap();
    assert_eq!(wrong["debug_info"]["type"], "OffsetInvalidError");
    let (status, done) = send(&kit, &uri, &kit.token, 10, &FILM[10..]).await.unwrap();
    assert_eq!((status, &done["success"]), (200, &true.into()));
    assert_eq!(phase(&kit, &id).await["status"], "complete");
    let kept = kit.sandbox.containers_of(&kit.shop).unwrap().remove(0);
    assert_eq!(kept.sha256.unwrap(), hex::encode(<sha2::Sha256 as sha2::Digest>::digest(FILM)));
    let (_, again) = send(&kit, &uri, &kit.token, 0, FILM).await.unwrap();
    assert_eq!(again["debug_info"]["type"], "ProcessingFailedError", "a file is sent once");
}

#[tokio::test]
async fn work_begins_when_all_has_arrived_and_only_its_owner_may_send() {
    let kit = Kit::facebook().await;
    let (id, uri) = container(&kit).await;
    let other = kit.sandbox.create_account(NewAccount::new("other").login(Login::Facebook)).unwrap();
    let foreign = kit.sandbox.token(&other).unwrap();
    assert_eq!(send(&kit, &uri, &foreign, 0, FILM).await.unwrap().0, 400);
    assert_eq!(send(&kit, &uri, "EAAnonsense", 0, FILM).await.unwrap().0, 401);
    kit.sandbox.advance_clock(chrono::TimeDelta::hours(1));
    let early = kit.post("/me/media_publish", &[("creation_id", &id)]).await;
    assert_eq!(early.error(), (400, 9_007, 2_207_027), "there is no file yet");
    send(&kit, &uri, &kit.token, 0, FILM).await.unwrap();
    kit.sandbox.advance_clock(chrono::TimeDelta::seconds(3));
    kit.post("/me/media_publish", &[("creation_id", &id)]).await.ok();
}

#[tokio::test]
async fn connections_break_refusals_come_and_numbers_are_wrong_when_faults_say_so() {
    let kit = Kit::facebook().await;
    let (id, uri) = container(&kit).await;
    kit.sandbox.fault(Fault::new(FaultKind::UploadBreaks { after_bytes: 12 }).times(1));
    assert_eq!(send(&kit, &uri, &kit.token, 0, FILM).await, None);
    kit.sandbox.fault(Fault::new(FaultKind::UploadMisreported { by: -2 }).times(1));
    assert_eq!(phase(&kit, &id).await["bytes_transferred"], 10);
    assert_eq!(phase(&kit, &id).await["bytes_transferred"], 12);
    let refused = FaultKind::UploadRefused { retriable: true, reason: "Busy".to_owned() };
    kit.sandbox.fault(Fault::new(refused).times(1));
    let (_, told) = send(&kit, &uri, &kit.token, 12, &FILM[12..]).await.unwrap();
    assert_eq!(
        (&told["debug_info"]["type"], &told["debug_info"]["retriable"]),
        (&"Busy".into(), &true.into())
    );
    let lost = FaultKind::DoneButConnectionDropped { hang: false };
    kit.sandbox.fault(Fault::new(lost).on(Endpoint::UploadVideo).times(1));
    assert_eq!(send(&kit, &uri, &kit.token, 12, &FILM[12..]).await, None);
    assert_eq!(phase(&kit, &id).await["status"], "complete");
    let sent = kit.sandbox.calls().into_iter().filter(|call| call.endpoint == Endpoint::UploadVideo);
    assert_eq!(sent.map(|call| call.status).collect::<Vec<_>>(), [None, Some(400), None]);
}
