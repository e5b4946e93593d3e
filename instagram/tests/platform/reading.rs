//! Mentions and the account itself.

use serde_json::json;
use tenants::account::LoginFlavour::{Facebook, Instagram};
use tenants::effect::ErrorCategory;
use tenants::event::Person;
use tenants::ports::Messenger;

use crate::support::{Room, Stub};

const OWN: &str = "GET /fb/v25.0/17841400000000123";

#[tokio::test]
async fn a_mention_in_a_comment_is_read_through_the_account() {
    let stub = Stub::start().await;
    let comment = json!({"id": "1808", "text": "look @acme", "username": "fan"});
    stub.on(OWN, 200, json!({"id": "1", "mentioned_comment": comment})).on(OWN, 200, json!({"id": "1"}));
    let room = Room::new(&stub.address, Facebook);
    let mention = room.gateway.read_mention(&room.account, "1790", Some("1808")).await.unwrap().unwrap();
    assert_eq!(mention.text, "look @acme");
    assert_eq!(mention.author, Person { id: String::new(), username: Some("fan".into()) });
    assert_eq!(
        stub.calls(),
        [format!("{OWN} fields=mentioned_comment.comment_id(1808){{id,text,username}}")]
    );
    assert_eq!(room.gateway.read_mention(&room.account, "1790", Some("1808")).await.unwrap(), None);
}

#[tokio::test]
async fn a_mention_in_a_caption_is_read_through_the_account() {
    let stub = Stub::start().await;
    let media = json!({"id": "1790", "caption": "with @acme", "username": "fan"});
    stub.on(OWN, 200, json!({"id": "1", "mentioned_media": media}));
    let gone = json!({"error": {"message": "gone", "code": 100, "error_subcode": 33}});
    stub.on(OWN, 400, gone).on(OWN, 500, json!({"error": {"message": "later", "code": 2}}));
    let room = Room::new(&stub.address, Facebook);
    let mention = room.gateway.read_mention(&room.account, "1790", None).await.unwrap().unwrap();
    assert_eq!(mention.text, "with @acme");
    assert_eq!(stub.calls(), [format!("{OWN} fields=mentioned_media.media_id(1790){{id,caption,username}}")]);
    assert_eq!(room.gateway.read_mention(&room.account, "1790", None).await.unwrap(), None);
    let error = room.gateway.read_mention(&room.account, "1790", None).await.unwrap_err();
    assert_eq!(error.category, ErrorCategory::Transient);
}

#[tokio::test]
async fn a_mention_in_a_comment_is_read_directly_on_instagram_login_where_it_is_shown() {
    let stub = Stub::start().await;
    let comment = json!({"id": "1808", "text": "look @acme", "from": {"id": "1230", "username": "fan"}});
    let gone = json!({"error": {"message": "gone", "code": 100, "error_subcode": 33}});
    stub.on("GET /ig/v25.0/1808", 200, comment).on("GET /ig/v25.0/1808", 400, gone);
    let mentioned = json!({"mentioned_comment": {"id": "1808", "text": "look", "username": "fan"}});
    stub.on("GET /ig/v25.0/17841400000000123", 200, mentioned);
    let room = Room::new(&stub.address, Instagram);
    let mention = room.gateway.read_mention(&room.account, "1790", Some("1808")).await.unwrap().unwrap();
    assert_eq!(mention.author, Person { id: "1230".into(), username: Some("fan".into()) });
    let mention = room.gateway.read_mention(&room.account, "1790", Some("1808")).await.unwrap().unwrap();
    assert_eq!((mention.author.id.as_str(), mention.text.as_str()), ("", "look"));
}

#[tokio::test]
async fn an_account_tells_its_name_flat_or_wrapped() {
    let stub = Stub::start().await;
    let me = "GET /ig/v25.0/me";
    stub.on(me, 200, json!({"user_id": "17841400000000123", "username": "acme"}));
    stub.on(me, 200, json!({"data": [{"user_id": "17841400000000123", "username": "acme2"}]}));
    stub.on(me, 400, json!({"error": {"message": "expired", "code": 190}}));
    let room = Room::new(&stub.address, Instagram);
    assert_eq!(room.gateway.check_account(&room.account).await.unwrap(), "acme");
    assert_eq!(room.gateway.check_account(&room.account).await.unwrap(), "acme2");
    let error = room.gateway.check_account(&room.account).await.unwrap_err();
    assert_eq!((error.category, error.code), (ErrorCategory::AuthFailure, Some(190)));
    assert_eq!(stub.calls()[0], "GET /ig/v25.0/me fields=user_id,username");

    stub.on(OWN, 200, json!({"id": "17841400000000123", "username": "acme"}));
    let room = Room::new(&stub.address, Facebook);
    assert_eq!(room.gateway.check_account(&room.account).await.unwrap(), "acme");
}
