//! What Troupe makes of what people write.

use kit::{TestApp, stories};
use serde_json::json;
use tenants::effect::EffectState;

stories!(
    praise_is_answered_once_and_the_reason_is_recorded,
    spam_is_hidden,
    a_complaint_is_escalated_and_nothing_is_said,
    a_crisis_raises_an_alert,
    a_rule_wins_over_the_model,
    a_dry_rule_is_recorded_and_does_nothing,
    a_mention_is_read_and_answered,
    a_story_reply_is_answered_in_the_thread,
    a_blocked_word_never_leaves,
    rules_can_delete_and_answer_in_private,
    rules_can_like_comments_and_messages,
);

async fn praise_is_answered_once_and_the_reason_is_recorded(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let comment = app.comment(&shop, "fan", "I love this so much, thank you!");
    app.settle().await;

    assert_eq!(app.visible(&comment).replies.len(), 1);
    let decision = app.last_decision(&shop).await;
    assert_eq!(decision["classification"]["intent"], "praise");
    assert_eq!((&decision["mode"], &decision["outcome"]), (&json!("A"), &json!("act")));
    let steps: Vec<_> =
        decision["trace"].as_array().unwrap().iter().map(|step| step["step"].clone()).collect();
    assert!(steps.contains(&json!("policy")) && steps.contains(&json!("classify")), "{steps:?}");
    assert!(app.audit(&shop).await.iter().any(|entry| entry.event_type == "effect.sent"));
    app
}

async fn spam_is_hidden(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let comment = app.comment(&shop, "bot", "Earn $5000 a week from home, click the link in my bio");
    app.settle().await;

    let visible = app.visible(&comment);
    assert!(visible.hidden);
    assert_eq!(visible.answers(), 0);
    app
}

async fn a_complaint_is_escalated_and_nothing_is_said(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let comment =
        app.comment(&shop, "customer", "My order never arrived and nobody answers, very disappointed");
    app.settle().await;

    assert!(app.visible(&comment).is_untouched());
    let approvals = app.api.get(&shop.path("/approvals")).await.ok();
    assert_eq!(approvals["items"][0]["kind"], "escalation");
    app
}

async fn a_crisis_raises_an_alert(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let comment =
        app.comment(&shop, "customer", "I had an allergic reaction to your cream and ended up in hospital");
    app.settle().await;

    assert!(app.visible(&comment).is_untouched());
    let alerts = app.api.get(&shop.path("/alerts")).await.ok();
    assert_eq!(alerts["items"][0]["alert_type"], "crisis");
    assert_eq!(alerts["items"][0]["severity"], "critical");
    app
}

async fn a_rule_wins_over_the_model(app: TestApp) -> TestApp {
    let rule = json!({
        "name": "price", "trigger": { "on": "comment" },
        "conditions": [{ "if": "keywords_any", "words": ["price"] }],
        "actions": [{ "do": "reply", "variations": ["All prices are in our shop."] }],
    });
    let shop = app.tenant("acme").rule(rule).create().await;
    let comment = app.comment(&shop, "fan", "what is the price?");
    app.settle().await;

    let replies = app.visible(&comment).replies;
    assert_eq!(
        replies.iter().map(|reply| reply.text.as_str()).collect::<Vec<_>>(),
        ["All prices are in our shop."]
    );
    app
}

async fn a_dry_rule_is_recorded_and_does_nothing(app: TestApp) -> TestApp {
    let rule = json!({
        "name": "tidy", "trigger": { "on": "comment" }, "dry_run": true,
        "conditions": [{ "if": "keywords_any", "words": ["love"] }],
        "actions": [{ "do": "delete" }],
    });
    let shop = app.tenant("acme").rule(rule).create().await;
    let comment = app.comment(&shop, "fan", "I love this!");
    app.settle().await;

    assert!(!app.visible(&comment).deleted);
    let decision = app.last_decision(&shop).await;
    assert!(decision["trace"].to_string().contains("tidy"), "{decision}");
    app
}

async fn a_mention_is_read_and_answered(app: TestApp) -> TestApp {
    let rule = json!({
        "name": "thanks", "trigger": { "on": "mention" }, "conditions": [],
        "actions": [{ "do": "reply", "variations": ["Thank you for the mention!"] }],
    });
    let shop = app.tenant("acme").facebook().rule(rule).create().await;
    let mention = sandbox::NewMention {
        from: "blogger".to_owned(),
        text: "look what @acme.insta made".to_owned(),
        ..sandbox::NewMention::default()
    };
    app.sandbox.mention(&shop, mention).unwrap();
    app.settle().await;

    let sent = app.sandbox.effects();
    assert_eq!(sent.effects.len(), 1, "{:?}", sent.effects);
    assert_eq!(sent.effects[0].text.as_deref(), Some("Thank you for the mention!"));
    app
}

async fn a_story_reply_is_answered_in_the_thread(app: TestApp) -> TestApp {
    let rule = json!({
        "name": "story", "trigger": { "on": "story_reply" }, "conditions": [],
        "actions": [{ "do": "reply", "variations": ["Glad you like the story!"] }],
    });
    let shop = app.tenant("acme").rule(rule).create().await;
    let reply = sandbox::NewMessage::story_reply("fan", &shop.story, "so cool");
    let message = app.sandbox.direct_message(&shop, reply).unwrap();
    app.settle().await;

    assert_eq!(app.visible(&message.id).messages.len(), 1);
    app
}

async fn a_blocked_word_never_leaves(app: TestApp) -> TestApp {
    let rule = json!({
        "name": "promo", "trigger": { "on": "comment" }, "conditions": [],
        "actions": [{ "do": "reply", "variations": ["Our cheap offer is back"] }],
    });
    let shop =
        app.tenant("acme").settings(|s| s.blocked_words = vec!["cheap".into()]).rule(rule).create().await;
    let comment = app.comment(&shop, "fan", "nice");
    app.settle().await;

    assert!(app.visible(&comment).is_untouched());
    assert!(app.effects(&shop).await.iter().all(|effect| effect.state != EffectState::Sent));
    app
}

async fn rules_can_delete_and_answer_in_private(app: TestApp) -> TestApp {
    let delete = json!({
        "name": "rude", "trigger": { "on": "comment" },
        "conditions": [{ "if": "keywords_any", "words": ["darn"] }],
        "actions": [{ "do": "delete" }],
    });
    let private = json!({
        "name": "info", "trigger": { "on": "comment" },
        "conditions": [{ "if": "keywords_any", "words": ["info"] }],
        "actions": [{ "do": "private_reply", "variations": ["Here is what you asked for."] }],
    });
    let shop = app.tenant("acme").rule(delete).rule(private).create().await;
    let rude = app.comment(&shop, "troll", "darn it all");
    let asks = app.comment(&shop, "fan", "info please");
    app.settle().await;

    assert!(app.visible(&rude).deleted);
    let private = app.visible(&asks).private_replies;
    assert_eq!(
        private.iter().map(|sent| sent.text.as_str()).collect::<Vec<_>>(),
        ["Here is what you asked for."]
    );
    app
}

async fn rules_can_like_comments_and_messages(app: TestApp) -> TestApp {
    let like = |on: &str| json!({ "name": "like", "trigger": { "on": on }, "actions": [{ "do": "like" }] });
    let shop = app.tenant("acme").facebook().rule(like("comment")).rule(like("dm")).create().await;
    let comment = app.comment(&shop, "fan", "nice");
    let message = app.message(&shop, "fan", "hello");
    app.settle().await;

    assert!(app.visible(&comment).liked);
    assert_eq!(app.visible(&message).reactions, ["love"]);
    app
}
