//! A person's yes or no.

use kit::{TestApp, TestTenant, stories};
use serde_json::{Value, json};

stories!(
    a_question_is_drafted_and_sent_once_when_approved,
    a_person_may_put_other_words,
    a_rejected_draft_is_never_sent,
    a_draft_expires_when_the_conversation_moves_on,
    two_people_who_approve_at_once_send_one_reply,
    a_lead_gets_one_private_message_once_a_person_agrees,
);

async fn first_approval(app: &TestApp, shop: &TestTenant) -> Value {
    let list = app.api.get(&shop.path("/approvals?status=pending")).await.ok();
    list["items"][0].clone()
}

fn path(shop: &TestTenant, approval: &Value, verb: &str) -> String {
    shop.path(&format!("/approvals/{}/{verb}", approval["id"].as_str().unwrap()))
}

async fn a_question_is_drafted_and_sent_once_when_approved(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let comment = app.comment(&shop, "fan", "Do you ship to Spain?");
    app.settle().await;
    assert!(app.visible(&comment).is_untouched());

    let approval = first_approval(&app, &shop).await;
    app.api.post(&path(&shop, &approval, "approve"), json!({})).await.ok();
    app.settle().await;
    assert_eq!(app.visible(&comment).answers(), 1);

    let again = app.api.post(&path(&shop, &approval, "approve"), json!({})).await;
    assert_eq!(again.status, 409, "{}", again.body);
    app.settle().await;
    assert_eq!(app.visible(&comment).answers(), 1);
    app
}

async fn a_person_may_put_other_words(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let comment = app.comment(&shop, "fan", "Do you ship to Spain?");
    app.settle().await;

    let approval = first_approval(&app, &shop).await;
    app.api.post(&path(&shop, &approval, "edit"), json!({ "text": "Yes, within three days." })).await.ok();
    app.settle().await;
    let replies = app.visible(&comment).replies;
    assert_eq!(
        replies.iter().map(|reply| reply.text.as_str()).collect::<Vec<_>>(),
        ["Yes, within three days."]
    );
    app
}

async fn a_rejected_draft_is_never_sent(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let comment = app.comment(&shop, "fan", "Do you ship to Spain?");
    app.settle().await;

    let approval = first_approval(&app, &shop).await;
    app.api.post(&path(&shop, &approval, "reject"), json!({ "comment": "wrong tone" })).await.ok();
    let late = app.api.post(&path(&shop, &approval, "approve"), json!({})).await;
    assert_eq!(late.status, 409);
    app.settle().await;
    assert!(app.visible(&comment).is_untouched());
    app
}

async fn a_draft_expires_when_the_conversation_moves_on(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.message(&shop, "fan", "How long does delivery take?");
    app.settle().await;
    let first = first_approval(&app, &shop).await;
    app.message(&shop, "fan", "Do you ship to Spain at all?");
    app.settle().await;

    let overtaken = app.api.post(&path(&shop, &first, "approve"), json!({})).await;
    assert_eq!(overtaken.status, 409, "{}", overtaken.body);
    let second = first_approval(&app, &shop).await;
    assert_ne!(first["id"], second["id"]);
    app
}

async fn two_people_who_approve_at_once_send_one_reply(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let comment = app.comment(&shop, "fan", "Do you ship to Spain?");
    app.settle().await;

    let approval = first_approval(&app, &shop).await;
    let path = path(&shop, &approval, "approve");
    let tries = futures::future::join_all((0..8).map(|_| app.api.post(&path, json!({})))).await;
    assert_eq!(tries.iter().filter(|reply| reply.status < 300).count(), 1);
    assert_eq!(tries.iter().filter(|reply| reply.status == 409).count(), 7);
    app.settle().await;
    assert_eq!(app.visible(&comment).answers(), 1);
    app
}

async fn a_lead_gets_one_private_message_once_a_person_agrees(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let comment =
        app.comment(&shop, "buyer", "We are interested in 200 units for our shops, do you do wholesale?");
    app.settle().await;
    assert!(app.visible(&comment).is_untouched());

    let approval = first_approval(&app, &shop).await;
    app.api.post(&path(&shop, &approval, "approve"), json!({})).await.ok();
    app.settle().await;
    assert_eq!(app.visible(&comment).private_replies.len(), 1, "{:?}", app.visible(&comment));
    app
}
