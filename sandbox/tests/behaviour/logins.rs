//! The logins: consent, codes, tokens, Pages, and what Meta tells an app.
#![expect(clippy::unwrap_used, reason = "helpers of a test that cannot go on should fail")]

use chrono::TimeDelta;
use reqwest::{StatusCode, redirect::Policy};
use serde_json::{Value, json};
use troupe_sandbox::{Login, NewAccount, NewApp, SandboxOptions, TokenDeath};

use crate::kit::{Answer, Kit, PATIENCE, read};

const BACK: &str = "https://app.example/callback";
const IG_SCOPES: &str = "instagram_business_basic,instagram_business_manage_comments";
const FB_SCOPES: &str = "instagram_basic,pages_show_list,instagram_manage_messages";

/// Asks for consent without following the way back.
async fn consent(kit: &Kit, path: &str, query: &[(&str, &str)]) -> (StatusCode, String) {
    let client = reqwest::Client::builder().redirect(Policy::none()).timeout(PATIENCE).build().unwrap();
    let answer = client.get(kit.url(path)).query(query).send().await.unwrap();
    let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    let status = answer.status();
    (status, location.unwrap_or(answer.text().await.unwrap()))
}

fn wish<'a>(kit: &'a Kit, scopes: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let app = kit.shop.app_id.as_str();
    let usual = [
        ("client_id", app),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", scopes),
        ("state", "s1"),
    ];
    [usual.as_slice(), more].concat()
}

fn parameter(location: &str, name: &str) -> Option<String> {
    let query = location.split_once('?')?.1.split('#').next()?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

async fn code(kit: &Kit, path: &str, scopes: &str, more: &[(&str, &str)]) -> String {
    let allow = [&[("sandbox_decision", "allow")], more].concat();
    let (status, location) = consent(kit, path, &wish(kit, scopes, &allow)).await;
    assert_eq!(status, StatusCode::FOUND, "{location}");
    assert_eq!(parameter(&location, "state").as_deref(), Some("s1"));
    parameter(&location, "code").unwrap()
}

fn secret(kit: &Kit) -> String {
    kit.sandbox.apps().remove(0).secret
}

async fn exchange(kit: &Kit, code: &str, change: &[(&str, &str)]) -> Answer {
    let secret = secret(kit);
    let mut form = vec![
        ("client_id", kit.shop.app_id.as_str()),
        ("client_secret", secret.as_str()),
        ("grant_type", "authorization_code"),
        ("redirect_uri", BACK),
        ("code", code),
    ];
    for (name, value) in change {
        form.iter_mut().filter(|(known, _)| known == name).for_each(|field| field.1 = value);
    }
    read(kit.client.post(kit.url("/oauth/access_token")).form(&form)).await
}

#[tokio::test]
async fn the_consent_page_shows_who_asks_for_what_and_lets_a_person_answer() {
    let kit = Kit::start().await;
    let (status, page) = consent(&kit, "/oauth/authorize", &wish(&kit, IG_SCOPES, &[])).await;
    assert_eq!(status, StatusCode::OK);
    for part in ["@acme", "instagram_business_manage_comments", "value=\"allow\"", "value=\"deny\"", "s1"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let deny = wish(&kit, IG_SCOPES, &[("sandbox_decision", "deny")]);
    let (_, location) = consent(&kit, "/oauth/authorize", &deny).await;
    assert_eq!(parameter(&location, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&location, "error_reason").as_deref(), Some("user_denied"));
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_the_app_has_not_registered() {
    let app = NewApp { redirect_uris: Some(vec![BACK.to_owned()]), ..NewApp::default() };
    let kit = Kit::with(SandboxOptions { app, ..SandboxOptions::default() }, Login::Instagram).await;
    code(&kit, "/oauth/authorize", IG_SCOPES, &[]).await;
    for other in
        ["https://evil.example/", "https://app.example/callback/", "https://app.example/callback?x=1"]
    {
        let mut asked = wish(&kit, IG_SCOPES, &[("sandbox_decision", "allow")]);
        asked[1].1 = other;
        let (status, page) = consent(&kit, "/oauth/authorize", &asked).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{other}");
        assert!(page.contains("Invalid redirect_uri"));
    }
    let mut unknown = wish(&kit, "instagram_everything", &[]);
    assert_eq!(consent(&kit, "/oauth/authorize", &unknown).await.0, StatusCode::BAD_REQUEST);
    unknown[0].1 = "1";
    assert!(consent(&kit, "/oauth/authorize", &unknown).await.1.contains("Invalid platform app"));
}

#[tokio::test]
async fn a_code_becomes_a_short_token_and_that_a_long_one_with_the_permissions_given() {
    let kit = Kit::start().await;
    let given = [("sandbox_scopes", "instagram_business_basic")];
    let code = code(&kit, "/oauth/authorize", IG_SCOPES, &given).await;
    let body = exchange(&kit, &code, &[]).await.ok();
    assert!(body["user_id"].is_u64(), "an integer, as seen live: {body}");
    assert_eq!(body["permissions"], json!(["instagram_business_basic"]));
    let short = body["access_token"].as_str().unwrap();
    let refresh = [("grant_type", "ig_refresh_token"), ("access_token", short)];
    assert_eq!(read(kit.client.get(kit.url("/refresh_access_token")).query(&refresh)).await.error().1, 100);

    let secret = secret(&kit);
    let lengthen = |secret: &str| {
        let query = [("grant_type", "ig_exchange_token"), ("client_secret", secret), ("access_token", short)];
        read(kit.client.get(kit.url("/access_token")).query(&query))
    };
    assert_eq!(lengthen("wrong").await.error().1, 100);
    let long = lengthen(&secret).await.ok();
    assert_eq!(long["expires_in"], 5_184_000);
    let long = long["access_token"].as_str().unwrap();
    kit.sandbox.advance_clock(TimeDelta::hours(1));
    assert_eq!(read(kit.client.get(kit.url("/me")).bearer_auth(short)).await.error().2, 463);
    read(kit.client.get(kit.url("/me")).bearer_auth(long)).await.ok();
    kit.sandbox.advance_clock(TimeDelta::hours(23));
    let refresh = [("grant_type", "ig_refresh_token"), ("access_token", long)];
    let refreshed = read(kit.client.get(kit.url("/refresh_access_token")).query(&refresh)).await.ok();
    assert_eq!(refreshed["permissions"], "instagram_business_basic");
}

#[tokio::test]
async fn the_documented_shape_of_the_code_exchange_can_be_had_too() {
    let kit = Kit::start().await;
    kit.sandbox.answer_codes_as_documented(true);
    let code = code(&kit, "/oauth/authorize", IG_SCOPES, &[]).await;
    let body = exchange(&kit, &code, &[]).await.ok();
    assert_eq!(body["data"][0]["user_id"], json!(kit.shop.user_id));
    assert_eq!(body["data"][0]["permissions"], IG_SCOPES);
}

#[tokio::test]
async fn a_code_works_once_for_its_app_and_address_and_for_an_hour() {
    let kit = Kit::start().await;
    let told = |answer: Answer| {
        assert_eq!((answer.status, &answer.json["error_type"]), (400, &json!("OAuthException")));
        answer.json["error_message"].as_str().unwrap().to_owned()
    };
    let first = code(&kit, "/oauth/authorize", IG_SCOPES, &[]).await;
    assert!(told(exchange(&kit, &first, &[("client_secret", "x")]).await).contains("client secret"));
    assert!(told(exchange(&kit, &first, &[("client_id", "1")]).await).contains("Invalid platform app"));
    let elsewhere = [("redirect_uri", "https://app.example/other")];
    assert!(told(exchange(&kit, &first, &elsewhere).await).contains("redirect_uri"));
    exchange(&kit, &first, &[]).await.ok();
    assert!(told(exchange(&kit, &first, &[]).await).contains("already used"));
    assert!(told(exchange(&kit, "AQBnonsense", &[]).await).contains("not found"));

    let late = code(&kit, "/oauth/authorize", IG_SCOPES, &[]).await;
    kit.sandbox.advance_clock(TimeDelta::hours(1));
    assert!(told(exchange(&kit, &late, &[]).await).contains("already used"));
}

async fn person(kit: &Kit, accounts: &str) -> String {
    let code = code(kit, "/v25.0/dialog/oauth", FB_SCOPES, &[("sandbox_account", accounts)]).await;
    let secret = secret(kit);
    let ask = |query: Vec<(&'static str, String)>| {
        read(kit.client.get(kit.url("/v25.0/oauth/access_token")).query(&query))
    };
    let client = [("client_id", kit.shop.app_id.to_string()), ("client_secret", secret)];
    let with_code = [client.to_vec(), vec![("redirect_uri", BACK.to_owned()), ("code", code)]].concat();
    let short = ask(with_code.clone()).await.ok();
    let again = ask(with_code).await;
    assert_eq!(again.error().0, 400, "Facebook's errors come in the usual envelope: {}", again.text);
    let short = short["access_token"].as_str().unwrap().to_owned();
    let grant = ("grant_type", "fb_exchange_token".to_owned());
    let long = ask([client.to_vec(), vec![grant, ("fb_exchange_token", short)]].concat()).await.ok();
    long["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_token_of_a_person_lists_the_pages_that_were_chosen_with_tokens_of_their_own() {
    let kit = Kit::facebook().await;
    let second = kit.sandbox.create_account(NewAccount::new("second").login(Login::Facebook)).unwrap();
    kit.sandbox.create_account(NewAccount::new("third").login(Login::Facebook)).unwrap();
    let token = person(&kit, "acme,second").await;
    let get = |path: &str| read(kit.client.get(kit.url(path)).bearer_auth(&token));
    let me = get("/v25.0/me?fields=id").await.ok();
    assert_eq!(me["id"], kit.sandbox.user_of(&kit.shop).unwrap());
    let first = get("/v25.0/me/accounts?limit=1").await.ok();
    assert!(first["paging"]["next"].is_string());
    let after = first["paging"]["cursors"]["after"].as_str().unwrap();
    let rest = get(&format!("/v25.0/me/accounts?limit=1&after={after}")).await.ok();
    assert_eq!(rest["data"][0]["instagram_business_account"]["id"], json!(second.user_id));
    assert!(rest["paging"]["next"].is_null(), "the third was not chosen");
    let page = rest["data"][0]["access_token"].as_str().unwrap();
    let own = read(kit.client.get(kit.url("/v25.0/me")).bearer_auth(page)).await.ok();
    assert_eq!(own["id"], json!(second.page_id));

    let permissions = get("/v25.0/me/permissions").await.ok();
    let granted: Vec<&Value> = permissions["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["status"] == "granted")
        .map(|it| &it["permission"])
        .collect();
    assert_eq!(granted, ["instagram_basic", "pages_show_list", "instagram_manage_messages"]);
}

#[tokio::test]
async fn removing_the_app_kills_every_token_and_signs_what_the_app_is_told() {
    let (kit, receiver) = Kit::with_receiver().await;
    assert_eq!(kit.sandbox.deauthorize(&kit.shop, &receiver.url).await.unwrap(), 200);
    assert_eq!(kit.get("/me", &[]).await.error().2, 458);
    let request = kit.sandbox.signed_request(&kit.shop).unwrap();
    let (signature, payload) = request.split_once('.').unwrap();
    assert!(signature.len() == 43 && !request.contains(['+', '/', '=']));
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert_eq!(payload["user_id"], json!(kit.shop.app_scoped_id));
    kit.sandbox.revoke_token(&kit.shop, TokenDeath::Unconfirmed).unwrap();
    assert_eq!(kit.get("/me", &[]).await.error().2, 464);
    kit.sandbox.revoke_token(&kit.shop, TokenDeath::RoleLost).unwrap();
    assert_eq!(kit.get("/me", &[]).await.error().2, 492);
}
