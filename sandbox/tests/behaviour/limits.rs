use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use troupe_sandbox::{LimitOptions, Login, NewComment, NewMessage, Quota, SandboxOptions};

use crate::kit::{Answer, Kit};

async fn limited(limits: LimitOptions, login: Login) -> Kit {
    Kit::with(SandboxOptions { limits, ..SandboxOptions::default() }, login).await
}

fn header(answer: &Answer, name: &str) -> Value {
    serde_json::from_str(answer.headers[name].to_str().unwrap()).unwrap()
}

#[tokio::test]
async fn usage_headers_appear_after_enough_calls_in_the_words_of_the_host() {
    for (login, member) in [(Login::Instagram, "call_volume"), (Login::Facebook, "call_count")] {
        let quota = Some(Quota::new(10, Duration::from_secs(3_600)));
        let limits = LimitOptions {
            headers_after_calls: 3,
            instagram: quota,
            app: quota,
            ..LimitOptions::unlimited()
        };
        let kit = limited(limits, login).await;
        for _ in 0..2 {
            assert!(!kit.get("/me", &[]).await.headers.contains_key("x-app-usage"));
        }
        let third = kit.get("/me", &[]).await;
        assert_eq!(header(&third, "x-app-usage")[member], 30);
        let business = &header(&third, "x-business-use-case-usage")[kit.shop.user_id.as_str()][0];
        assert_eq!((&business["type"], &business["call_count"]), (&json!("instagram"), &json!(30)));
        assert_eq!(business["estimated_time_to_regain_access"], 0);
    }
}

#[tokio::test]
async fn beyond_the_account_quota_calls_answer_80002_until_the_window_has_passed() {
    let quota = Some(Quota::new(3, Duration::from_secs(3_600)));
    let kit = limited(LimitOptions { instagram: quota, ..LimitOptions::unlimited() }, Login::Instagram).await;
    for _ in 0..3 {
        kit.get("/me", &[]).await.ok();
    }
    let refused = kit.get("/me", &[]).await;
    assert_eq!(refused.error(), (400, 80_002, 0));
    let business = &header(&refused, "x-business-use-case-usage")[kit.shop.user_id.as_str()][0];
    assert!((59..=61).contains(&business["estimated_time_to_regain_access"].as_u64().unwrap()), "{business}");
    kit.sandbox.advance_clock(TimeDelta::hours(2));
    kit.get("/me", &[]).await.ok();
}

#[tokio::test]
async fn beyond_the_app_quota_calls_answer_4_as_403() {
    let quota = Some(Quota::new(1, Duration::from_secs(3_600)));
    let kit = limited(LimitOptions { app: quota, ..LimitOptions::unlimited() }, Login::Instagram).await;
    kit.get("/me", &[]).await.ok();
    let refused = kit.get("/me", &[]).await;
    assert_eq!(refused.error(), (403, 4, 0));
    assert_eq!(refused.json["error"]["is_transient"], true);
}

#[tokio::test]
async fn sends_private_replies_and_conversation_reads_have_their_own_limits() {
    let quota = Some(Quota::new(1, Duration::from_secs(3_600)));
    let limits = LimitOptions {
        sends: quota,
        private_replies: quota,
        conversations: quota,
        likes: quota,
        ..LimitOptions::unlimited()
    };
    let kit = limited(limits, Login::Facebook).await;
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "hi")).unwrap();
    kit.send("fan", "1").await.ok();
    assert_eq!(kit.send("fan", "2").await.error(), (400, 613, 2_534_040));
    let reply = |comment: String| json!({"recipient": {"comment_id": comment}, "message": {"text": "x"}});
    for expected in [200, 400] {
        let comment = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "hi")).unwrap().id;
        assert_eq!(kit.post_json("/me/messages", &reply(comment.to_string())).await.status, expected);
    }
    kit.get("/me/conversations", &[]).await.ok();
    assert_eq!(kit.get("/me/conversations", &[]).await.error().1, 613);
    let media = kit.sandbox.media_of(&kit.shop).unwrap()[0].id.clone();
    kit.post("/me/likes", &[("media_id", media.as_str())]).await.ok();
    assert_eq!(kit.post("/me/likes", &[("media_id", media.as_str())]).await.error().1, 17);
}

#[tokio::test]
async fn limits_can_be_changed_while_it_runs() {
    let kit = Kit::start().await;
    let quota = Some(Quota::new(0, Duration::from_secs(60)));
    kit.sandbox.set_limits(LimitOptions { instagram: quota, ..LimitOptions::unlimited() });
    assert_eq!(kit.get("/me", &[]).await.error().1, 80_002);
    kit.sandbox.set_limits(LimitOptions::unlimited());
    kit.get("/me", &[]).await.ok();
}
