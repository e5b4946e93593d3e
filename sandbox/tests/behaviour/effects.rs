use serde_json::json;
use troupe_sandbox::{
    EffectKind, EffectsQuery, LimitOptions, Login, NewAccount, NewComment, NewMessage, SandboxOptions,
};

use crate::kit::Kit;

#[tokio::test]
async fn each_comment_tells_what_it_got() {
    let kit = Kit::start().await;
    let answered = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "nice")).unwrap().id;
    let hidden = kit.sandbox.comment(&kit.shop, NewComment::new("spammer", "scam")).unwrap().id;
    let deleted = kit.sandbox.comment(&kit.shop, NewComment::new("spammer", "worse")).unwrap().id;
    let ignored = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "…")).unwrap().id;
    let reply = kit.post(&format!("/{answered}/replies"), &[("message", "thanks")]).await.ok();
    let body = json!({"recipient": {"comment_id": answered.as_str()}, "message": {"text": "more"}});
    kit.post_json("/me/messages", &body).await.ok();
    kit.post(&format!("/{hidden}"), &[("hide", "true")]).await.ok();
    kit.delete(&format!("/{deleted}")).await.ok();
    let of = |id| kit.sandbox.effects_of(id).unwrap();
    assert_eq!(of(&answered).replies[0].text, "thanks");
    assert_eq!(of(&answered).replies[0].id, reply["id"].as_str().unwrap());
    assert_eq!(of(&answered).private_replies[0].text, "more");
    assert!(of(&hidden).hidden && of(&deleted).deleted && of(&ignored).is_untouched());
    let report = kit.sandbox.effects();
    assert_eq!((report.items.len(), report.untouched, report.doubled.len()), (4, 1, 0));
    assert_eq!(report.totals[&EffectKind::Reply], 1);
}

#[tokio::test]
async fn a_reply_said_twice_is_named_as_doubled() {
    let kit = Kit::start().await;
    let comment = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "nice")).unwrap().id;
    for text in ["thanks", "other words", "thanks"] {
        kit.post(&format!("/{comment}/replies"), &[("message", text)]).await.ok();
    }
    let report = kit.sandbox.effects();
    assert_eq!(report.doubled.len(), 1);
    assert_eq!(
        (report.doubled[0].target.as_str(), report.doubled[0].text.as_str()),
        (comment.as_str(), "thanks")
    );
}

#[tokio::test]
async fn messages_attach_to_the_newest_inbound_and_double_only_without_a_new_one() {
    let options = SandboxOptions { limits: LimitOptions::unlimited(), ..SandboxOptions::default() };
    let kit = Kit::with(options, Login::Instagram).await;
    let first = kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "1")).unwrap().id;
    kit.send("fan", "hello").await.ok();
    let second = kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "2")).unwrap().id;
    kit.send("fan", "hello").await.ok();
    let report = kit.sandbox.effects();
    assert_eq!((report.doubled.len(), report.repeated.len()), (0, 1), "a further message invited it");
    assert_eq!(kit.sandbox.effects_of(&first).unwrap().messages.len(), 1);
    assert_eq!(kit.sandbox.effects_of(&second).unwrap().messages.len(), 1);
    kit.send("fan", "hello").await.ok();
    assert_eq!(kit.sandbox.effects().doubled.len(), 1);
}

#[tokio::test]
async fn with_reply_to_a_message_counts_for_the_one_it_names() {
    let kit = Kit::start().await;
    let first = kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "1")).unwrap().id;
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "2")).unwrap();
    let body = json!({"recipient": {"id": kit.igsid("fan")}, "message": {"text": "to the first"},
        "reply_to": {"mid": first.as_str()}});
    for _ in 0..2 {
        kit.post_json("/me/messages", &body).await.ok();
    }
    assert_eq!(kit.sandbox.effects_of(&first).unwrap().messages.len(), 2);
    assert_eq!(kit.sandbox.effects().doubled.len(), 1);
}

#[tokio::test]
async fn a_report_can_be_narrowed_to_an_account_and_to_what_is_new() {
    let kit = Kit::start().await;
    let other = kit.sandbox.create_account(NewAccount::new("rival")).unwrap();
    kit.sandbox.comment(&kit.shop, NewComment::new("fan", "1")).unwrap();
    kit.sandbox.comment(&other, NewComment::new("fan", "2")).unwrap();
    let account = Some("rival".to_owned());
    let narrowed = kit.sandbox.effects_where(&EffectsQuery { account, since: 0 }).unwrap();
    assert_eq!(narrowed.items.len(), 1);
    let since = narrowed.next_since;
    kit.sandbox.comment(&kit.shop, NewComment::new("fan", "3")).unwrap();
    let new = kit.sandbox.effects_where(&EffectsQuery { account: None, since }).unwrap();
    assert_eq!(new.items.iter().map(|item| item.inbound.text.as_deref()).collect::<Vec<_>>(), [Some("3")]);
    assert!(kit.sandbox.effects_where(&EffectsQuery { account: Some("nobody".into()), since: 0 }).is_err());
}

#[tokio::test]
async fn a_hundred_thousand_comments_stay_quick_to_reach() {
    let kit = Kit::start().await;
    let first = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "first")).unwrap();
    for number in 0..100_000 {
        kit.sandbox.comment(&kit.shop, NewComment::new("fan", number.to_string())).unwrap();
    }
    kit.post(&format!("/{}/replies", first.id), &[("message", "still here")]).await.ok();
    let page = kit.get(&format!("/{}/comments", first.media), &[("fields", "text,from")]).await.ok();
    assert_eq!(page["data"][0]["text"], "99999");
    assert_eq!(kit.sandbox.effects_of(&first.id).unwrap().replies.len(), 1);
}
