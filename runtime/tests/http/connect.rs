//! Beginning to connect an account, and coming back from the login.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::logins::{BARE, TWO_ACCOUNTS};
use crate::rig::{OWN_SECRET, Reply};
use crate::world::{Shop, World};

struct Begun {
    id: String,
    state: String,
}

async fn begin(world: &World, shop: &Shop, body: Value) -> Begun {
    let path = shop.path("/accounts/connect");
    let made = world.rig.post(&shop.key.text, &path, body).await.ok();
    let url = made["authorise_url"].as_str().unwrap();
    Begun {
        id: made["id"].as_str().unwrap().to_owned(),
        state: url.rsplit_once("state=").unwrap().1.to_owned(),
    }
}

async fn page(world: &World, query: &str) -> Reply {
    let request = Request::get(format!("/oauth/callback?{query}")).body(Body::empty()).unwrap();
    world.rig.send(request).await
}

async fn attempt(world: &World, shop: &Shop, begun: &Begun) -> Value {
    world.rig.get(&shop.key.text, &shop.path(&format!("/accounts/connect/{}", begun.id))).await.ok()
}

#[tokio::test]
async fn whoever_comes_back_with_the_state_gets_the_account_connected_once() {
    let world = World::new().await;
    let begun = begin(&world, &world.bakery, json!({})).await;
    let waiting = attempt(&world, &world.bakery, &begun).await;
    assert_eq!(waiting["status"], "waiting");
    assert_eq!(waiting["authorise_url"], Value::Null, "told once");

    let first = page(&world, &format!("code=abc&state={}", begun.state)).await;
    assert_eq!(first.status.as_u16(), 200);
    assert!(first.text().contains("@found1 is connected"), "{}", first.text());
    assert!(first.header("content-type").starts_with("text/html"));
    let done = attempt(&world, &world.bakery, &begun).await;
    assert_eq!(done["status"], "connected");
    let account = done["account"].as_str().unwrap();
    let path = world.bakery.path(&format!("/accounts/{account}/connection"));
    let connection = world.rig.get(&world.bakery.key.text, &path).await.ok();
    assert!(connection["token_set_at"].is_string() && connection["webhooks_since"].is_string());

    let again = page(&world, &format!("code=other&state={}", begun.state)).await;
    assert_eq!(again.status.as_u16(), 409);
    assert_eq!(attempt(&world, &world.bakery, &begun).await, done, "and nothing has changed");
}

#[tokio::test]
async fn of_many_who_come_back_with_one_state_at_once_exactly_one_connects() {
    let world = World::new().await;
    let begun = begin(&world, &world.bakery, json!({})).await;
    let query = format!("code=abc&state={}", begun.state);
    let pages = futures::future::join_all((0..8).map(|_| page(&world, &query))).await;
    let mut statuses: Vec<u16> = pages.iter().map(|page| page.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn a_state_that_is_none_of_ours_or_missing_connects_nothing() {
    let world = World::new().await;
    begin(&world, &world.bakery, json!({})).await;
    for query in ["code=abc", "code=abc&state=", "code=abc&state=0123", "state=%00", ""] {
        let reply = page(&world, query).await;
        assert_eq!(reply.status.as_u16(), 400, "{query}");
        assert!(reply.text().contains("not known"), "{}", reply.text());
    }
    let list = world.rig.get(&world.bakery.key.text, &world.bakery.path("/accounts")).await.ok();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_state_is_over_after_a_quarter_of_an_hour() {
    let world = World::new().await;
    let begun = begin(&world, &world.bakery, json!({})).await;
    world.rig.clock.advance(std::time::Duration::from_secs(15 * 60));
    assert_eq!(attempt(&world, &world.bakery, &begun).await["status"], "failed");
    let late = page(&world, &format!("code=abc&state={}", begun.state)).await;
    assert_eq!(late.status.as_u16(), 410);
}

#[tokio::test]
async fn a_state_is_of_no_use_once_the_key_that_began_it_is_withdrawn() {
    let world = World::new().await;
    let begun = begin(&world, &world.bakery, json!({})).await;
    let key = world.bakery.key.key.id;
    let path = world.north.path(&format!("/keys/{key}"));
    let withdrawn = world.rig.call(&world.north.key.text, "DELETE", &path, None).await;
    assert!(withdrawn.status.is_success());
    let reply = page(&world, &format!("code=abc&state={}", begun.state)).await;
    assert_eq!(reply.status.as_u16(), 400);
    let path = world.bakery.path(&format!("/accounts/connect/{}", begun.id));
    let failed = world.rig.get(&world.north.key.text, &path).await.ok();
    assert!(failed["message"].as_str().unwrap().contains("valid key"), "{failed}");
}

#[tokio::test]
async fn a_person_who_says_no_is_told_so_and_so_is_whoever_began() {
    let world = World::new().await;
    let begun = begin(&world, &world.bakery, json!({})).await;
    let query = format!("error=access_denied&error_reason=user_denied&state={}", begun.state);
    let reply = page(&world, &query).await;
    assert!(reply.text().contains("Nothing was connected"), "{}", reply.text());
    let failed = attempt(&world, &world.bakery, &begun).await;
    assert_eq!(failed["status"], "failed");
    assert!(failed["message"].as_str().unwrap().contains("start again and allow it"));
}

#[tokio::test]
async fn permissions_that_were_not_given_are_named_with_what_will_not_work() {
    let world = World::new().await;
    let begun = begin(&world, &world.bakery, json!({})).await;
    let reply = page(&world, &format!("code={BARE}&state={}", begun.state)).await;
    assert!(reply.text().contains("instagram_business_manage_messages"), "{}", reply.text());
    let done = attempt(&world, &world.bakery, &begun).await;
    assert_eq!((&done["status"], done["missing"].as_array().unwrap().len()), (&json!("connected"), 4));
    assert!(done["message"].as_str().unwrap().contains("direct messages cannot be read"));
}

#[tokio::test]
async fn of_several_accounts_one_is_chosen_by_whoever_began() {
    let world = World::new().await;
    let begun = begin(&world, &world.bakery, json!({})).await;
    let reply = page(&world, &format!("code={TWO_ACCOUNTS}&state={}", begun.state)).await;
    assert!(reply.text().contains("Which account?") && reply.text().contains("@found2"), "{}", reply.text());
    let choosing = attempt(&world, &world.bakery, &begun).await;
    assert_eq!(choosing["choices"].as_array().unwrap().len(), 2);

    let path = world.bakery.path(&format!("/accounts/connect/{}/choose", begun.id));
    let choice = |id: &Value| json!({ "external_id": id });
    world.rig.post(&world.bakery.key.text, &path, choice(&json!("1"))).await.problem(404);
    let second = choice(&choosing["choices"][1]["external_id"]);
    let done = world.rig.post(&world.bakery.key.text, &path, second.clone()).await.ok();
    assert_eq!(done["status"], "connected");
    world.rig.post(&world.bakery.key.text, &path, second).await.problem(409);
}

#[tokio::test]
async fn an_account_of_another_tenant_is_not_taken_over_by_a_login() {
    let world = World::new().await;
    let account = json!({ "account": world.rival.account.id });
    let path = world.bakery.path("/accounts/connect");
    world.rig.post(&world.bakery.key.text, &path, account).await.problem(404);
    let app = json!({ "app": world.south.app.id });
    world.rig.post(&world.bakery.key.text, &path, app).await.problem(404);
}

#[tokio::test]
async fn another_account_than_the_one_to_be_connected_again_is_refused() {
    let world = World::new().await;
    let begun = begin(&world, &world.bakery, json!({ "account": world.bakery.account.id })).await;
    let reply = page(&world, &format!("code=abc&state={}", begun.state)).await;
    assert_eq!(reply.status.as_u16(), 400);
    assert!(reply.text().contains("@bakery was to be connected again, but @found1"), "{}", reply.text());
}

#[tokio::test]
async fn the_page_shows_no_secret_loads_nothing_and_is_kept_by_nobody() {
    let world = World::new().await;
    let begun = begin(&world, &world.bakery, json!({})).await;
    let reply = page(&world, &format!("code=s3cret-code&state={}", begun.state)).await;
    assert!(!reply.text().contains("s3cret-code") && !reply.text().contains(&begun.state));
    assert!(!reply.text().contains("<script") && !reply.text().contains("http"), "{}", reply.text());
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
    assert!(reply.header("content-security-policy").contains("default-src 'none'"));
}

fn signed(user: &str, secret: &str) -> String {
    let payload = URL_SAFE_NO_PAD.encode(json!({ "user_id": user, "algorithm": "HMAC-SHA256" }).to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(payload.as_bytes());
    format!("{}.{payload}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

async fn told(world: &World, path: &str, request: &str) -> Reply {
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(format!("signed_request={request}")))
        .unwrap();
    world.rig.send(request).await
}

#[tokio::test]
async fn only_the_app_itself_can_end_a_connection_and_only_its_own() {
    let world = World::new().await;
    let user = world.bakery.account.external_id.clone();
    let status = || async {
        let path = world.bakery.path(&format!("/accounts/{}", world.bakery.account.id));
        world.rig.get(&world.bakery.key.text, &path).await.ok()["status"].clone()
    };
    told(&world, "/oauth/deauthorize", &signed(&user, "wrong")).await.problem(401);
    told(&world, "/oauth/deauthorize", "nonsense").await.problem(400);
    told(&world, "/oauth/deauthorize/999", &signed(&user, OWN_SECRET)).await.problem(404);
    // An agency's app knows its own secret, but the account was connected through the installation's.
    let foreign = told(&world, "/oauth/deauthorize/2001", &signed(&user, "secret-2001")).await.ok();
    assert_eq!((&foreign["accounts"], status().await), (&json!(0), json!("active")));

    let reply = told(&world, "/oauth/deauthorize", &signed(&user, OWN_SECRET)).await.ok();
    assert_eq!((&reply["accounts"], status().await), (&json!(1), json!("disconnected")));
    let again = told(&world, "/oauth/deauthorize", &signed(&user, OWN_SECRET)).await.ok();
    assert_eq!(again["accounts"], 0, "Meta tells it again");
}

#[tokio::test]
async fn a_deletion_is_confirmed_with_a_code_and_a_page() {
    let world = World::new().await;
    let user = world.bakery.account.external_id.clone();
    told(&world, "/oauth/data-deletion", &signed(&user, "wrong")).await.problem(401);
    let reply = told(&world, "/oauth/data-deletion", &signed(&user, OWN_SECRET)).await.ok();
    let (url, code) = (reply["url"].as_str().unwrap(), reply["confirmation_code"].as_str().unwrap());
    assert!(url.ends_with(&format!("/oauth/deletions/{code}")) && code.len() == 32);
    let look = |code: &str| {
        let request = Request::get(format!("/oauth/deletions/{code}")).body(Body::empty()).unwrap();
        world.rig.send(request)
    };
    let status = look(code).await;
    assert!(status.text().contains("under way"), "{}", status.text());
    assert!(!status.text().contains(&user));
    assert_eq!(look("0000").await.status.as_u16(), 404);
}
