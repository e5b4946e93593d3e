//! Each action is one exact call.

use secrecy::SecretString;
use serde_json::json;
use std::sync::atomic::Ordering;
use tenants::account::LoginFlavour::{self, Facebook, Instagram};
use tenants::effect::{Action, ErrorCategory, LikeTarget, ReplyTarget, SkipReason};
use tenants::ports::{Connector, Messenger, Signal};

use crate::support::{Room, Stub, TOKEN, vault};

fn reply(text: &str) -> Action {
    let target = ReplyTarget::Comment { comment_id: "1801".into() };
    Action::ReplyComment { target, text: text.into() }
}

fn mention(comment_id: Option<&str>) -> Action {
    let target = ReplyTarget::Mention { media_id: "1790".into(), comment_id: comment_id.map(Into::into) };
    Action::ReplyComment { target, text: "hi".into() }
}

fn send_dm(text: &str) -> Action {
    Action::SendDm { recipient_id: "1230".into(), text: text.into() }
}

/// Performs an action and gives back the call and the id from the answer.
async fn performed(flavour: LoginFlavour, action: Action, on: &str) -> (Vec<String>, Option<String>) {
    let stub = Stub::start().await;
    stub.on(
        on,
        200,
        json!({"id": 18000000000000099u64, "message_id": "m9", "recipient_id": "1230", "success": true}),
    );
    let room = Room::new(&stub.address, flavour);
    let receipt = room.gateway.perform(&room.account, &action).await.unwrap();
    assert_eq!(stub.authorizations(), [format!("Bearer {TOKEN}")]);
    assert!(!stub.calls()[0].contains(TOKEN), "the token is in the header only");
    (stub.calls(), receipt.instagram_id)
}

#[tokio::test]
async fn a_public_reply_goes_to_the_replies_of_the_comment() {
    for (flavour, host) in [(Instagram, "/ig"), (Facebook, "/fb")] {
        let path = format!("POST {host}/v25.0/1801/replies");
        let (calls, id) = performed(flavour, reply("thank you & welcome"), &path).await;
        assert_eq!(calls, [format!("{path} message=thank+you+%26+welcome")]);
        assert_eq!(id.as_deref(), Some("18000000000000099"), "an id beyond 2^53 keeps its digits");
    }
}

#[tokio::test]
async fn a_mention_is_answered_through_the_account() {
    let path = "POST /fb/v25.0/17841400000000123/mentions";
    let (calls, id) = performed(Facebook, mention(None), path).await;
    assert_eq!(calls, [format!("{path} media_id=1790&message=hi")]);
    assert!(id.is_some());
    let path = "POST /ig/v25.0/17841400000000123/mentions";
    let (calls, _) = performed(Instagram, mention(Some("1808")), path).await;
    assert_eq!(calls, [format!("{path} media_id=1790&comment_id=1808&message=hi")]);
}

#[tokio::test]
async fn hiding_has_its_parameter_in_the_query_and_deleting_is_a_delete() {
    let hide = Action::HideComment { comment_id: "1801".into() };
    let (calls, id) = performed(Instagram, hide, "POST /ig/v25.0/1801").await;
    assert_eq!((calls, id), (vec!["POST /ig/v25.0/1801 hide=true".to_owned()], None));
    let delete = Action::DeleteComment { comment_id: "1801".into() };
    let (calls, id) = performed(Facebook, delete, "DELETE /fb/v25.0/1801").await;
    assert_eq!((calls, id), (vec!["DELETE /fb/v25.0/1801".to_owned()], None));
}

#[tokio::test]
async fn direct_messages_leave_from_the_account_or_its_page() {
    for (flavour, path) in [
        (Instagram, "POST /ig/v25.0/17841400000000123/messages"),
        (Facebook, "POST /fb/v25.0/1029384756/messages"),
    ] {
        let private = Action::PrivateReply { comment_id: "1801".into(), text: "psst".into() };
        let cases = [
            (private, r#"{"message":{"text":"psst"},"recipient":{"comment_id":"1801"}}"#),
            (
                send_dm("hi"),
                r#"{"message":{"text":"hi"},"messaging_type":"RESPONSE","recipient":{"id":"1230"}}"#,
            ),
            (
                Action::ReplyDm { recipient_id: "1230".into(), mid: "m1".into(), text: "hi".into() },
                r#"{"message":{"text":"hi"},"messaging_type":"RESPONSE","recipient":{"id":"1230"},"reply_to":{"mid":"m1"}}"#,
            ),
        ];
        for (action, body) in cases {
            let (calls, id) = performed(flavour, action, path).await;
            assert_eq!(json_of(&calls[0], path), json(body));
            assert_eq!(id.as_deref(), Some("m9"));
        }
    }
}

#[tokio::test]
async fn a_like_of_a_message_is_a_love_reaction() {
    let target = LikeTarget::Message { recipient_id: "1230".into(), mid: "m1".into() };
    let path = "POST /ig/v25.0/17841400000000123/messages";
    let (calls, id) = performed(Instagram, Action::Like { target }, path).await;
    let body = r#"{"payload":{"message_id":"m1","reaction":"love"},"recipient":{"id":"1230"},"sender_action":"react"}"#;
    assert_eq!((json_of(&calls[0], path), id), (json(body), None));
}

#[tokio::test]
async fn a_like_of_a_comment_needs_facebook_login() {
    let like = || Action::Like { target: LikeTarget::Comment { comment_id: "1801".into() } };
    let path = "POST /fb/v25.0/17841400000000123/likes";
    let (calls, _) = performed(Facebook, like(), path).await;
    assert_eq!(calls, [format!("{path} comment_id=1801")]);

    let stub = Stub::start().await;
    let room = Room::new(&stub.address, Instagram);
    let error = room.gateway.perform(&room.account, &like()).await.unwrap_err();
    assert_eq!(error.category, ErrorCategory::Permanent);
    assert!(error.message.contains("connect it by Facebook Login"));
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn a_page_that_is_not_known_is_me() {
    let stub = Stub::start().await;
    stub.on("POST /fb/v25.0/me/messages", 200, json!({"recipient_id": "1230", "message_id": "m9"}));
    let mut room = Room::new(&stub.address, Facebook);
    room.account.page_id = None;
    room.gateway.perform(&room.account, &send_dm("hi")).await.unwrap();
}

#[tokio::test]
async fn texts_that_instagram_does_not_take_are_refused_before_the_call() {
    let stub = Stub::start().await;
    let room = Room::new(&stub.address, Instagram);
    let too_long = [send_dm(&"ä".repeat(501)), reply(&"a".repeat(2_201)), send_dm(""), reply(" \n")];
    let odd_ids = [Action::HideComment { comment_id: "1/replies".into() }, mention(Some("1)&x"))];
    for action in too_long.into_iter().chain(odd_ids) {
        let error = room.gateway.perform(&room.account, &action).await.unwrap_err();
        assert_eq!(error.category, ErrorCategory::Permanent, "{action:?}");
    }
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn usage_headers_come_with_receipts_and_errors() {
    let stub = Stub::start().await;
    let headers = [("x-app-usage", r#"{"call_volume":40,"cpu_time":3}"#)];
    let call = "POST /ig/v25.0/1801/replies";
    stub.on_text(call, 200, &headers, r#"{"id":"1"}"#);
    stub.on_text(call, 403, &headers, r#"{"error":{"message":"x","code":4,"is_transient":true}}"#);
    let room = Room::new(&stub.address, Instagram);
    let receipt = room.gateway.perform(&room.account, &reply("a")).await.unwrap();
    assert_eq!(receipt.usage.app_percent, Some(40.0));
    let error = room.gateway.perform(&room.account, &reply("a")).await.unwrap_err();
    assert_eq!((error.category, error.usage.app_percent), (ErrorCategory::RateLimit, Some(40.0)));
    assert!(error.app_wide);
}

#[tokio::test]
async fn a_second_private_reply_says_that_the_first_was_delivered() {
    let stub = Stub::start().await;
    let body = json!({"error": {"message": "already has a reply", "code": 100, "error_subcode": 2534023}});
    stub.on("POST /ig/v25.0/17841400000000123/messages", 400, body);
    let room = Room::new(&stub.address, Instagram);
    let action = Action::PrivateReply { comment_id: "1801".into(), text: "psst".into() };
    let error = room.gateway.perform(&room.account, &action).await.unwrap_err();
    assert_eq!(error.skip_reason, Some(SkipReason::AlreadyReplied));
}

#[tokio::test]
async fn a_token_is_opened_once_and_again_after_a_refusal_or_when_forgotten() {
    let stub = Stub::start().await;
    let call = "POST /ig/v25.0/1801/replies";
    stub.on(call, 200, json!({"id": "1"})).on(call, 200, json!({"id": "2"}));
    stub.on(call, 400, json!({"error": {"message": "expired", "code": 190, "error_subcode": 463}}));
    stub.on(call, 200, json!({"id": "3"}));
    let room = Room::new(&stub.address, Instagram);
    let reads = || room.directory.token_reads.load(Ordering::Relaxed);
    let send = async || room.gateway.perform(&room.account, &reply("a")).await;

    send().await.unwrap();
    send().await.unwrap();
    assert_eq!(reads(), 1);
    assert_eq!(send().await.unwrap_err().category, ErrorCategory::AuthFailure);
    send().await.unwrap();
    assert_eq!(reads(), 2);
    room.gateway.forget(&room.account.id);
    send().await.unwrap();
    assert_eq!(reads(), 3);
}

#[tokio::test]
async fn the_token_that_is_renewed_is_the_stored_one_and_not_one_remembered_from_before() {
    let stub = Stub::start().await;
    stub.on("POST /ig/v25.0/1801/replies", 200, json!({"id": "1"}));
    let renewed = json!({"access_token": "IGAAthird", "token_type": "bearer", "expires_in": 5_184_000});
    stub.on("GET /ig/refresh_access_token", 200, renewed);
    let room = Room::new(&stub.address, Instagram);
    room.gateway.perform(&room.account, &reply("a")).await.unwrap();
    // Another node has renewed it.
    let second = SecretString::from("IGAAsecond");
    let sealed = vault().seal_token(&room.account.tenant, &room.account.id, &second).unwrap();
    *room.directory.token.lock().unwrap() = Some(sealed);
    room.gateway.refresh(&room.account).await.unwrap();
    let calls = stub.calls();
    assert!(calls[1].contains("access_token=IGAAsecond"), "{calls:?}");
}

#[tokio::test]
async fn signals_stand_alone_and_go_to_the_person() {
    let stub = Stub::start().await;
    let path = "POST /ig/v25.0/17841400000000123/messages";
    stub.on(path, 200, json!({"recipient_id": "1230"}));
    let room = Room::new(&stub.address, Instagram);
    for signal in [Signal::Seen, Signal::Typing] {
        room.gateway.signal(&room.account, "1230", signal).await.unwrap();
    }
    let said = |action: &str| format!(r#"{path} {{"recipient":{{"id":"1230"}},"sender_action":"{action}"}}"#);
    assert_eq!(stub.calls(), [said("mark_seen"), said("typing_on")]);
}

#[tokio::test]
async fn a_token_never_shows_in_errors_or_debug() {
    let stub = Stub::start().await;
    let message = format!("Malformed access token {TOKEN} and EAAsomebodyElsesTokenOfThePage1234567890");
    let body = json!({"error": {"message": message, "code": 190}});
    stub.on("POST /ig/v25.0/1801/replies", 400, body);
    let room = Room::new(&stub.address, Instagram);
    let error = room.gateway.perform(&room.account, &reply("a")).await.unwrap_err();
    let shown = format!("{error} {error:?} {:?}", room.gateway);
    assert!(shown.contains("Malformed access token [token] and [token]"), "{shown}");
    assert!(!shown.contains(TOKEN));
}

#[tokio::test]
async fn a_missing_foreign_or_unreadable_token_is_told_apart() {
    let stub = Stub::start().await;
    let room = Room::new(&stub.address, Instagram);
    let send = async |account| room.gateway.perform(&account, &reply("a")).await.unwrap_err();

    let mut moved = room.account.clone();
    moved.id = tenants::ids::AccountId(uuid::Uuid::from_u128(1));
    let error = send(moved).await;
    assert_eq!(error.category, ErrorCategory::AuthFailure, "a token copied to another account does not open");

    *room.directory.token.lock().unwrap() = None;
    let error = send(room.account.clone()).await;
    assert_eq!(error.category, ErrorCategory::AuthFailure);
    assert!(error.message.contains("connect it"));

    *room.directory.broken.lock().unwrap() = true;
    assert_eq!(send(room.account.clone()).await.category, ErrorCategory::Transient);
    assert!(stub.calls().is_empty());
}

/// The JSON body of a call with its members sorted.
/// The body of a call; the order of its fields means nothing.
fn json_of(call: &str, path: &str) -> serde_json::Value {
    json(call.strip_prefix(path).unwrap().trim())
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}
