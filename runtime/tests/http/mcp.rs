//! The tools for language models: what they may do is what their key may do, and nothing a client sends harms the node.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tenants::access::UserRole;
use tenants::account::KeyScope;
use troupe::http::HttpSettings;

use crate::rig::{Reply, Rig};
use crate::world::{World, key_with};

/// A client of the protocol, as far as these tests need one.
struct Client<'w> {
    rig: &'w Rig,
    key: String,
}

impl<'w> Client<'w> {
    fn new(rig: &'w Rig, key: &str) -> Self {
        Self { rig, key: key.to_owned() }
    }

    async fn send(&self, message: Value) -> Reply {
        self.rig.send(request(Some(&self.key), message.to_string())).await
    }

    /// The result of a request.
    async fn ask(&self, method: &str, params: Value) -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let answer = self.send(message).await.ok();
        assert_eq!(answer["id"], 7, "{answer}");
        answer["result"].clone()
    }

    /// What a tool answers that does its work.
    async fn tool(&self, name: &str, arguments: Value) -> Value {
        let result = self.ask("tools/call", json!({ "name": name, "arguments": arguments })).await;
        assert_ne!(result["isError"], true, "{result}");
        let content = result["structuredContent"].clone();
        let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, content, "clients that read only texts are told the same");
        content
    }

    /// The words of a tool that refuses.
    async fn refusal(&self, name: &str, arguments: Value) -> String {
        let result = self.ask("tools/call", json!({ "name": name, "arguments": arguments })).await;
        assert_eq!(result["isError"], true, "{result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }
}

fn request(key: Option<&str>, body: String) -> Request<Body> {
    let request = Request::post("/mcp")
        .header("host", "troupe.example.com")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    let request = match key {
        Some(key) => request.header("x-api-key", key),
        None => request,
    };
    request.body(Body::from(body)).unwrap()
}

fn initialize() -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": { "name": "test", "version": "1" } } })
}

#[tokio::test]
async fn a_client_is_greeted_and_told_every_tool_with_what_it_does() {
    let world = World::new().await;
    let client = Client::new(&world.rig, &world.bakery.key.text);
    let greeting = client.send(initialize()).await;
    assert!(greeting.header("mcp-session-id").is_empty(), "any node may answer what comes next");
    let greeting = greeting.ok()["result"].clone();
    assert_eq!(greeting["protocolVersion"], "2025-06-18");
    assert_eq!(greeting["serverInfo"]["name"], "troupe");
    assert!(greeting["instructions"].as_str().unwrap().contains("never instructions"));
    let noted = client.send(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    assert_eq!(noted.status.as_u16(), 202);

    let tools = client.ask("tools/list", json!({})).await["tools"].as_array().unwrap().clone();
    let named = |name: &str| tools.iter().find(|tool| tool["name"] == name).unwrap();
    for tool in &tools {
        let acts = [
            "ask_why",
            "approve",
            "approve_with_edit",
            "reject",
            "retry_effect",
            "cancel_effect",
            "resolve_alert",
        ]
        .contains(&tool["name"].as_str().unwrap());
        assert_eq!(tool["annotations"]["readOnlyHint"], !acts, "{tool}");
        assert_eq!(tool["inputSchema"]["type"], "object");
    }
    for strangers in ["list_comments", "list_messages", "search_audit", "list_approvals"] {
        let about = named(strangers)["description"].as_str().unwrap();
        assert!(about.contains("written by strangers"), "{about}");
    }
    assert_eq!(named("approve")["annotations"]["destructiveHint"], true);
}

#[tokio::test]
async fn an_assistant_asks_why_and_goes_on_with_the_conversation() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let client = Client::new(rig, &bakery.key.text);
    let tenant = bakery.tenant.id.to_string();
    let question = "How many posts were published in 1999?";
    let answer = client.tool("ask_why", json!({ "tenant": tenant, "question": question })).await;
    assert_eq!(answer["answer"], "There is no record of that.");
    let session = &answer["session_id"];
    let more = json!({ "tenant": tenant, "question": "And why?", "session_id": session });
    assert_eq!(&client.tool("ask_why", more).await["session_id"], session);
    let sessions = bakery.path("/oversight/sessions");
    let kept = rig.get(&bakery.key.text, &sessions).await.ok();
    assert_eq!((&kept["items"][0]["id"], kept["items"][0]["total_queries"].as_i64()), (session, Some(2)));

    let refusal = client.refusal("ask_why", json!({ "tenant": tenant, "question": " " })).await;
    assert!(refusal.contains("1 to 2000"), "{refusal}");
    let foreign = json!({ "tenant": world.rival.tenant.id.to_string(), "question": "Why?" });
    assert!(client.refusal("ask_why", foreign).await.contains("404"));
}

#[tokio::test]
async fn what_the_api_tells_a_key_its_tools_tell_too() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let client = Client::new(rig, &bakery.key.text);
    let tenant = bakery.tenant.id.to_string();
    assert_eq!(client.tool("whoami", json!({})).await["tenant"], tenant);
    for (tool, path) in [
        ("get_tenant", ""),
        ("get_settings", "/settings"),
        ("list_rules", "/rules"),
        ("list_comments", "/comments"),
        ("list_conversations", "/conversations"),
        ("list_leads", "/leads"),
        ("list_approvals", "/approvals"),
        ("list_queue", "/queue"),
        ("list_dead_letters", "/queue/dlq"),
        ("get_queue_status", "/queue/status"),
        ("list_alerts", "/alerts"),
        ("list_agents", "/heartbeats"),
        ("list_accounts", "/accounts"),
        ("list_posts", "/posts"),
        ("list_reports", "/reports"),
        ("get_budget", "/budget"),
        ("search_audit", "/audit"),
    ] {
        let shown = rig.get(&bakery.key.text, &bakery.path(path)).await.ok();
        assert_eq!(client.tool(tool, json!({ "tenant": tenant })).await, shown, "{tool}");
    }
    let page =
        client.tool("search_audit", json!({ "tenant": tenant, "event_type": "decision.", "limit": 1 })).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
    let found = client.tool("search_memory", json!({ "tenant": tenant, "q": "bread" })).await;
    assert!(found.is_object(), "{found}");

    let agency = Client::new(rig, &world.north.key.text);
    let tenants = agency.tool("list_tenants", json!({ "agency": world.north.agency.id })).await;
    let slugs: Vec<_> = tenants["items"].as_array().unwrap().iter().map(|it| it["slug"].clone()).collect();
    assert!(slugs.contains(&"bakery".into()) && slugs.contains(&"florist".into()), "{slugs:?}");
}

#[tokio::test]
async fn a_draft_is_approved_once_and_the_second_time_is_told_the_present_state() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let scope = KeyScope::Tenant { agency: world.north.agency.id, tenant: bakery.tenant.id };
    let operator = key_with(rig, "assistant", scope, UserRole::Operator).await;
    let client = Client::new(rig, &operator.text);
    let draft = json!({ "tenant": bakery.tenant.id, "approval": bakery.objects.approval });
    assert_eq!(client.tool("get_approval", draft.clone()).await["status"], "pending");
    let decided = client.tool("approve", draft.clone()).await;
    assert_eq!(decided["status"], "approved", "{decided}");
    let again = client.refusal("approve", draft.clone()).await;
    assert!(again.contains("409") && again.contains("approved"), "{again}");
    let rejected = client.refusal("reject", draft).await;
    assert!(rejected.contains("409"), "{rejected}");

    // The log names the key, as if it had asked the API.
    let about = format!("/audit?resource_id={}", bakery.objects.approval);
    let log = rig.get(&bakery.key.text, &bakery.path(&about)).await.ok();
    let actors: Vec<_> =
        log["items"].as_array().unwrap().iter().map(|entry| entry["actor"].clone()).collect();
    assert!(actors.contains(&format!("key:{}", operator.key.id).into()), "{actors:?}");
}

#[tokio::test]
async fn a_viewer_reads_and_decides_nothing() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let scope = KeyScope::Tenant { agency: world.north.agency.id, tenant: bakery.tenant.id };
    let viewer = Client::new(rig, &key_with(rig, "viewer", scope, UserRole::Viewer).await.text);
    let tenant = json!(bakery.tenant.id);
    viewer.tool("list_approvals", json!({ "tenant": tenant })).await;
    let approval = json!({ "tenant": tenant, "approval": bakery.objects.approval });
    for (tool, arguments) in [
        ("approve", approval.clone()),
        ("reject", approval.clone()),
        (
            "approve_with_edit",
            json!({ "tenant": tenant, "approval": bakery.objects.approval, "text": "hello" }),
        ),
        ("retry_effect", json!({ "tenant": tenant, "effect": bakery.objects.dead })),
        ("cancel_effect", json!({ "tenant": tenant, "effect": bakery.objects.waiting })),
        ("resolve_alert", json!({ "tenant": tenant, "alert": bakery.objects.alert })),
    ] {
        let refusal = viewer.refusal(tool, arguments).await;
        assert!(refusal.contains("403") && refusal.contains("operator"), "{tool}: {refusal}");
    }
    assert_eq!(viewer.tool("get_approval", approval).await["status"], "pending");
}

#[tokio::test]
async fn what_belongs_to_others_is_not_there_for_any_tool() {
    let world = World::new().await;
    let (rig, bakery, rival) = (&world.rig, &world.bakery, &world.rival);
    let tools = Client::new(rig, &bakery.key.text).ask("tools/list", json!({})).await["tools"].clone();
    let stranger = Client::new(rig, &rival.key.text);
    let objects = &bakery.objects;
    for tool in tools.as_array().unwrap() {
        let name = tool["name"].as_str().unwrap();
        let mut arguments = json!({});
        for required in tool["inputSchema"]["required"].as_array().unwrap() {
            let required = required.as_str().unwrap();
            arguments[required] = match required {
                "tenant" => json!(bakery.tenant.id),
                "agency" => json!(world.north.agency.id),
                "rule" => json!(objects.rule),
                "comment" => json!(objects.comment),
                "conversation" => json!(objects.direct),
                "event" => json!(objects.event),
                "approval" => json!(objects.approval),
                "effect" => json!(objects.waiting),
                "alert" => json!(objects.alert),
                "report" => json!(objects.report),
                "post" => json!(objects.post),
                "webhook" => json!(world.north.webhook),
                "from" => json!("2026-01-01T00:00:00Z"),
                "until" => json!("2026-02-01T00:00:00Z"),
                "q" | "text" | "question" => json!("bread"),
                other => panic!("what is a {other}? give it a value here"),
            };
        }
        if arguments.get("tenant").is_none() && arguments.get("agency").is_none() {
            continue;
        }
        let refusal = stranger.refusal(name, arguments).await;
        assert!(refusal.contains("404"), "{name}: {refusal}");
    }
}

#[tokio::test]
async fn wrong_arguments_are_told_by_the_tool_in_words() {
    let world = World::new().await;
    let client = Client::new(&world.rig, &world.bakery.key.text);
    let tenant = json!(world.bakery.tenant.id);
    for (tool, arguments, words) in [
        ("get_tenant", json!({}), "`tenant` is missing"),
        ("get_tenant", json!({ "tenant": { "id": 1 } }), "`tenant`"),
        ("get_tenant", json!({ "tenant": "bakery" }), "404"),
        ("get_tenant", json!({ "tenant": "../../../healthz" }), "404"),
        ("list_rules", json!({ "tenant": tenant, "colour": "red" }), "`colour` is no argument"),
        ("list_approvals", json!({ "tenant": tenant, "limit": 100_000 }), "limit"),
        ("list_approvals", json!({ "tenant": tenant, "cursor": "nonsense" }), "cursor"),
        ("search_audit", json!({ "tenant": tenant, "from": "yesterday" }), "400"),
        (
            "approve",
            json!({ "tenant": tenant, "approval": world.bakery.objects.approval, "intent": 7 }),
            "intent",
        ),
    ] {
        let refusal = client.refusal(tool, arguments).await;
        assert!(refusal.contains(words), "{tool}: {refusal}");
    }
    let unknown = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "delete_everything" } });
    let answer = client.send(unknown).await.json();
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("list the tools"));
}

#[tokio::test]
async fn without_a_valid_key_there_is_nothing() {
    let world = World::new().await;
    let rig = &world.rig;
    for key in [None, Some("troupe_wrong_key"), Some("")] {
        let reply = rig.send(request(key, initialize().to_string())).await;
        reply.problem(401);
        assert!(reply.header("www-authenticate").starts_with("Bearer"));
    }
    let bearer = Request::post("/mcp")
        .header("host", "localhost")
        .header("authorization", format!("Bearer {}", world.bakery.key.text))
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    rig.send(bearer.body(Body::from(initialize().to_string())).unwrap()).await.ok();
}

#[tokio::test]
async fn the_route_is_surrounded_like_every_other_and_pages_of_others_are_refused() {
    let world = World::with(HttpSettings { body_limit_bytes: 20_000, ..HttpSettings::default() }).await;
    let (rig, key) = (&world.rig, Some(world.bakery.key.text.as_str()));
    let reply = rig.send(request(key, initialize().to_string())).await;
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(!reply.header("x-request-id").is_empty());
    rig.send(request(key, format!("\"{}\"", "a".repeat(30_000)))).await.problem(413);
    for (origin, admitted) in
        [("https://evil.example", false), ("null", false), ("http://127.0.0.1:8080", true)]
    {
        let mut request = request(key, initialize().to_string());
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let reply = rig.send(request).await;
        assert_eq!(reply.status.is_success(), admitted, "{origin}: {}", reply.text());
        if !admitted {
            reply.problem(403);
        }
    }
    let mut get = request(key, String::new());
    *get.method_mut() = axum::http::Method::GET;
    let reply = rig.send(get).await;
    reply.problem(405);
    assert_eq!(reply.header("allow"), "POST");
}

#[tokio::test]
async fn a_call_of_a_tool_counts_as_one_request() {
    let world = World::with(HttpSettings { requests_per_second: Some(2), ..HttpSettings::default() }).await;
    // Nothing was asked with this key yet: a burst of four.
    let client = Client::new(&world.rig, &world.florist.key.text);
    let tenant = json!({ "tenant": world.florist.tenant.id });
    let key = key_with(
        &world.rig,
        "fresh",
        KeyScope::Tenant { agency: world.north.agency.id, tenant: world.florist.tenant.id },
        UserRole::Viewer,
    )
    .await;
    let client = Client { key: key.text, ..client };
    for _ in 0..4 {
        client.tool("get_tenant", tenant.clone()).await;
    }
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "get_tenant", "arguments": tenant } });
    let reply = client.send(call).await;
    reply.problem(429);
    assert!(!reply.header("retry-after").is_empty());
}

#[tokio::test]
async fn garbage_is_refused_and_the_node_goes_on() {
    let world = World::new().await;
    let (rig, key) = (&world.rig, Some(world.bakery.key.text.as_str()));
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let nested = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"get_tenant","arguments":{{"tenant":{deep}}}}}}}"#
    );
    for body in [
        "",
        "{",
        "null",
        "[]",
        "[1,2,3]",
        "\u{0}\u{1}",
        r#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_tenant","arguments":"x"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"nobody/knows"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}"#,
        &deep,
        &nested,
    ] {
        let reply = rig.send(request(key, body.to_owned())).await;
        assert!(!reply.status.is_server_error(), "{body:.60}: {} {}", reply.status, reply.text());
        let refused = !reply.status.is_success()
            || reply.json().get("error").is_some()
            || reply.json()["result"]["isError"] == true;
        assert!(refused, "{body:.60}: {}", reply.text());
    }
    Client::new(rig, &world.bakery.key.text).tool("whoami", json!({})).await;
}

#[tokio::test]
async fn what_is_no_message_is_refused_as_such_and_only_another_kind_of_body_as_a_kind() {
    let world = World::new().await;
    let key = Some(world.bakery.key.text.as_str());
    for body in ["{}", "[]", "{", "", r#"{"method":"tools/list"}"#] {
        let problem = world.rig.send(request(key, body.to_owned())).await.problem(400);
        assert!(problem["detail"].as_str().unwrap().contains("JSON-RPC 2.0"), "{body}: {problem}");
    }
    let mut text = request(key, "{}".to_owned());
    text.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    world.rig.send(text).await.problem(415);
}

#[tokio::test]
async fn no_answer_of_a_tool_holds_a_secret() {
    let world = World::new().await;
    let client = Client::new(&world.rig, &world.bakery.key.text);
    let tenant = json!({ "tenant": world.bakery.tenant.id });
    for tool in ["whoami", "get_settings", "list_accounts", "get_tenant_health", "search_audit"] {
        let arguments = if tool == "whoami" { json!({}) } else { tenant.clone() };
        let told = client.tool(tool, arguments).await.to_string();
        assert!(!told.contains(&world.bakery.key.text) && !told.contains("ciphertext"), "{tool}");
    }
}
