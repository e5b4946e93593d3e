//! What people are told, by mail and by webhook.

use std::time::Duration;

use kit::{Backend, MailDeed, MailServer, Receiver, TestApp, TestTenant};
use serde_json::{Value, json};
use tenants::alert::{AlertType, NewAlert};
use tenants::changes::{Change, Changes};
use tenants::clock::Clock;
use tenants::event::{EventBody, EventKind, EventSource, NewEvent, Role, TickBody};
use tenants::ids::{AlertId, EventId};
use tenants::intent::Language;
use tenants::ports::{Alerts, Connections, Delivery, Hint, Inbox, UnitOfWork, Wake};

use crate::tokens::put_key;

kit::stories!(
    by tell:
    a_storm_of_alerts_is_one_mail_and_then_one_more,
    a_signed_webhook_tells_of_a_lead_in_the_form_of_standard_webhooks,
    a_refused_message_is_sent_again_under_the_same_id,
    a_mail_that_was_taken_without_an_answer_is_sent_again_under_the_same_id,
    a_dead_channel_raises_an_alert_that_does_not_go_through_itself,
    a_channel_that_fails_is_left_alone_with_all_that_waits_for_it,
    a_take_over_is_told,
    drafts_that_wait_are_told_as_numbers,
    a_briefing_comes_once_in_the_tenants_language,
    a_channel_is_tried_out,
    channels_outlive_a_rotation_of_the_vaults_keys,
    an_invitation_and_a_link_for_a_forgotten_password_come_by_mail,
);

struct Post {
    mail: MailServer,
    hook: Receiver,
}

async fn tell<F>(backend: Backend, story: impl FnOnce(TestApp, Post) -> F)
where
    F: Future<Output = TestApp>,
{
    let post = Post { mail: MailServer::start().await, hook: Receiver::start().await };
    let settings = format!(
        "{}[notices]\npoll_every_ms = 50\nallow_private_addresses = true\n\
         [dispatcher]\nread_back_delay_ms = 100\npoll_interval_ms = 200\n\
         [actors]\npoll_every_ms = 200\nversion_poll_every_ms = 200\n[shutdown]\nsoft_ms = 2000\nhard_ms = 2000\n",
        post.mail.settings()
    );
    let Some(app) = TestApp::start_with(backend, None, &settings).await else { return };
    story(app, post).await.end().await;
}

async fn channel(app: &TestApp, shop: &TestTenant, more: Value) -> Value {
    let mut setup =
        json!({ "name": "team", "kind": "email", "to": ["ana@example.com"], "min_severity": "info" });
    for (key, value) in more.as_object().unwrap() {
        setup[key] = value.clone();
    }
    if setup["kind"] != "email" {
        setup.as_object_mut().unwrap().remove("to");
    }
    app.api.post(&shop.path("/channels"), setup).await.ok()
}

fn alert(app: &TestApp, shop: &TestTenant, key: &str) -> NewAlert {
    let foundations = app.node().foundations();
    NewAlert {
        id: AlertId::new(&foundations.ids),
        agency: Some(app.agency.id),
        tenant: Some(shop.id),
        alert_type: AlertType::DeadLetter,
        severity: None,
        message: format!("{key} <b>failed</b>"),
        details: json!({}),
        dedup_key: key.to_owned(),
    }
}

async fn raise(app: &TestApp, shop: &TestTenant, key: &str) {
    let alert = alert(app, shop, key);
    app.node().foundations().database.raise_alert(alert, app.clock.now()).await.unwrap();
}

async fn mails(app: &TestApp, post: &Post, count: usize) {
    app.until(&format!("{count} mails have come"), || async { post.mail.mails().len() >= count }).await;
}

/// Lets the node look a few times more, to see that nothing else comes: until something told after it has come.
async fn quiet(app: &TestApp, shop: &TestTenant, post: &Post) {
    let known = post.hook.received().len();
    let id =
        channel(app, shop, json!({ "kind": "slack", "url": post.hook.url("/marker"), "name": "marker" }))
            .await;
    raise(app, shop, &format!("marker {}", id["channel"]["id"])).await;
    app.until("the marker has come", || async { post.hook.received().len() > known }).await;
}

async fn a_storm_of_alerts_is_one_mail_and_then_one_more(app: TestApp, post: Post) -> TestApp {
    let shop = app.tenant("acme").create().await;
    channel(&app, &shop, json!({})).await;
    for _ in 0..1_000 {
        raise(&app, &shop, "same").await;
    }
    mails(&app, &post, 1).await;
    for number in 0..30 {
        raise(&app, &shop, &format!("different {number}")).await;
    }
    quiet(&app, &shop, &post).await;
    assert_eq!(
        post.mail.mails().len(),
        1,
        "a thousand repetitions are one alert, and others wait for the next mail"
    );
    assert_eq!(post.mail.mails()[0].header("subject").unwrap(), "[error] dead letter");
    app.clock.advance(Duration::from_secs(11 * 60));
    mails(&app, &post, 2).await;
    let second = &post.mail.mails()[1];
    assert_eq!(
        second.header("subject").unwrap(),
        "31 notices: 31 error",
        "the rest, with the marker, in one"
    );
    assert!(!second.text.contains("<b>failed</b></p>"), "texts are escaped in the page");
    app
}

async fn a_signed_webhook_tells_of_a_lead_in_the_form_of_standard_webhooks(
    app: TestApp,
    post: Post,
) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let made = channel(
        &app,
        &shop,
        json!({ "kind": "webhook", "url": post.hook.url("/crm?key=s3cret"), "kinds": ["lead", "lead_changed"] }),
    )
    .await;
    let key = made["signing_key"].as_str().unwrap();
    assert_eq!(made["channel"]["to"], json!(["127.0.0.1"]), "the address is a secret");
    app.message(&shop, "anna", "I want to buy your wedding cake, how much does it cost and how can I order?");
    app.settle().await;
    app.message(&shop, "anna", "write to anna@example.com, our budget is 500 €");
    app.until("both have come", || async { post.hook.received().len() >= 2 }).await;
    let received = post.hook.received();
    assert_eq!(received[0].path, "/crm?key=s3cret");
    assert_eq!(received[0].json()["type"], "lead.created");
    assert_eq!(received[1].json()["type"], "lead.changed");
    assert_eq!(received[1].json()["data"]["lead"]["stage"], "qualified");
    assert!(received.iter().all(|it| it.is_signed_with(key)));
    let sent = async || app.api.get(&shop.path("/notifications?status=sent")).await.ok();
    app.until("the log says so", || async { sent().await["items"].as_array().unwrap().len() == 2 }).await;
    assert_eq!(post.hook.received().len(), 2);
    let log = sent().await;
    assert!(!log.to_string().contains("s3cret"));
    app
}

async fn a_refused_message_is_sent_again_under_the_same_id(app: TestApp, post: Post) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let hook =
        channel(&app, &shop, json!({ "kind": "webhook", "url": post.hook.url("/x"), "kinds": ["alert"] }))
            .await;
    let path = shop.path(&format!("/channels/{}", hook["channel"]["id"].as_str().unwrap()));
    post.hook.script(&[503, 503]);
    raise(&app, &shop, "something").await;
    for tries in 1..=2 {
        // Noted, not only received: the clock must not leap while the node still waits for the answer.
        app.until("the refusal is noted", || async { app.api.get(&path).await.ok()["failures"] == tries })
            .await;
        app.clock.advance(Duration::from_secs(120));
    }
    app.until("it is sent", || async {
        app.api.get(&shop.path("/notifications?status=sent")).await.ok()["items"].as_array().unwrap().len()
            == 1
    })
    .await;
    let received = post.hook.received();
    assert_eq!(received.len(), 3);
    assert!(received.iter().all(|it| it.header("webhook-id") == received[0].header("webhook-id")));
    app
}

async fn a_mail_that_was_taken_without_an_answer_is_sent_again_under_the_same_id(
    app: TestApp,
    post: Post,
) -> TestApp {
    let mut app = app;
    let shop = app.tenant("acme").create().await;
    channel(&app, &shop, json!({})).await;
    post.mail.script(&[MailDeed::TakeSilently]);
    raise(&app, &shop, "something").await;
    mails(&app, &post, 1).await;
    // The node ends as well; nobody has recorded that the mail was taken.
    app.restart().await;
    app.clock.advance(Duration::from_secs(120));
    mails(&app, &post, 2).await;
    let ids: Vec<_> = post.mail.mails().iter().map(|mail| mail.header("message-id").unwrap()).collect();
    assert_eq!(ids[0], ids[1], "the receiver can tell that it is the same");
    assert!(ids[0].ends_with("@agency.example>"));
    app
}

async fn a_dead_channel_raises_an_alert_that_does_not_go_through_itself(app: TestApp, post: Post) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let dead =
        channel(&app, &shop, json!({ "kind": "webhook", "url": post.hook.url("/dead"), "name": "dead" }))
            .await;
    channel(&app, &shop, json!({ "name": "other" })).await;
    post.hook.script(&[410]);
    raise(&app, &shop, "something").await;
    // The first mail tells of what happened; that the channel is dead comes with the next, ten minutes later.
    mails(&app, &post, 1).await;
    app.until("the alert is raised", || async {
        app.api.get(&shop.path("/alerts?resolved=false")).await.ok().to_string().contains("channel_down")
    })
    .await;
    app.clock.advance(Duration::from_secs(11 * 60));
    app.until("the alert is told by mail", || async {
        post.mail.mails().iter().any(|mail| mail.text.contains("does not reach its people"))
    })
    .await;
    let id = dead["channel"]["id"].as_str().unwrap();
    let log = app.api.get(&shop.path(&format!("/notifications?channel={id}"))).await.ok();
    let subjects: Vec<_> = log["items"].as_array().unwrap().iter().map(|it| it["subject"].clone()).collect();
    assert_eq!(subjects, ["dead letter"], "it is not told of itself");
    assert_eq!(log["items"][0]["status"], "failed");
    app
}

async fn a_channel_that_fails_is_left_alone_with_all_that_waits_for_it(app: TestApp, post: Post) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let busy =
        channel(&app, &shop, json!({ "kind": "webhook", "url": post.hook.url("/busy"), "name": "busy" }))
            .await;
    post.hook.script(&[503]);
    // At once, so that all of them wait when the first one is refused.
    let mut all = Changes::of_tenant(shop.id);
    for number in 0..5 {
        all.push(Change::RaiseAlert(
            Box::new(alert(&app, &shop, &format!("something {number}"))),
            app.clock.now(),
        ));
    }
    app.node().foundations().database.commit(all).await.unwrap();
    let calls = || post.hook.received().iter().filter(|it| it.body.contains("something")).count();
    let path = shop.path(&format!("/channels/{}", busy["channel"]["id"].as_str().unwrap()));
    app.until("the first is refused", || async { app.api.get(&path).await.ok()["failures"] == 1 }).await;
    quiet(&app, &shop, &post).await;
    assert_eq!(calls(), 1, "the others wait with the one that was refused");
    app.clock.advance(Duration::from_secs(31));
    app.until("all have come, the first one twice", || async { calls() == 6 }).await;
    app
}

async fn a_take_over_is_told(app: TestApp, post: Post) -> TestApp {
    let shop = app.tenant("acme").create().await;
    channel(&app, &shop, json!({ "kind": "slack", "url": post.hook.url("/slack"), "kinds": ["take_over"] }))
        .await;
    app.message(&shop, "fan", "hello there, nice shop");
    app.settle().await;
    let own = sandbox::OwnMessage { to: "fan".into(), text: "Hi, this is Eva".into() };
    app.sandbox.own_message(&shop, own).unwrap();
    app.until("it is told", || async { !post.hook.received().is_empty() }).await;
    let text = post.hook.received()[0].json()["text"].as_str().unwrap().to_owned();
    // A direct message names its writer by id alone.
    let listed = app.api.get(&shop.path("/conversations?kind=direct")).await.ok();
    let fan = listed["items"][0]["person"]["id"].as_str().unwrap().to_owned();
    assert!(text.contains(&format!("a person answers {fan} now")), "{text}");
    app
}

async fn drafts_that_wait_are_told_as_numbers(app: TestApp, post: Post) -> TestApp {
    let shop = app.tenant("acme").create().await;
    channel(&app, &shop, json!({ "kinds": ["approvals_waiting"] })).await;
    app.comment(&shop, "anna", "Do you ship to Spain and how long does it take?");
    app.comment(&shop, "berta", "My parcel arrived broken, this is terrible!");
    app.settle().await;
    app.until("it is told", || async {
        app.clock.advance(Duration::from_secs(10));
        !post.mail.mails().is_empty()
    })
    .await;
    let mail = &post.mail.mails()[0];
    assert_eq!(mail.header("subject").unwrap(), "2 new for you to decide");
    assert!(mail.text.contains("1 to approve, 1 to answer yourself"), "{}", mail.text);
    app
}

async fn a_briefing_comes_once_in_the_tenants_language(app: TestApp, post: Post) -> TestApp {
    let shop =
        app.tenant("acme").settings(|s| s.comms.briefing_language = Some(Language::German)).create().await;
    channel(&app, &shop, json!({ "kinds": ["daily_briefing", "weekly_report"] })).await;
    app.comment(&shop, "anna", "I love this so much!");
    app.settle().await;
    let due_at = app.clock.now();
    for name in ["daily_briefing", "weekly_report"] {
        // The same tick twice, as two nodes might bring it.
        for copy in 0..2 {
            tick(&app, &shop, name, due_at, copy).await;
        }
    }
    app.settle().await;
    mails(&app, &post, 2).await;
    quiet(&app, &shop, &post).await;
    let subjects: Vec<_> = post.mail.mails().iter().map(|mail| mail.text.clone()).collect();
    assert_eq!(subjects.len(), 2, "each comes once");
    let listed = app.api.get(&shop.path("/briefings")).await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let daily = app.api.get(&shop.path("/briefings?kind=daily")).await.ok();
    assert_eq!(daily["items"][0]["subject"], "acme: Morgenübersicht");
    let id = daily["items"][0]["id"].as_str().unwrap();
    let whole = app.api.get(&shop.path(&format!("/briefings/{id}"))).await.ok();
    let text = whole["text"].as_str().unwrap();
    assert!(text.contains("Kommentare und Erwähnungen: 1"), "{text}");
    assert!(text.contains("Öffentliche Antworten von Troupe: 1"), "{text}");
    app
}

async fn tick(app: &TestApp, shop: &TestTenant, name: &str, due_at: tenants::clock::Timestamp, copy: u32) {
    let foundations = app.node().foundations();
    let event = NewEvent {
        id: EventId::new(&foundations.ids),
        tenant: shop.id,
        account: None,
        source: EventSource::Cron,
        kind: EventKind::Tick,
        external_id: format!("test:{name}:{copy}"),
        conversation_key: "tick:comms".to_owned(),
        occurred_at: due_at,
        received_at: app.clock.now(),
        body: EventBody::Tick(TickBody { role: Role::Comms, name: name.to_owned(), due_at }),
        raw: Value::Null,
    };
    let delivery = Delivery { events: vec![event], ..Delivery::default() };
    foundations.database.accept(delivery).await.unwrap();
    foundations.wake.send(Hint::Events(shop.id));
}

async fn a_channel_is_tried_out(app: TestApp, post: Post) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let made = channel(&app, &shop, json!({ "kind": "slack", "url": post.hook.url("/slack") })).await;
    let path = shop.path(&format!("/channels/{}/test", made["channel"]["id"].as_str().unwrap()));
    assert_eq!(app.api.post(&path, json!({})).await.ok()["taken"], true);
    post.hook.script(&[301, 500]);
    for said in ["redirects are not followed", "500"] {
        let answer = app.api.post(&path, json!({})).await.ok();
        assert_eq!(answer["taken"], false);
        assert!(answer["error"].as_str().unwrap().contains(said), "{answer}");
    }
    assert_eq!(post.hook.received().len(), 3);
    app
}

async fn channels_outlive_a_rotation_of_the_vaults_keys(app: TestApp, post: Post) -> TestApp {
    let mut app = app;
    let shop = app.tenant("acme").create().await;
    let of_tenant =
        channel(&app, &shop, json!({ "kind": "webhook", "url": post.hook.url("/crm?key=s3cret") })).await;
    let setup = json!({ "name": "all", "kind": "slack", "url": post.hook.url("/agency") });
    let agency = format!("/agencies/{}/channels", app.agency.id);
    let of_agency = app.api.post(&agency, setup).await.ok();
    put_key(&app, "local-2", true);
    app.clock.advance(Duration::from_secs(31));
    let database = app.node().foundations().database.clone();
    app.until("both are sealed with the new key", || async {
        let uses = database.key_uses(app.clock.now()).await.unwrap();
        uses.iter().map(|key| (key.key_id.as_str(), key.channels)).eq([("local-2", 2)])
    })
    .await;

    // The old key is not needed any more, also by a node that starts without it.
    put_key(&app, "local-2", false);
    app.restart().await;
    let id = |made: &Value| made["channel"]["id"].as_str().unwrap().to_owned();
    for path in [
        shop.path(&format!("/channels/{}/test", id(&of_tenant))),
        format!("{agency}/{}/test", id(&of_agency)),
    ] {
        let tested = app.api.post(&path, json!({})).await.ok();
        assert_eq!(tested["taken"], true, "{tested}");
    }
    let received = post.hook.received();
    assert_eq!(
        received.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(),
        ["/crm?key=s3cret", "/agency"]
    );
    assert!(
        received[0].is_signed_with(of_tenant["signing_key"].as_str().unwrap()),
        "with the key it always had"
    );
    app
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_addresses_are_refused_and_secrets_stay_secret() {
    let Some(app) = TestApp::start(Backend::Sqlite).await else { return };
    let shop = app.tenant("acme").create().await;
    for url in [
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest",
        "http://hooks.example.com/x",
        "https://[::1]/",
    ] {
        let setup = json!({ "name": "bad", "kind": "webhook", "url": url });
        let refused = app.api.post(&shop.path("/channels"), setup).await;
        assert_eq!(refused.status, 422, "{url}: {}", refused.body);
        assert_eq!(refused.body["field"], "url");
    }
    // A name that leads to this machine is found out when it is looked up.
    let setup = json!({ "name": "bad", "kind": "slack", "url": "https://localhost/services/T0/hunter2" });
    let made = app.api.post(&shop.path("/channels"), setup).await.ok();
    let path = shop.path(&format!("/channels/{}/test", made["channel"]["id"].as_str().unwrap()));
    let tested = app.api.post(&path, json!({})).await.ok();
    assert!(tested["error"].as_str().unwrap().contains("private network"), "{tested}");
    let shown = app.api.get(&shop.path("/channels")).await.ok().to_string();
    let audit: String =
        app.audit(&shop).await.iter().map(|entry| entry.details.as_str().to_owned()).collect();
    assert!(
        !shown.contains("hunter2") && !audit.contains("hunter2") && !tested.to_string().contains("hunter2")
    );
    app.end().await;
}

/// The secret of the link in the newest mail to somebody.
async fn link_mailed(app: &TestApp, post: &Post, to: &str, page: &str) -> String {
    let link = || {
        let mails = post.mail.mails().into_iter().rev();
        let text = mails.filter(|mail| mail.to == [to]).find(|mail| mail.text.contains(page))?.text;
        // What its encoding writes for `=`.
        let text = text.replace("=3D", "=");
        text.split_once(&format!("{page}#token="))?.1.split_whitespace().next().map(str::to_owned)
    };
    app.until("the link has come", || async { link().is_some() }).await;
    link().unwrap()
}

async fn an_invitation_and_a_link_for_a_forgotten_password_come_by_mail(app: TestApp, post: Post) -> TestApp {
    let path = format!("/agencies/{}/invitations", app.agency.id);
    let invite = |email: &str| json!({ "email": email, "role": "manager" });
    post.mail.script(&[MailDeed::Refuse]);
    let unsent = app.api.post(&path, invite("ben@example.com")).await.ok();
    assert_eq!(unsent["mailed"], false, "whoever invites is told to hand over the link");
    assert!(unsent["url"].as_str().unwrap().contains("#token="), "{unsent}");
    let sent = app.api.post(&path, invite("ana@example.com")).await.ok();
    assert_eq!(sent["mailed"], true);

    let token = link_mailed(&app, &post, "ana@example.com", "/invitation").await;
    let accepted = json!({ "token": token, "name": "Ana Lima", "password": "drei kleine Igel" });
    app.api.post("/invitations/accept", accepted).await.ok();
    app.api.post("/password/forgot", json!({ "email": "ana@example.com" })).await;
    let token = link_mailed(&app, &post, "ana@example.com", "/reset").await;
    let chosen = json!({ "token": token, "password": "vier kleine Igel" });
    app.api.post("/password/reset", chosen).await.ok();
    let sign_in = |password: &str| json!({ "email": "ana@example.com", "password": password });
    assert_eq!(app.api.post("/session", sign_in("drei kleine Igel")).await.status, 401);
    app.api.post("/session", sign_in("vier kleine Igel")).await.ok();
    assert_eq!(post.mail.mails().len(), 2, "nobody else was written to");
    app
}
