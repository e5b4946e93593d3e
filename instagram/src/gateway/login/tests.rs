//! Shapes and refusals of the login hosts.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tenants::ports::{ConnectError, Usage};

use super::{answers, scopes};
use crate::gateway::transport::Answer;

fn answer(status: u16, body: Value) -> Answer {
    Answer { status, usage: Usage::default(), retry_after: None, body: Some(body) }
}

#[test]
fn a_token_is_read_in_the_flat_and_in_the_documented_shape() {
    let flat = json!({"access_token": "IGAAx", "user_id": 17841400000000123u64, "expires_in": 5183944});
    let wrapped = json!({"data": [{"access_token": "IGAAx", "user_id": "1784", "permissions": "a,b"}]});
    for (body, lives_for) in [(&flat, Some(5_183_944)), (&wrapped, None)] {
        let token = answers::token(body).unwrap();
        assert_eq!(token.text.expose_secret(), "IGAAx");
        assert_eq!(token.lives_for, lives_for.map(Duration::from_secs));
    }
    for body in [json!({}), json!({"access_token": ""}), json!({"access_token": 5}), json!({"data": []})] {
        assert!(matches!(answers::token(&body), Err(ConnectError::Refused(_))), "{body}");
    }
}

#[test]
fn permissions_come_as_a_list_as_a_text_or_with_their_state() {
    assert_eq!(scopes::of_exchange(&json!(["a", "b"])), ["a", "b"]);
    assert_eq!(scopes::of_exchange(&json!("a,b")), ["a", "b"]);
    assert!(scopes::of_exchange(&json!(null)).is_empty());
    let list = json!({"data": [
        {"permission": "a", "status": "granted"}, {"permission": "b", "status": "declined"}]});
    assert_eq!(scopes::of_list(&list), ["a"]);
}

#[test]
fn a_refusal_says_what_to_do_and_shows_no_secret() {
    let secret = SecretString::from("s3cret-of-the-app");
    let told = |text: &str| {
        let body = json!({"error_type": "OAuthException", "code": 400, "error_message": text});
        answers::refusal(&answer(400, body), &secret).to_string()
    };
    assert!(told("Invalid redirect_uri").contains("valid OAuth redirect URIs"));
    assert!(told("Invalid platform app").contains("check the app id"));
    assert!(told("Matching code was not found or was already used").ends_with("start again"));
    assert!(!told("wrong s3cret-of-the-app given").contains("s3cret"));
    let graph = json!({"error": {"message": "Error validating client secret.", "code": 1}});
    assert!(answers::refusal(&answer(400, graph), &secret).to_string().contains("app secret"));
}

#[test]
fn trouble_at_instagram_is_told_apart_from_a_refusal() {
    let secret = SecretString::from("s");
    for (status, body) in
        [(503, json!("<html>")), (429, json!({})), (500, json!({"error": {"message": "x"}}))]
    {
        assert!(matches!(answers::refusal(&answer(status, body), &secret), ConnectError::Unreachable(_)));
    }
    assert!(matches!(answers::refusal(&answer(400, json!({})), &secret), ConnectError::Refused(_)));
}
