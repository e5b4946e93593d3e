//! Accounts are connected through the logins of Meta, and Meta's word that a person left is heeded.

use kit::{TestApp, TestTenant, stories};
use reqwest::Method;
use sandbox::{Account, Login, NewAccount, NewApp, NewComment, NewMedia, Subscription, TokenDeath};
use serde_json::{Value, json};
use tenants::account::AccountStatus;
use tenants::ports::Directory;

stories!(
    a_person_connects_an_account_through_instagram_login_and_its_comments_are_answered,
    of_several_pages_one_is_chosen_and_its_comments_are_answered,
    the_documented_shape_of_the_exchange_connects_as_well,
    a_denied_consent_connects_nothing,
    a_state_and_a_code_work_once,
    a_permission_that_was_not_given_is_named,
    a_permission_without_which_nothing_works_connects_nothing,
    an_account_goes_through_the_app_of_its_agency,
    a_reconnect_sends_the_held_queue_once_and_keeps_the_account,
    an_account_of_another_tenant_is_not_connected_twice,
    a_trouble_of_instagram_in_the_middle_of_a_login_is_told_and_can_be_repeated,
    whoever_removes_the_app_is_disconnected_and_only_a_true_signature_counts,
    a_deletion_erases_the_connection_and_what_was_said,
    a_changed_public_address_does_not_exchange_an_old_code,
);

const ALLOW: (&str, &str) = ("sandbox_decision", "allow");

/// A tenant without any account, and an account on the sandbox that no app hears of yet.
async fn stranger(app: &TestApp, slug: &str, login: Login) -> (TestTenant, Account) {
    let shop = app.tenant(slug).create().await;
    let mut new = NewAccount::new(format!("{slug}.new")).login(login);
    new.subscribed = false;
    let account = app.sandbox.create_account(new).unwrap();
    app.sandbox.create_media(&account, NewMedia::post("hello")).unwrap();
    (shop, account)
}

async fn begin(app: &TestApp, shop: &TestTenant, body: Value) -> (String, String) {
    let made = app.api.post(&shop.path("/accounts/connect"), body).await.ok();
    (made["id"].as_str().unwrap().to_owned(), made["authorise_url"].as_str().unwrap().to_owned())
}

async fn attempt(app: &TestApp, shop: &TestTenant, id: &str) -> Value {
    app.api.get(&shop.path(&format!("/accounts/connect/{id}"))).await.ok()
}

async fn is_answered(app: &TestApp, account: &Account) {
    let comment = app.sandbox.comment(account, NewComment::new("fan", "I love this so much!")).unwrap().id;
    app.until("the comment is answered", || async { app.visible(&comment).replies.len() == 1 }).await;
    app.settle().await;
    assert_eq!(app.visible(&comment).replies.len(), 1);
}

async fn a_person_connects_an_account_through_instagram_login_and_its_comments_are_answered(
    app: TestApp,
) -> TestApp {
    let (shop, account) = stranger(&app, "acme", Login::Instagram).await;
    let (id, url) = begin(&app, &shop, json!({})).await;
    let page = app.consent(&url, &[ALLOW, ("sandbox_account", account.username.as_str())]).await;
    assert!(page.contains("@acme.new is connected"), "{page}");
    let done = attempt(&app, &shop, &id).await;
    assert_eq!((&done["status"], &done["missing"]), (&json!("connected"), &json!([])));

    let path = shop.path(&format!("/accounts/{}", done["account"].as_str().unwrap()));
    let stored = app.api.get(&path).await.ok();
    assert_eq!(stored["external_id"], json!(account.user_id));
    assert_eq!(stored["scoped_id"], json!(account.app_scoped_id));
    let connection = app.api.get(&format!("{path}/connection")).await.ok();
    assert_eq!(connection["scopes"].as_array().unwrap().len(), 5);
    assert!(connection["token_expires_at"].is_string(), "{connection}");
    is_answered(&app, &account).await;

    let told: String = app.audit(&shop).await.iter().map(|entry| entry.details.as_str().to_owned()).collect();
    assert!(!told.contains("IGAA") && !told.contains("AQB"), "no token and no code in the audit log");
    app
}

async fn of_several_pages_one_is_chosen_and_its_comments_are_answered(app: TestApp) -> TestApp {
    let (shop, first) = stranger(&app, "acme", Login::Facebook).await;
    let second = NewAccount { subscribed: false, ..NewAccount::new("acme.two").login(Login::Facebook) };
    let second = app.sandbox.create_account(second).unwrap();
    app.sandbox.create_media(&second, NewMedia::post("hello")).unwrap();
    let (id, url) = begin(&app, &shop, json!({ "flavour": "facebook" })).await;
    let both = format!("{},{}", first.user_id, second.user_id);
    let page = app.consent(&url, &[ALLOW, ("sandbox_account", &both)]).await;
    assert!(page.contains("Which account?") && page.contains("@acme.two"), "{page}");
    let choosing = attempt(&app, &shop, &id).await;
    assert_eq!(choosing["choices"][1]["page"], "acme.two");

    let choice = json!({ "external_id": second.user_id });
    let done = app.api.post(&shop.path(&format!("/accounts/connect/{id}/choose")), choice).await.ok();
    assert_eq!(done["status"], "connected", "{done}");
    let path = shop.path(&format!("/accounts/{}", done["account"].as_str().unwrap()));
    let stored = app.api.get(&path).await.ok();
    assert_eq!(stored["page_id"], json!(second.page_id));
    assert_eq!(stored["token_expires_at"], Value::Null, "tokens of Pages do not run out");
    is_answered(&app, &second).await;
    app
}

async fn the_documented_shape_of_the_exchange_connects_as_well(app: TestApp) -> TestApp {
    app.sandbox.answer_codes_as_documented(true);
    let (shop, account) = stranger(&app, "acme", Login::Instagram).await;
    let (id, url) = begin(&app, &shop, json!({ "flavour": "instagram" })).await;
    app.consent(&url, &[ALLOW, ("sandbox_account", account.username.as_str())]).await;
    assert_eq!(attempt(&app, &shop, &id).await["status"], "connected");
    app
}

async fn a_denied_consent_connects_nothing(app: TestApp) -> TestApp {
    let (shop, _) = stranger(&app, "acme", Login::Instagram).await;
    let (id, url) = begin(&app, &shop, json!({})).await;
    let page = app.consent(&url, &[("sandbox_decision", "deny")]).await;
    assert!(page.contains("Nothing was connected"), "{page}");
    assert_eq!(attempt(&app, &shop, &id).await["status"], "failed");
    let accounts = app.api.get(&shop.path("/accounts")).await.ok();
    assert_eq!(accounts["items"].as_array().unwrap().len(), 1, "the one it had");
    app
}

async fn a_state_and_a_code_work_once(app: TestApp) -> TestApp {
    let (shop, account) = stranger(&app, "acme", Login::Instagram).await;
    let name = ("sandbox_account", account.username.as_str());
    let (id, url) = begin(&app, &shop, json!({})).await;
    app.consent(&url, &[ALLOW, name]).await;
    let again = app.consent(&url, &[ALLOW, name]).await;
    assert!(again.contains("used before"), "{again}");
    assert_eq!(attempt(&app, &shop, &id).await["status"], "connected");

    // A code that was used elsewhere before, brought along with a fresh state.
    let (id, url) = begin(&app, &shop, json!({})).await;
    let state = url.rsplit_once("state=").unwrap().1;
    let callback = format!("{}/oauth/callback", app.node().base_url());
    let page = app.api.browse(&callback, &[("code", "AQBused"), ("state", state)]).await;
    assert_eq!(page.status, 400);
    let failed = attempt(&app, &shop, &id).await;
    assert!(failed["message"].as_str().unwrap().contains("already used; start again"), "{failed}");
    app
}

async fn a_permission_that_was_not_given_is_named(app: TestApp) -> TestApp {
    let (shop, account) = stranger(&app, "acme", Login::Instagram).await;
    let (id, url) = begin(&app, &shop, json!({})).await;
    let given = "instagram_business_basic,instagram_business_manage_comments";
    let answers = [ALLOW, ("sandbox_account", account.username.as_str()), ("sandbox_scopes", given)];
    let page = app.consent(&url, &answers).await;
    assert!(page.contains("instagram_business_manage_messages: direct messages cannot"), "{page}");
    let done = attempt(&app, &shop, &id).await;
    let missing: Vec<&Value> =
        done["missing"].as_array().unwrap().iter().map(|missing| &missing["scope"]).collect();
    assert_eq!(
        missing,
        [
            "instagram_business_content_publish",
            "instagram_business_manage_messages",
            "instagram_business_manage_insights"
        ]
    );
    is_answered(&app, &account).await;
    app
}

async fn a_permission_without_which_nothing_works_connects_nothing(app: TestApp) -> TestApp {
    let (shop, account) = stranger(&app, "acme", Login::Instagram).await;
    let (id, url) = begin(&app, &shop, json!({})).await;
    let name = account.username.as_str();
    let given = "instagram_business_manage_comments";
    app.consent(&url, &[ALLOW, ("sandbox_account", name), ("sandbox_scopes", given)]).await;
    let failed = attempt(&app, &shop, &id).await;
    assert_eq!(failed["status"], "failed");
    assert!(failed["message"].as_str().unwrap().contains("instagram_business_basic"), "{failed}");
    app
}

async fn an_account_goes_through_the_app_of_its_agency(app: TestApp) -> TestApp {
    let (shop, account) = stranger(&app, "acme", Login::Instagram).await;
    let second = app.sandbox.create_app(NewApp::default()).unwrap();
    let new =
        json!({ "external_id": second.id, "secret": second.secret, "verify_token": second.verify_token });
    app.api.post(&format!("/agencies/{}/apps", app.agency.id), new).await.ok();
    let callback_url = format!("{}/webhooks/instagram/{}", app.node().base_url(), second.id);
    app.sandbox
        .subscribe(&second.id, Subscription { callback_url, ..Subscription::default() })
        .await
        .unwrap();

    let (id, url) = begin(&app, &shop, json!({})).await;
    assert!(url.contains(&format!("client_id={}", second.id)), "the agency's app asks: {url}");
    app.consent(&url, &[ALLOW, ("sandbox_account", account.username.as_str())]).await;
    let done = attempt(&app, &shop, &id).await;
    assert_eq!(done["status"], "connected", "{done}");
    is_answered(&app, &account).await;
    app
}

async fn a_reconnect_sends_the_held_queue_once_and_keeps_the_account(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.sandbox.revoke_token(&shop, TokenDeath::PasswordChanged).unwrap();
    let comments: Vec<_> =
        (0..5).map(|n| app.comment(&shop, &format!("fan{n}"), "I love this so much!")).collect();
    app.until("the account is marked", || async {
        let path = shop.path(&format!("/accounts/{}", shop.account.id));
        app.api.get(&path).await.ok()["status"] == "disconnected"
    })
    .await;
    app.settle().await;
    assert!(comments.iter().all(|comment| app.visible(comment).is_untouched()));

    let (id, url) = begin(&app, &shop, json!({ "account": shop.account.id })).await;
    app.consent(&url, &[ALLOW, ("sandbox_account", shop.as_ref())]).await;
    let done = attempt(&app, &shop, &id).await;
    assert_eq!(done["account"], json!(shop.account.id), "the same account: {done}");
    app.until("the queue has gone out", || async {
        comments.iter().all(|comment| app.visible(comment).replies.len() == 1)
    })
    .await;
    app.settle().await;
    let answers: Vec<usize> = comments.iter().map(|comment| app.visible(comment).replies.len()).collect();
    assert_eq!(answers, [1; 5]);
    assert!(app.sandbox.effects().doubled.is_empty());
    let alerts = app.api.get(&shop.path("/alerts?resolved=false")).await.ok();
    assert_eq!(alerts["items"], json!([]), "the alert is over");
    app
}

async fn an_account_of_another_tenant_is_not_connected_twice(app: TestApp) -> TestApp {
    let (shop, other) = (app.tenant("acme").create().await, app.tenant("rival").create().await);
    let (id, url) = begin(&app, &shop, json!({})).await;
    let page = app.consent(&url, &[ALLOW, ("sandbox_account", other.as_ref())]).await;
    assert!(page.contains("could not be connected"), "{page}");
    let failed = attempt(&app, &shop, &id).await;
    assert!(failed["message"].as_str().unwrap().contains("is connected already"), "{failed}");
    assert!(!page.contains("rival.insta") && !failed.to_string().contains(&other.id.to_string()));
    let store = &app.node().foundations().database;
    let theirs = store.find_account(&other.id, &other.account.id).await.unwrap().unwrap();
    assert_eq!(theirs.status, AccountStatus::Active);
    app
}

async fn a_trouble_of_instagram_in_the_middle_of_a_login_is_told_and_can_be_repeated(
    app: TestApp,
) -> TestApp {
    use sandbox::{Endpoint, Fault, FaultKind};
    let (shop, account) = stranger(&app, "acme", Login::Instagram).await;
    let faults = [
        (FaultKind::Http5xx { status: 503 }, Endpoint::ExchangeCode),
        (FaultKind::DoneButConnectionDropped { hang: false }, Endpoint::ExchangeCode),
        (FaultKind::DoneBut500 { status: 500 }, Endpoint::LengthenToken),
    ];
    for (fault, endpoint) in faults {
        app.sandbox.fault(Fault::new(fault).on(endpoint).times(1));
        let (id, url) = begin(&app, &shop, json!({})).await;
        let page = app.consent(&url, &[ALLOW, ("sandbox_account", account.username.as_str())]).await;
        assert!(page.contains("Instagram cannot be reached"), "{page}");
        let failed = attempt(&app, &shop, &id).await;
        assert!(failed["message"].as_str().unwrap().contains("start again"), "{failed}");
    }
    let (id, url) = begin(&app, &shop, json!({})).await;
    app.consent(&url, &[ALLOW, ("sandbox_account", account.username.as_str())]).await;
    assert_eq!(attempt(&app, &shop, &id).await["status"], "connected");
    app
}

async fn a_changed_public_address_does_not_exchange_an_old_code(mut app: TestApp) -> TestApp {
    let (shop, _) = stranger(&app, "acme", Login::Instagram).await;
    let (id, url) = begin(&app, &shop, json!({})).await;
    let state = url.rsplit_once("state=").unwrap().1.to_owned();
    app.restart_elsewhere().await;
    let callback = format!("{}/oauth/callback", app.node().base_url());
    let page = app.api.browse(&callback, &[("code", "AQBany"), ("state", &state)]).await;
    let failed = attempt(&app, &shop, &id).await;
    assert_eq!((page.status, &failed["status"]), (400, &json!("failed")));
    assert!(failed["message"].as_str().unwrap().contains("public address"), "{failed}");
    app
}

async fn whoever_removes_the_app_is_disconnected_and_only_a_true_signature_counts(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let url = format!("{}/oauth/deauthorize", app.node().base_url());
    let path = shop.path(&format!("/accounts/{}", shop.account.id));
    let status = || async { app.api.get(&path).await.ok()["status"].clone() };
    let mut forged = app.sandbox.signed_request(&shop).unwrap();
    let first = forged.remove(0);
    forged.insert(0, if first == 'A' { 'B' } else { 'A' });
    let body = format!("signed_request={forged}").into_bytes();
    assert_eq!(app.api.raw_post("/oauth/deauthorize", &[], body).await.status, 401);
    assert_eq!(status().await, "active");

    assert_eq!(app.sandbox.deauthorize(&shop, &url).await.unwrap(), 200);
    assert_eq!(status().await, "disconnected");
    let connection = app.api.get(&format!("{path}/connection")).await.ok();
    assert_eq!(
        (&connection["token_set_at"], &connection["trouble"]["cause"]),
        (&Value::Null, &json!("app_removed"))
    );
    let comment = app.comment(&shop, "fan", "I love this so much!");
    app.settle().await;
    assert!(app.visible(&comment).is_untouched(), "its queue waits");
    let alerts = app.api.get(&shop.path("/alerts?resolved=false")).await.ok();
    assert_eq!(alerts["items"].as_array().unwrap().len(), 1, "{alerts}");
    assert!(alerts["items"][0]["message"].as_str().unwrap().contains("removed this app"), "{alerts}");

    let (_, url) = begin(&app, &shop, json!({ "account": shop.account.id })).await;
    app.consent(&url, &[ALLOW, ("sandbox_account", shop.as_ref())]).await;
    app.until("the queue has gone out", || async { app.visible(&comment).replies.len() == 1 }).await;
    app
}

async fn a_deletion_erases_the_connection_and_what_was_said(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.message(&shop, "fan", "my secret wish");
    app.settle().await;
    let url = format!("{}/oauth/data-deletion", app.node().base_url());
    let (status, answer) = app.sandbox.request_deletion(&shop, &url).await.unwrap();
    assert_eq!(status, 200);
    let page = answer["url"].as_str().unwrap().to_owned();
    app.until("it is done", || async {
        app.api.browse(&page, &[]).await.body.as_str().unwrap().contains("<h1>Deleted</h1>")
    })
    .await;
    let store = &app.node().foundations().database;
    assert!(store.sealed_token(&shop.id, &shop.account.id).await.unwrap().is_none());

    // The same for a person who only ever wrote to the brand, asked for with the person's id.
    let people = app.api.get(&shop.path("/conversations")).await.ok();
    let person = people["items"][0]["person"]["id"].as_str().unwrap().to_owned();
    let request = signed_about(&app, &person);
    let body = format!("signed_request={request}").into_bytes();
    let reply = app.api.raw_post("/oauth/data-deletion", &[], body).await;
    let answer: Value = serde_json::from_str(reply.body.as_str().unwrap()).unwrap();
    let page = answer["url"].as_str().unwrap().to_owned();
    app.until("it is done", || async {
        app.api.browse(&page, &[]).await.body.as_str().unwrap().contains("<h1>Deleted</h1>")
    })
    .await;
    let conversation = people["items"][0]["id"].as_str().unwrap();
    let path = shop.path(&format!("/conversations/{conversation}/messages"));
    let messages = app.api.call(Method::GET, &path, None).await.ok();
    assert!(!messages.to_string().contains("my secret wish"), "{messages}");
    app
}

/// A signed request about anybody, with the secret of the sandbox's first app.
fn signed_about(app: &TestApp, user: &str) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use hmac::{Hmac, KeyInit, Mac};
    let secret = app.sandbox.apps().remove(0).secret;
    let payload = URL_SAFE_NO_PAD.encode(json!({ "user_id": user, "algorithm": "HMAC-SHA256" }).to_string());
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(payload.as_bytes());
    format!("{}.{payload}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}
