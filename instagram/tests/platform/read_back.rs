//! Finding out what became of an effect whose answer was lost.

use serde_json::{Value, json};
use tenants::account::LoginFlavour::{self, Facebook, Instagram};
use tenants::effect::{Action, ErrorCategory, LikeTarget, ReplyTarget};
use tenants::ports::{Finding, Messenger, SendError};

use crate::support::{NOW, Room, Stub};

const REPLIES: &str = "GET /ig/v25.0/1801/replies";
const COMMENT: &str = "GET /ig/v25.0/1801";
const THREADS: &str = "GET /ig/v25.0/17841400000000123/conversations";
const THREAD: &str = "GET /ig/v25.0/t1";

async fn look(
    stub: &Stub,
    flavour: LoginFlavour,
    action: Action,
    ours: &[&str],
) -> Result<Finding, SendError> {
    let room = Room::new(&stub.address, flavour);
    let ours: Vec<String> = ours.iter().map(|id| (*id).to_owned()).collect();
    room.gateway.look_for(&room.account, &action, NOW, &ours).await
}

fn reply() -> Action {
    let target = ReplyTarget::Comment { comment_id: "1801".into() };
    Action::ReplyComment { target, text: "thank you".into() }
}

fn mention(comment_id: Option<&str>) -> Action {
    let target = ReplyTarget::Mention { media_id: "1790".into(), comment_id: comment_id.map(Into::into) };
    Action::ReplyComment { target, text: "thank you".into() }
}

fn send_dm() -> Action {
    Action::SendDm { recipient_id: "1230".into(), text: "thank you".into() }
}

fn written(id: &str, time: &str, from: &str, text: &str) -> Value {
    json!({"id": id, "timestamp": format!("2026-03-04T05:{time}+0000"), "from": {"id": from}, "text": text})
}

fn gone() -> Value {
    json!({"error": {"message": "does not exist", "type": "GraphMethodException", "code": 100, "error_subcode": 33}})
}

fn done(id: &str) -> Finding {
    Finding::Done(Some(id.to_owned()))
}

async fn reply_stub(replies: Value) -> Stub {
    let stub = Stub::start().await;
    stub.on(COMMENT, 200, json!({"id": "1801"})).on(REPLIES, 200, json!({ "data": replies }));
    stub
}

#[tokio::test]
async fn a_reply_is_found_by_author_words_and_time() {
    let cases = [
        ("ours", written("9", "06:07", "17841400000000123", "thank you"), done("9")),
        ("ours under the other id", written("9", "06:09", "24000000000000001", "thank you"), done("9")),
        ("white space is joined", written("9", "06:09", "17841400000000123", "thank  you\n"), done("9")),
        ("whole seconds and clock skew", written("9", "06:00", "17841400000000123", "thank you"), done("9")),
        ("before our time", written("9", "05:30", "17841400000000123", "thank you"), Finding::NotDone),
        ("by a stranger", written("9", "06:09", "1230", "thank you"), Finding::NotDone),
        ("other words", written("9", "06:09", "17841400000000123", "thanks"), Finding::NotDone),
        ("of another effect", written("8", "06:09", "17841400000000123", "thank you"), Finding::NotDone),
    ];
    for (case, item, expected) in cases {
        let stub = reply_stub(json!([item])).await;
        assert_eq!(look(&stub, Instagram, reply(), &["8"]).await.unwrap(), expected, "{case}");
    }
}

#[tokio::test]
async fn the_author_may_be_told_by_name_only() {
    let mut item = written("9", "06:09", "x", "thank you");
    item.as_object_mut().unwrap().remove("from");
    item["username"] = json!("ACME");
    let stub = reply_stub(json!([item])).await;
    assert_eq!(look(&stub, Instagram, reply(), &[]).await.unwrap(), done("9"));
    item["username"] = json!("fan");
    let stub = reply_stub(json!([item])).await;
    assert_eq!(look(&stub, Instagram, reply(), &[]).await.unwrap(), Finding::NotDone);
}

#[tokio::test]
async fn of_two_equal_replies_each_effect_finds_its_own() {
    let own = "17841400000000123";
    let items =
        json!([written("later", "07:00", own, "thank you"), written("sooner", "06:08", own, "thank you")]);
    let stub = reply_stub(items.clone()).await;
    assert_eq!(look(&stub, Instagram, reply(), &[]).await.unwrap(), done("sooner"));
    let stub = reply_stub(items).await;
    assert_eq!(look(&stub, Instagram, reply(), &["sooner"]).await.unwrap(), done("later"));
}

#[tokio::test]
async fn all_pages_are_read() {
    let stub = Stub::start().await;
    let paging = json!({"cursors": {"after": "CUR"}, "next": "https://elsewhere.example"});
    stub.on(COMMENT, 200, json!({"id": "1801"}));
    stub.on(REPLIES, 200, json!({"data": [written("1", "06:09", "1230", "hi")], "paging": paging}));
    stub.on(REPLIES, 200, json!({"data": [written("9", "06:09", "17841400000000123", "thank you")]}));
    assert_eq!(look(&stub, Instagram, reply(), &[]).await.unwrap(), done("9"));
    let calls = stub.calls();
    assert_eq!(calls[0], "GET /ig/v25.0/1801 fields=id,parent_id");
    let list = "GET /ig/v25.0/1801/replies fields=id,text,timestamp,username,from{id,username}&limit=50";
    assert_eq!(calls[1..], [list.to_owned(), format!("{list}&after=CUR")]);
}

#[tokio::test]
async fn a_reply_to_a_reply_stands_under_the_top_comment() {
    let stub = Stub::start().await;
    stub.on(COMMENT, 200, json!({"id": "1801", "parent_id": "1700"}));
    let items = json!({"data": [written("9", "06:09", "17841400000000123", "thank you")]});
    stub.on("GET /ig/v25.0/1700/replies", 200, items);
    assert_eq!(look(&stub, Instagram, reply(), &[]).await.unwrap(), done("9"));
}

#[tokio::test]
async fn a_reply_to_a_comment_that_is_gone_cannot_happen_any_more() {
    let stub = Stub::start().await;
    stub.on(COMMENT, 400, gone());
    assert_eq!(look(&stub, Instagram, reply(), &[]).await.unwrap(), Finding::TargetGone);
}

#[tokio::test]
async fn trouble_while_reading_is_no_finding() {
    let stub = Stub::start().await;
    stub.on(COMMENT, 200, json!({"id": "1801"}));
    stub.on(REPLIES, 500, json!({"error": {"message": "x", "code": 2}}));
    let error = look(&stub, Instagram, reply(), &[]).await.unwrap_err();
    assert_eq!(error.category, ErrorCategory::Transient);
}

#[tokio::test]
async fn a_mention_whose_comments_are_shown_is_read_like_a_comment() {
    let stub = Stub::start().await;
    let items = json!({"data": [written("9", "06:09", "17841400000000123", "thank you")]});
    stub.on("GET /fb/v25.0/1808/replies", 200, items).on(
        "GET /fb/v25.0/1790/comments",
        200,
        json!({"data": []}),
    );
    assert_eq!(look(&stub, Facebook, mention(Some("1808")), &[]).await.unwrap(), done("9"));
    assert_eq!(look(&stub, Facebook, mention(None), &[]).await.unwrap(), Finding::NotDone);
}

#[tokio::test]
async fn a_mention_whose_comments_are_hidden_is_left_to_a_person() {
    let stub = Stub::start().await;
    let own = "GET /fb/v25.0/17841400000000123";
    stub.on("GET /fb/v25.0/1790/comments", 400, gone());
    stub.on(
        own,
        200,
        json!({"id": "1", "mentioned_media": {"id": "1790", "caption": "hi", "username": "fan"}}),
    );
    stub.on(own, 200, json!({"id": "1"}));
    let error = look(&stub, Facebook, mention(None), &[]).await.unwrap_err();
    assert_eq!(error.category, ErrorCategory::Unknown);
    assert!(error.message.contains("decide"), "{}", error.message);
    assert_eq!(look(&stub, Facebook, mention(None), &[]).await.unwrap(), Finding::TargetGone);
}

#[tokio::test]
async fn hiding_is_read_from_the_comment() {
    let hide = || Action::HideComment { comment_id: "1801".into() };
    let stub = Stub::start().await;
    stub.on(COMMENT, 200, json!({"id": "1801", "hidden": true})).on(
        COMMENT,
        200,
        json!({"id": "1801", "hidden": false}),
    );
    stub.on(COMMENT, 200, json!({"id": "1801"})).on(COMMENT, 400, gone());
    assert_eq!(look(&stub, Instagram, hide(), &[]).await.unwrap(), Finding::Done(None));
    assert_eq!(look(&stub, Instagram, hide(), &[]).await.unwrap(), Finding::NotDone);
    assert_eq!(look(&stub, Instagram, hide(), &[]).await.unwrap(), Finding::NotDone);
    assert_eq!(look(&stub, Instagram, hide(), &[]).await.unwrap(), Finding::TargetGone);
}

#[tokio::test]
async fn a_comment_that_is_gone_was_deleted() {
    let delete = || Action::DeleteComment { comment_id: "1801".into() };
    let stub = Stub::start().await;
    stub.on(COMMENT, 200, json!({"id": "1801"})).on(COMMENT, 400, gone());
    assert_eq!(look(&stub, Instagram, delete(), &[]).await.unwrap(), Finding::NotDone);
    assert_eq!(look(&stub, Instagram, delete(), &[]).await.unwrap(), Finding::Done(None));
}

#[tokio::test]
async fn a_like_may_be_repeated_without_looking() {
    let stub = Stub::start().await;
    let message = LikeTarget::Message { recipient_id: "1230".into(), mid: "m1".into() };
    for target in [message, LikeTarget::Comment { comment_id: "1801".into() }] {
        assert_eq!(look(&stub, Facebook, Action::Like { target }, &[]).await.unwrap(), Finding::NotDone);
    }
    assert!(stub.calls().is_empty());
}

fn listed(id: &str, time: &str) -> Value {
    json!({"id": id, "created_time": format!("2026-03-04T05:{time}+0000")})
}

async fn thread_stub(messages: Value) -> Stub {
    let stub = Stub::start().await;
    stub.on(THREADS, 200, json!({"data": [{"id": "t1"}]}));
    stub.on(THREAD, 200, json!({"id": "t1", "messages": {"data": messages}}));
    stub
}

fn detail(from: &str, text: &str) -> Value {
    json!({"id": "x", "from": {"id": from, "username": "x"}, "message": text})
}

#[tokio::test]
async fn a_message_is_found_in_the_thread_with_the_person() {
    let stub =
        thread_stub(json!([listed("m3", "07:00"), listed("m2", "06:09"), listed("m1", "01:00")])).await;
    stub.on("GET /ig/v25.0/m3", 200, detail("1230", "thank you"));
    stub.on("GET /ig/v25.0/m2", 200, detail("17841400000000123", "thank you"));
    assert_eq!(look(&stub, Instagram, send_dm(), &[]).await.unwrap(), done("m2"));
    let calls = stub.calls();
    assert_eq!(calls[0], format!("{THREADS} platform=instagram&user_id=1230&fields=id"));
    assert_eq!(calls[1], format!("{THREAD} fields=messages"));
    assert_eq!(calls[2], "GET /ig/v25.0/m3 fields=id,created_time,from,message");
    assert_eq!(calls.len(), 4, "messages from before are not read");
}

#[tokio::test]
async fn a_message_that_is_not_there_was_not_sent() {
    let stub = thread_stub(json!([listed("m3", "07:00"), listed("m2", "06:09")])).await;
    stub.on("GET /ig/v25.0/m3", 200, detail("1230", "thank you"));
    let deleted = json!({"error": {"message": "deleted", "code": 9000001}});
    stub.on("GET /ig/v25.0/m2", 400, deleted);
    assert_eq!(look(&stub, Instagram, send_dm(), &[]).await.unwrap(), Finding::NotDone);

    let stub = Stub::start().await;
    stub.on(THREADS, 200, json!({"data": []}));
    assert_eq!(look(&stub, Instagram, send_dm(), &[]).await.unwrap(), Finding::NotDone);
}

#[tokio::test]
async fn a_thread_too_busy_to_read_is_left_to_a_person() {
    let messages: Vec<Value> = (0..21).map(|n| listed(&format!("m{n}"), "07:00")).collect();
    let stub = thread_stub(json!(messages)).await;
    for n in 0..21 {
        stub.on(&format!("GET /ig/v25.0/m{n}"), 200, detail("1230", "and another thing"));
    }
    let error = look(&stub, Instagram, send_dm(), &[]).await.unwrap_err();
    assert_eq!(error.category, ErrorCategory::Unknown);
}

#[tokio::test]
async fn a_private_reply_is_found_in_the_thread_with_the_author_of_the_comment() {
    let stub = thread_stub(json!([listed("m2", "06:09")])).await;
    stub.on(COMMENT, 200, json!({"id": "1801", "from": {"id": "1230", "username": "fan"}}));
    stub.on("GET /ig/v25.0/m2", 200, detail("17841400000000123", "psst"));
    let action = Action::PrivateReply { comment_id: "1801".into(), text: "psst".into() };
    assert_eq!(look(&stub, Instagram, action, &[]).await.unwrap(), done("m2"));
    assert!(stub.calls()[1].contains("user_id=1230"));
}

#[tokio::test]
async fn threads_of_facebook_login_are_those_of_the_page() {
    let stub = Stub::start().await;
    stub.on("GET /fb/v25.0/1029384756/conversations", 200, json!({"data": []}));
    assert_eq!(look(&stub, Facebook, send_dm(), &[]).await.unwrap(), Finding::NotDone);
}
