use chrono::TimeDelta;
use serde_json::json;
use troupe_sandbox::{Login, NewAccount, NewComment, NewMedia, NewMention, OwnComment, RelationChange};

use crate::kit::Kit;

#[tokio::test]
async fn comments_are_listed_with_author_replies_and_media() {
    let kit = Kit::start().await;
    let media = kit.sandbox.create_media(&kit.shop, NewMedia::post("post")).unwrap().id;
    let first = kit.sandbox.comment(&kit.shop, NewComment::new("fan_one", "price?").on(&media)).unwrap();
    kit.sandbox.comment(&kit.shop, NewComment::new("fan_two", "same question").answering(&first.id)).unwrap();
    let listed = kit.get(&format!("/{media}/comments"), &[]).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1, "replies are no top-level comments");
    assert_eq!(listed["data"][0]["text"], "price?");
    let fields = "id,text,username,from{id,username},hidden,like_count,media{id,media_product_type},replies{text,parent_id}";
    let read = kit.get(&format!("/{}", first.id), &[("fields", fields)]).await.ok();
    assert_eq!(read["from"], json!({"id": kit.igsid("fan_one"), "username": "fan_one"}));
    assert_eq!(read["media"]["media_product_type"], "FEED");
    assert_eq!(read["replies"]["data"][0]["text"], "same question");
    assert_eq!(read["replies"]["data"][0]["parent_id"], first.id.as_str());
    assert!(read["replies"].get("next").is_none());
    assert_eq!(
        kit.get(&format!("/{media}"), &[("fields", "comments_count")]).await.ok()["comments_count"],
        2
    );
}

#[tokio::test]
async fn at_most_fifty_comments_come_in_one_page() {
    let kit = Kit::start().await;
    let media = kit.sandbox.create_media(&kit.shop, NewMedia::post("post")).unwrap().id;
    for number in 0..60 {
        kit.sandbox.comment(&kit.shop, NewComment::new("fan", number.to_string()).on(&media)).unwrap();
    }
    let page = kit.get(&format!("/{media}/comments"), &[("limit", "100")]).await.ok();
    assert_eq!(page["data"].as_array().unwrap().len(), 50);
    assert_eq!(page["data"][0]["text"], "59");
    let expanded = kit.get(&format!("/{media}"), &[("fields", "comments.limit(3){text}")]).await.ok();
    assert_eq!(expanded["comments"]["data"].as_array().unwrap().len(), 3);
    assert!(expanded["comments"]["paging"]["cursors"].is_object());
    assert!(expanded["comments"]["paging"].get("next").is_none());
}

#[tokio::test]
async fn a_reply_to_a_reply_attaches_to_the_top_level_comment() {
    let kit = Kit::start().await;
    let top = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "hello")).unwrap().id;
    let reply = kit.post(&format!("/{top}/replies"), &[("message", "hi")]).await.ok();
    let reply = reply["id"].as_str().unwrap();
    let second = kit.post(&format!("/{reply}/replies"), &[("message", "and more")]).await.ok();
    let read =
        kit.get(&format!("/{}", second["id"].as_str().unwrap()), &[("fields", "parent_id,user")]).await.ok();
    assert_eq!(read["parent_id"], top.as_str());
    assert_eq!(read["user"]["id"], kit.shop.user_id.as_str(), "`user` is shown for own comments");
    assert_eq!(kit.sandbox.replies_of(&top).len(), 2);
}

#[tokio::test]
async fn hidden_comments_cannot_be_replied_to_until_they_are_shown_again() {
    let kit = Kit::start().await;
    let comment = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "scam")).unwrap().id;
    assert_eq!(kit.post(&format!("/{comment}"), &[("hide", "true")]).await.ok(), json!({"success": true}));
    assert_eq!(kit.get(&format!("/{comment}"), &[("fields", "hidden")]).await.ok()["hidden"], true);
    assert_eq!(kit.post(&format!("/{comment}/replies"), &[("message", "hi")]).await.error().1, 100);
    kit.post(&format!("/{comment}"), &[("hide", "false")]).await.ok();
    kit.post(&format!("/{comment}/replies"), &[("message", "hi")]).await.ok();
}

#[tokio::test]
async fn the_owners_own_comment_stays_visible() {
    let kit = Kit::start().await;
    let own = OwnComment { text: "from my phone".to_owned(), ..OwnComment::default() };
    let own = kit.sandbox.own_comment(&kit.shop, own).unwrap().id;
    kit.post(&format!("/{own}"), &[("hide", "true")]).await.ok();
    assert_eq!(kit.get(&format!("/{own}"), &[("fields", "hidden")]).await.ok()["hidden"], false);
}

#[tokio::test]
async fn hide_without_its_parameter_names_it() {
    let kit = Kit::start().await;
    let comment = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "x")).unwrap().id;
    let answer = kit.post(&format!("/{comment}"), &[]).await;
    assert_eq!(answer.error().1, 100);
    assert!(answer.text.contains("hide"));
    assert_eq!(kit.post(&format!("/{comment}/replies"), &[]).await.error().1, 100);
    assert_eq!(kit.post(&format!("/{comment}/replies"), &[("message", "  ")]).await.error().1, 100);
}

#[tokio::test]
async fn a_deleted_comment_is_gone_with_its_replies() {
    let kit = Kit::start().await;
    let media = kit.sandbox.create_media(&kit.shop, NewMedia::post("post")).unwrap().id;
    let top = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "spam").on(&media)).unwrap().id;
    let reply = kit.sandbox.comment(&kit.shop, NewComment::new("fan2", "yes").answering(&top)).unwrap().id;
    assert_eq!(kit.delete(&format!("/{top}")).await.ok(), json!({"success": true}));
    for id in [&top, &reply] {
        assert_eq!(kit.get(&format!("/{id}"), &[]).await.error(), (400, 100, 33));
    }
    assert_eq!(kit.delete(&format!("/{top}")).await.error(), (400, 100, 33));
    assert_eq!(kit.get(&format!("/{media}/comments"), &[]).await.ok(), json!({"data": []}));
    assert_eq!(
        kit.get(&format!("/{media}"), &[("fields", "comments_count")]).await.ok()["comments_count"],
        0
    );
}

#[tokio::test]
async fn comments_can_be_switched_off() {
    let kit = Kit::start().await;
    let media = kit.sandbox.create_media(&kit.shop, NewMedia::post("post")).unwrap().id;
    let missing = kit.post(&format!("/{media}"), &[]).await;
    assert!(missing.text.contains("The parameter comment_enabled is required."));
    kit.post(&format!("/{media}"), &[("comment_enabled", "false")]).await.ok();
    assert_eq!(kit.post(&format!("/{media}/comments"), &[("message", "first")]).await.error().1, 100);
}

#[tokio::test]
async fn a_mentioned_comment_is_read_and_answered_through_the_account() {
    let kit = Kit::facebook().await;
    let mention = NewMention { from: "fan".to_owned(), text: "look @acme".to_owned(), in_caption: false };
    let (media, comment) = kit.sandbox.mention(&kit.shop, mention).unwrap();
    let comment = comment.unwrap();
    assert_eq!(kit.get(&format!("/{comment}"), &[]).await.error(), (400, 100, 33), "not directly readable");
    let account = format!("/{}", kit.shop.user_id);
    let fields = format!("mentioned_comment.comment_id({comment}){{id,text,username,media{{id}}}}");
    let read = kit.get(&account, &[("fields", &fields)]).await.ok();
    assert_eq!(read["mentioned_comment"]["text"], "look @acme");
    assert_eq!(read["mentioned_comment"]["media"]["id"], media.as_str());
    assert_eq!(read["id"], kit.shop.user_id.as_str());
    let answer = [("media_id", media.as_str()), ("comment_id", comment.as_str()), ("message", "thanks")];
    assert!(kit.post(&format!("{account}/mentions"), &answer).await.ok()["id"].is_string());
    assert_eq!(kit.sandbox.replies_of(&comment)[0].text, "thanks");
}

#[tokio::test]
async fn media_in_which_the_account_was_not_mentioned_stay_closed() {
    let kit = Kit::facebook().await;
    let other = kit.sandbox.create_account(NewAccount::new("rival").login(Login::Facebook)).unwrap();
    let mention = NewMention { from: "fan".to_owned(), text: "@rival".to_owned(), in_caption: true };
    let (media, _) = kit.sandbox.mention(&other, mention).unwrap();
    let fields = format!("mentioned_media.media_id({media}){{id}}");
    let account = format!("/{}", kit.shop.user_id);
    assert_eq!(kit.get(&account, &[("fields", &fields)]).await.error(), (400, 100, 33));
    let answer = [("media_id", media.as_str()), ("message", "hi")];
    assert_eq!(kit.post(&format!("{account}/mentions"), &answer).await.error().1, 100);
}

#[tokio::test]
async fn a_private_reply_is_possible_once_per_comment() {
    let kit = Kit::start().await;
    let comment = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "price?")).unwrap().id;
    let body = json!({"recipient": {"comment_id": comment.as_str()}, "message": {"text": "hello"}});
    let sent = kit.post_json("/me/messages", &body).await.ok();
    assert_eq!(sent["recipient_id"], kit.igsid("fan"));
    assert!(sent["message_id"].as_str().unwrap().starts_with("aWdfZAG1faXRlbTo"));
    let again = kit.post_json("/me/messages", &body).await;
    assert_eq!(again.error(), (400, 100, 2_534_023));
    assert!(again.text.contains("already has a reply"));
    assert_eq!(kit.sandbox.messages_with(&kit.shop, "fan").unwrap().len(), 1);
    assert_eq!(kit.send("fan", "follow-up").await.error(), (403, 10, 2_534_022), "it opens no window");
}

#[tokio::test]
async fn a_comment_older_than_seven_days_or_deleted_gets_no_private_reply() {
    let kit = Kit::start().await;
    let old = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "old")).unwrap().id;
    let deleted = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "deleted")).unwrap().id;
    kit.sandbox.delete_comment(&deleted).unwrap();
    kit.sandbox.advance_clock(TimeDelta::days(7) + TimeDelta::seconds(1));
    for comment in [old, deleted] {
        let body = json!({"recipient": {"comment_id": comment.as_str()}, "message": {"text": "hello"}});
        assert_eq!(kit.post_json("/me/messages", &body).await.error(), (400, 100, 2_534_025));
    }
}

#[tokio::test]
async fn another_accounts_comment_gets_no_private_reply() {
    let kit = Kit::start().await;
    let other = kit.sandbox.create_account(NewAccount::new("rival")).unwrap();
    let comment = kit.sandbox.comment(&other, NewComment::new("fan", "hi")).unwrap().id;
    let body = json!({"recipient": {"comment_id": comment.as_str()}, "message": {"text": "hello"}});
    assert_eq!(kit.post_json("/me/messages", &body).await.error(), (400, 100, 2_534_025));
}

#[tokio::test]
async fn a_template_to_a_non_follower_is_refused_and_uses_the_reply_up() {
    let kit = Kit::start().await;
    let button = json!({"type": "web_url", "url": "https://x", "title": "Go"});
    let template = json!({"template_type": "button", "text": "Look", "buttons": [button]});
    let body = |comment: &str| {
        json!({"recipient": {"comment_id": comment},
            "message": {"attachment": {"type": "template", "payload": template}}})
    };
    let comment = kit.sandbox.comment(&kit.shop, NewComment::new("stranger", "hi")).unwrap().id;
    assert_eq!(kit.post_json("/me/messages", &body(comment.as_str())).await.error(), (400, 2, 1_545_133));
    assert_eq!(kit.post_json("/me/messages", &body(comment.as_str())).await.error(), (400, 100, 2_534_023));
    let follows = RelationChange { follows_account: Some(true), ..RelationChange::default() };
    kit.sandbox.relate(&kit.shop, "follower", follows).unwrap();
    let comment = kit.sandbox.comment(&kit.shop, NewComment::new("follower", "hi")).unwrap().id;
    kit.post_json("/me/messages", &body(comment.as_str())).await.ok();
}

#[tokio::test]
async fn likes_are_for_the_facebook_host_and_change_nothing_twice() {
    let kit = Kit::facebook().await;
    let comment = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "nice")).unwrap().id;
    let path = format!("/{}/likes", kit.shop.user_id);
    for _ in 0..2 {
        kit.post(&path, &[("comment_id", comment.as_str())]).await.ok();
    }
    assert_eq!(kit.get(&format!("/{comment}"), &[("fields", "like_count")]).await.ok()["like_count"], 1);
    assert_eq!(kit.post(&path, &[]).await.error().1, 100);
    assert_eq!(Kit::start().await.post("/me/likes", &[("comment_id", "1")]).await.error().1, 100);
}
