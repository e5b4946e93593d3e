//! The control API over HTTP.

use reqwest::Method;
use serde_json::{Value, json};
use troupe_sandbox::{ControlError, NewAccount};

use crate::kit::{Answer, Kit, read};

async fn control(kit: &Kit, method: Method, path: &str, body: Value) -> Answer {
    read(kit.client.request(method, kit.url(&format!("/_sandbox{path}"))).json(&body)).await
}

#[tokio::test]
async fn the_listing_names_every_route_and_each_one_answers() {
    let kit = Kit::start().await;
    let listing = control(&kit, Method::GET, "", json!({})).await.ok();
    let routes = listing["routes"].as_array().unwrap();
    assert!(routes.len() > 40);
    for route in routes {
        let method: Method = route["method"].as_str().unwrap().parse().unwrap();
        let path = route["path"].as_str().unwrap().replace("/_sandbox", "").replace(['{', '}'], "");
        let answer = control(&kit, method, &path, json!({})).await;
        assert_ne!(answer.status, 405, "{route}");
        assert!(!answer.text.contains("fbtrace_id"), "{route} fell through to the Graph API");
        assert!(route["says"].as_str().unwrap().ends_with(['.', '}']), "{route}");
    }
}

#[tokio::test]
async fn the_page_to_play_by_hand_loads_nothing_from_elsewhere_and_uses_routes_that_exist() {
    let kit = Kit::start().await;
    let get = async |path: &str| {
        let answer = kit.client.get(kit.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
        answer.text().await.unwrap()
    };
    let (page, script, style) =
        (get("/").await, get("/_sandbox/play.js").await, get("/_sandbox/play.css").await);
    assert_eq!(page, get("/play").await);
    for text in [&page, &script, &style] {
        assert!(!text.contains("//www.") && !text.contains("https://") && !text.contains("http://"));
    }
    assert!(page.contains("/_sandbox/play.js") && page.contains("/_sandbox/play.css"));
    assert!(!script.contains("innerHTML"), "what people write must never be taken for HTML");
    // Every fault that the page offers is one that can be switched on.
    let offered =
        script.lines().filter(|line| line.trim_start().starts_with("[\"") && line.contains("kind:"));
    let mut count = 0;
    for line in offered {
        let object = &line[line.find('{').unwrap()..=line.rfind('}').unwrap()];
        let json = object.replace("kind:", "\"kind\":").replace("delay_ms:", "\"delay_ms\":");
        let json = json.replace("code:", "\"code\":").replace("regain_minutes:", "\"regain_minutes\":");
        let json = json.replace("within_ms:", "\"within_ms\":").replace("endpoint:", "\"endpoint\":");
        let fault: Value = serde_json::from_str(&json).unwrap();
        control(&kit, Method::POST, "/faults", fault).await.ok();
        count += 1;
    }
    assert!(count >= 10, "{count}");
}

#[tokio::test]
async fn a_story_can_be_told_over_http_alone() {
    let kit = Kit::start().await;
    let post = |path: &'static str, body: Value| control(&kit, Method::POST, path, body);
    let account = post("/accounts", json!({"username": "bakery", "login": "facebook"})).await.ok();
    assert!(account["user_id"].as_str().unwrap().starts_with("1784140"));
    let token = control(&kit, Method::GET, "/accounts/bakery/token", json!({})).await.ok();
    let token = token["access_token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("EAA"));
    let media = post("/accounts/bakery/media", json!({"caption": "Bread", "product": "REELS"})).await.ok();
    let comment =
        post("/accounts/bakery/comments", json!({"from": "fan", "text": "yum", "media": media["id"]}))
            .await
            .ok();
    let id = comment["id"].as_str().unwrap();
    read(
        kit.client
            .post(kit.url(&format!("/{id}/replies")))
            .bearer_auth(&token)
            .form(&[("message", "thanks")]),
    )
    .await
    .ok();
    let effects = control(&kit, Method::GET, &format!("/effects/{id}"), json!({})).await.ok();
    assert_eq!(effects["replies"][0]["text"], "thanks");
    let report = control(&kit, Method::GET, "/effects?account=bakery", json!({})).await.ok();
    assert_eq!(report["totals"], json!({"reply": 1}));
    post("/accounts/bakery/messages", json!({"from": "fan", "text": "open today?"})).await.ok();
    post("/accounts/bakery/own_messages", json!({"to": "fan", "text": "yes"})).await.ok();
    let messages = control(&kit, Method::GET, "/accounts/bakery/conversations/fan", json!({})).await.ok();
    assert_eq!(messages.as_array().unwrap().len(), 2);
    let calls = control(&kit, Method::GET, "/calls", json!({})).await.ok();
    assert_eq!((&calls[0]["endpoint"], &calls[0]["status"]), (&json!("reply_to_comment"), &json!(200)));
    assert!(!calls.to_string().contains(&token));
}

#[tokio::test]
async fn faults_clock_limits_and_tokens_are_switched_over_http() {
    let kit = Kit::start().await;
    let fault =
        json!({"kind": "http_5xx", "status": 502, "count": 1, "account": "acme", "endpoint": "read_account"});
    let set = control(&kit, Method::POST, "/faults", fault).await.ok();
    assert!(set["id"].is_number());
    assert_eq!(kit.get("/me", &[]).await.status, 502);
    let listed = control(&kit, Method::GET, "/faults", json!({})).await.ok();
    assert_eq!((&listed[0]["kind"], &listed[0]["strikes"]), (&json!("http_5xx"), &json!(1)));
    control(&kit, Method::DELETE, &format!("/faults/{}", set["id"]), json!({})).await.ok();
    let clock = control(&kit, Method::POST, "/clock", json!({"advance_seconds": 60 * 86_400})).await.ok();
    assert_eq!(clock["advanced_seconds"], 60 * 86_400);
    assert_eq!(kit.get("/me", &[]).await.error(), (400, 190, 463));
    control(&kit, Method::DELETE, "/clock", json!({})).await.ok();
    kit.get("/me", &[]).await.ok();
    control(&kit, Method::DELETE, "/accounts/acme/token?death=password_changed", json!({})).await.ok();
    assert_eq!(kit.get("/me", &[]).await.error(), (400, 190, 460));
    let limits = json!({"instagram": {"calls": 1, "window_ms": 60_000}});
    control(&kit, Method::PUT, "/limits", limits).await.ok();
    let read_back = control(&kit, Method::GET, "/limits", json!({})).await.ok();
    assert_eq!(read_back["instagram"]["calls"], 1);
}

#[tokio::test]
async fn mistakes_are_answered_with_what_to_do() {
    let kit = Kit::start().await;
    let missing = control(&kit, Method::POST, "/accounts/nobody/comments", json!({"text": "x"})).await;
    assert_eq!(missing.status, 404);
    assert!(missing.json["error"].as_str().unwrap().contains("/_sandbox/state"));
    let twice = control(&kit, Method::POST, "/accounts", json!({"username": "acme"})).await;
    assert_eq!(twice.status, 409);
    let unknown = control(&kit, Method::POST, "/accounts", json!({"username": "x", "colour": "red"})).await;
    assert_eq!(unknown.status, 400);
    assert!(unknown.json["error"].as_str().unwrap().contains("colour"));
    let unfit = kit.sandbox.create_account(NewAccount::new("white space")).unwrap_err();
    assert!(matches!(unfit, ControlError::Invalid(_)));
    let undeliverable = control(&kit, Method::POST, "/accounts/acme/events", json!({"field": "x"})).await;
    assert_eq!(undeliverable.status, 400, "there is no callback yet");
}

#[tokio::test]
async fn a_reset_forgets_everything_but_the_first_app() {
    let kit = Kit::start().await;
    let before = kit.sandbox.apps().remove(0);
    control(&kit, Method::POST, "/reset", json!({})).await.ok();
    let state = control(&kit, Method::GET, "/state", json!({})).await.ok();
    assert_eq!((&state["accounts"], &state["counts"]["calls"]), (&json!([]), &json!(0)));
    assert_eq!(kit.sandbox.apps()[0].secret, before.secret);
    assert_eq!(kit.get("/me", &[]).await.error().1, 190);
}
