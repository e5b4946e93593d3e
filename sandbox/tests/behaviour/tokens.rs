use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use troupe_sandbox::TokenDeath;

use crate::kit::{Kit, read};

#[tokio::test]
async fn a_missing_or_malformed_token_is_refused() {
    let kit = Kit::start().await;
    let me = read(kit.client.get(kit.url("/me"))).await;
    assert_eq!(me.error().1, 2500);
    let other = read(kit.client.get(kit.url("/17900000000000001"))).await;
    assert_eq!(other.error().1, 104);
    let malformed = read(kit.client.get(kit.url("/me")).bearer_auth("IGAAnonsense")).await;
    assert_eq!(malformed.error(), (400, 190, 0));
    assert_eq!(malformed.json["error"]["type"], "OAuthException");
    assert!(malformed.headers["www-authenticate"].to_str().unwrap().contains("invalid_token"));
}

#[tokio::test]
async fn a_token_of_the_other_login_means_nothing_to_a_host() {
    let kit = Kit::facebook().await;
    let request =
        kit.client.get(kit.url("/me")).bearer_auth(&kit.token).header("Host", "graph.instagram.com");
    assert_eq!(read(request).await.error(), (400, 190, 0));
    assert!(kit.token.starts_with("EAA"));
}

#[tokio::test]
async fn a_secret_proof_is_optional_but_must_fit() {
    let kit = Kit::start().await;
    let mut code = Hmac::<Sha256>::new_from_slice(kit.sandbox.apps()[0].secret.as_bytes()).unwrap();
    code.update(kit.token.as_bytes());
    let proof = hex::encode(code.finalize().into_bytes());
    kit.get("/me", &[("appsecret_proof", &proof)]).await.ok();
    assert_eq!(kit.get("/me", &[("appsecret_proof", "00")]).await.error(), (400, 100, 0));
}

#[tokio::test]
async fn every_kind_of_token_death_has_its_subcode() {
    let kit = Kit::start().await;
    let deaths = [
        (TokenDeath::AppRemoved, 458),
        (TokenDeath::Checkpoint, 459),
        (TokenDeath::PasswordChanged, 460),
        (TokenDeath::Expired, 463),
        (TokenDeath::Invalidated, 467),
    ];
    for (death, subcode) in deaths {
        kit.sandbox.revoke_token(&kit.shop, death).unwrap();
        assert_eq!(kit.get("/me", &[]).await.error(), (400, 190, subcode));
    }
    let renewed = kit.sandbox.renew_token(&kit.shop).unwrap();
    read(kit.client.get(kit.url("/me")).bearer_auth(renewed)).await.ok();
}

#[tokio::test]
async fn a_token_lives_for_sixty_days_and_then_cannot_be_refreshed() {
    let kit = Kit::start().await;
    kit.sandbox.advance_clock(TimeDelta::days(60) - TimeDelta::seconds(1));
    kit.get("/me", &[]).await.ok();
    kit.sandbox.advance_clock(TimeDelta::seconds(1));
    let expired = kit.get("/me", &[]).await;
    assert_eq!(expired.error(), (400, 190, 463));
    assert!(expired.json["error"]["message"].as_str().unwrap().contains("Session has expired on"));
    let refresh = kit.get("/refresh_access_token", &[("grant_type", "ig_refresh_token")]).await;
    assert_eq!(refresh.error(), (400, 190, 463));
}

#[tokio::test]
async fn a_token_is_refreshed_after_a_day() {
    let kit = Kit::start().await;
    let grant = [("grant_type", "ig_refresh_token")];
    assert_eq!(kit.get("/refresh_access_token", &grant).await.error(), (400, 100, 0), "too young");
    kit.sandbox.advance_clock(TimeDelta::hours(24));
    assert_eq!(kit.get("/refresh_access_token", &[]).await.error().1, 100, "grant_type is missing");
    let refreshed = kit.get("/refresh_access_token", &grant).await.ok();
    assert_eq!((&refreshed["token_type"], &refreshed["expires_in"]), (&json!("bearer"), &json!(5_184_000)));
    kit.sandbox.advance_clock(TimeDelta::days(59) + TimeDelta::hours(12));
    assert_eq!(kit.get("/me", &[]).await.error(), (400, 190, 463), "the old one kept its own end");
    let new = refreshed["access_token"].as_str().unwrap();
    read(kit.client.get(kit.url("/me")).bearer_auth(new)).await.ok();
}

#[tokio::test]
async fn debug_token_tells_what_a_token_is() {
    let kit = Kit::start().await;
    let app = kit.sandbox.apps().remove(0);
    let app_token = format!("{}|{}", app.id, app.secret);
    let debug = |token: String| {
        let query = [("input_token", token), ("access_token", app_token.clone())];
        read(kit.client.get(kit.url("/debug_token")).query(&query))
    };
    let good = debug(kit.token.clone()).await.ok();
    assert_eq!(
        (&good["data"]["is_valid"], &good["data"]["user_id"]),
        (&json!(true), &json!(kit.shop.user_id))
    );
    kit.sandbox.revoke_token(&kit.shop, TokenDeath::PasswordChanged).unwrap();
    let dead = debug(kit.token.clone()).await.ok();
    assert_eq!((&dead["data"]["is_valid"], &dead["data"]["error"]["subcode"]), (&json!(false), &json!(460)));
    assert_eq!(debug("nonsense".to_owned()).await.ok()["data"]["is_valid"], false);
}
