//! Every failure is a problem document that says what to do next.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use troupe::http::HttpSettings;

use crate::rig::Rig;
use crate::world::{World, bare_tenant};

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems() {
    let world = World::new().await;
    let text = &world.bakery.key.text;
    let missing = world.rig.get(text, "/no/such/thing").await.problem(404);
    assert_eq!(missing["type"], "urn:troupe:problem:not-found");
    assert_eq!(missing["instance"], "/api/v1/no/such/thing");
    assert!(missing["detail"].as_str().unwrap().len() > 10);

    let reply = world.rig.call(text, "DELETE", "/me", None).await;
    reply.problem(405);
    assert!(reply.header("allow").contains("GET"));
}

#[tokio::test]
async fn bodies_that_cannot_be_taken_are_problems_that_name_the_fault() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let post = |kind: Option<&str>, body: &str| {
        let mut request =
            Request::post(format!("/api/v1{}", bakery.path("/rules"))).header("x-api-key", &bakery.key.text);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        request.body(Body::from(body.to_owned())).unwrap()
    };
    let json_kind = Some("application/json");
    rig.send(post(None, "{}")).await.problem(415);
    rig.send(post(Some("text/plain"), "{}")).await.problem(415);
    rig.send(post(json_kind, "{")).await.problem(400);
    let missing = rig.send(post(json_kind, "{}")).await.problem(422);
    assert!(missing["detail"].as_str().unwrap().contains("name"), "{missing}");
    let unknown =
        r#"{ "name": "n", "trigger": { "on": "comment" }, "actions": [{ "do": "like" }], "colour": 1 }"#;
    let unknown = rig.send(post(json_kind, unknown)).await.problem(422);
    assert!(unknown["detail"].as_str().unwrap().contains("colour"), "{unknown}");
    let wrong = r#"{ "name": "n", "trigger": { "on": "dm" }, "actions": [{ "do": "hide" }] }"#;
    assert_eq!(rig.send(post(json_kind, wrong)).await.problem(422)["field"], "actions[0]");
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_problem() {
    let world = World::with(HttpSettings { body_limit_bytes: 500, ..HttpSettings::default() }).await;
    let body = json!({ "name": "x".repeat(600) });
    world.rig.post(&world.installation.text, "/agencies", body).await.problem(413);
}

#[tokio::test]
async fn wrong_queries_are_problems() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    for query in ["?limit=0", "?limit=201", "?limit=x", "?cursor=%21", "?status=nonsense"] {
        rig.get(&bakery.key.text, &bakery.path(&format!("/queue{query}"))).await.problem(400);
    }
}

#[tokio::test]
async fn a_misspelt_parameter_is_refused_instead_of_showing_everything() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let ask = |query: &str| {
        let address = bakery.path(&format!("/queue{query}"));
        async move { rig.get(&bakery.key.text, &address).await }
    };
    let problem = ask("?limt=5").await.problem(400);
    assert_eq!(problem["parameter"], "limt");
    for known in ["limit", "cursor", "status"] {
        assert!(problem["detail"].as_str().unwrap().contains(&format!("`{known}`")), "{problem}");
        assert!(problem["known"].to_string().contains(known), "{problem}");
    }
    ask("?status=pending&limit=5&statu%73=failed").await.problem(400);
    ask("?status=pending&limit=5").await.ok();
    // A list that is answered whole has no pages, and says so.
    let whole = rig.get(&bakery.key.text, &bakery.path("/rules?limit=5")).await.problem(400);
    assert!(whole["detail"].as_str().unwrap().contains("takes none"), "{whole}");
    rig.post(&bakery.key.text, &bakery.path("/rules?dry_run=true"), json!({})).await.problem(400);
    // What Instagram, providers of identities and browsers call takes what they add.
    let open = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    for path in
        ["/healthz?utm_source=mail", "/api/openapi.json?v=2", "/oauth/callback?state=x&error=denied&new=1"]
    {
        let reply = rig.send(open(path)).await;
        assert!(!reply.text().contains("no query parameter"), "{path}: {}", reply.text());
    }
}

#[tokio::test]
async fn what_a_query_says_wrongly_is_said_in_words_of_people() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    for (query, words) in [
        ("/queue?limit=many", "limit: must be a whole number from 1 to 200, not the text `many`"),
        ("/queue?limit=201", "limit: must be a whole number from 1 to 200, not 201"),
        ("/alerts?resolved=1", "resolved: must be `true` or `false`, not the text `1`"),
        ("/queue?limit=1&limit=2", "`limit` is given twice: leave one out"),
    ] {
        let problem = rig.get(&bakery.key.text, &bakery.path(query)).await.problem(400);
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_a_problem_with_a_time_to_come_again() {
    let world = World::new().await;
    world.rig.get(&world.bakery.key.text, "/me").await.ok();
    world.rig.database.close().await;
    let reply = world.rig.get(&world.bakery.key.text, &world.bakery.path("")).await;
    reply.problem(503);
    assert!(!reply.header("retry-after").is_empty());
}

#[tokio::test]
async fn every_answer_carries_a_request_id_and_problems_repeat_it() {
    let world = World::new().await;
    let reply = world.rig.get(&world.bakery.key.text, "/nothing").await;
    assert_eq!(reply.problem(404)["request_id"], reply.header("x-request-id"));

    let with = |id: &str| Request::get("/healthz").header("x-request-id", id).body(Body::empty()).unwrap();
    let reply = world.rig.send(with("my-id.1")).await;
    assert_eq!(reply.header("x-request-id"), "my-id.1");
    let reply = world.rig.send(with("not decent")).await;
    assert_ne!(reply.header("x-request-id"), "not decent");
}

#[tokio::test]
async fn answers_are_kept_by_nobody_and_framed_by_nobody() {
    let world = World::new().await;
    let reply = world.rig.get(&world.bakery.key.text, "/me").await;
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.header("x-frame-options"), "DENY");
    assert!(reply.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(reply.header("strict-transport-security"), "");
}

#[tokio::test]
async fn browsers_may_call_only_from_the_origins_of_the_settings() {
    let preflight = |origin: &str| {
        Request::builder()
            .method("OPTIONS")
            .uri("/api/v1/me")
            .header("origin", origin)
            .header("access-control-request-method", "GET")
            .body(Body::empty())
            .unwrap()
    };
    let closed = Rig::start().await;
    let reply = closed.send(preflight("https://ops.example.com")).await;
    assert_eq!(reply.header("access-control-allow-origin"), "");

    let allowed_origins = vec!["https://ops.example.com".to_owned()];
    let open = Rig::start_with(HttpSettings { allowed_origins, ..HttpSettings::default() }).await;
    let reply = open.send(preflight("https://ops.example.com")).await;
    assert_eq!(reply.header("access-control-allow-origin"), "https://ops.example.com");
    let reply = open.send(preflight("https://evil.example.com")).await;
    assert_eq!(reply.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_a_problem() {
    let settings = HttpSettings { request_timeout: Duration::ZERO, ..HttpSettings::default() };
    let rig = Rig::start_with(settings).await;
    let (tenant, key) = bare_tenant(&rig).await;
    // Its body never ends: a quick answer may come before the time is looked at.
    let body = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let endless = Request::post(format!("/api/v1/tenants/{tenant}/rules"))
        .header("x-api-key", key)
        .header("content-type", "application/json");
    rig.send(endless.body(body).unwrap()).await.problem(503);
}
