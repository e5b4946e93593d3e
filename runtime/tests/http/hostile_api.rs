//! Whatever is asked of the API: no answer is our fault, and every refusal is a problem document.
//!
//! Requests are made from the description of the API: for every route bodies and queries that fit, then spoiled.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request};
use instagram::testing::{Dice, nasty_value, spoil, written};
use serde_json::{Map, Value, json};
use tenants::account::KeyScope;
use tokio::runtime::Runtime;
use troupe::http::description;

use crate::checked::{assert_answered, check, choices};
use crate::cross_tenant::fill;
use crate::rig::Reply;
use crate::world::{House, Shop, World, key};

/// What the API says about itself, and the world it is about.
struct Callers<'w> {
    world: &'w World,
    /// Of the installation, an agency and a tenant; none of the routes names them, so none can withdraw them.
    keys: [String; 3],
    document: Value,
    operations: Vec<Operation>,
}

#[derive(Debug, Clone)]
struct Operation {
    method: String,
    path: String,
    query: Vec<(String, Value)>,
    body: Option<Value>,
}

impl<'w> Callers<'w> {
    async fn new(world: &'w World) -> Self {
        let document = serde_json::to_value(description()).unwrap();
        let operations = operations(&document);
        assert!(operations.len() > 50);
        let (agency, tenant) = (world.north.agency.id, world.bakery.tenant.id);
        let of_agency = key(&world.rig, "agency", KeyScope::Agency { agency }).await.text;
        let of_tenant = key(&world.rig, "tenant", KeyScope::Tenant { agency, tenant }).await.text;
        let keys = [world.installation.text.clone(), of_agency, of_tenant];
        Self { world, keys, document, operations }
    }

    fn operation(&self, method: &str, path: &str) -> &Operation {
        self.operations.iter().find(|known| known.method == method && known.path == path).unwrap()
    }

    /// A value of a schema; mostly with what is known in this world where an id is wanted.
    fn example(&self, schema: &Value, name: &str, dice: &mut Dice, depth: usize) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let schema = self.document.pointer(&reference[1..]).unwrap();
            return self.example(schema, name, dice, depth + 1);
        }
        for choice in ["oneOf", "anyOf"] {
            if let Some(kinds) = schema[choice].as_array() {
                return self.example(dice.pick(kinds), name, dice, depth + 1);
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let examples = parts.iter().map(|part| self.example(part, name, dice, depth + 1));
            let members = examples.filter_map(|example| example.as_object().cloned()).flatten();
            return Value::Object(members.collect());
        }
        if let Some(words) = schema["enum"].as_array() {
            return dice.pick(words).clone();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => dice.pick(kinds).as_str().unwrap_or_default().to_owned(),
            kind => kind.as_str().unwrap_or("object").to_owned(),
        };
        match kind.as_str() {
            "object" => self.object(schema, dice, depth),
            "array" if depth > 12 => json!([]),
            "array" => {
                (0..=dice.below(3)).map(|_| self.example(&schema["items"], name, dice, depth + 1)).collect()
            }
            "string" => self.text(name, dice),
            "integer" => json!(*dice.pick(&[1, 0, 2, 7, -1, 200, i64::from(u32::MAX), i64::MAX, i64::MIN])),
            "number" => json!(*dice.pick(&[0.5, 0.0, 1.0, -0.5, 1e300, 0.300_000_000_000_000_04])),
            "boolean" => json!(dice.one_in(2)),
            _ => Value::Null,
        }
    }

    fn object(&self, schema: &Value, dice: &mut Dice, depth: usize) -> Value {
        let mut members = Map::new();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            if required.contains(&json!(name)) || dice.one_in(2) {
                members.insert(name.clone(), self.example(schema, name, dice, depth + 1));
            }
        }
        let more = &schema["additionalProperties"];
        if more.is_object() && depth < 8 {
            for name in ["en", "praise", "0", "comment"].into_iter().take(dice.below(4)) {
                members.insert(name.to_owned(), self.example(more, name, dice, depth + 1));
            }
        }
        Value::Object(members)
    }

    fn text(&self, name: &str, dice: &mut Dice) -> Value {
        let bakery = &self.world.bakery;
        let known = match name {
            "account" => bakery.account.id.to_string(),
            "tenant" => bakery.tenant.id.to_string(),
            "app" => self.world.north.app.id.to_string(),
            "from" | "until" => dice.pick(&["09:00", "9:5", " 9:00", "+9:00", "24:00", "23:59"]).to_string(),
            "external_id" => (17_841_400_000_000_100 + dice.below(1_000_000) as u64).to_string(),
            "slug" | "username" => format!("shop{}", dice.below(1_000_000)),
            "verify_token" | "secret" | "token" => dice.pick(&["12345678", "x", ""]).to_string(),
            "pattern" => dice.pick(&["a+", "(", r"\w{0,900}", "(?i)ß", ""]).to_string(),
            "time_zone" => dice.pick(&["UTC", "Europe/Lisbon", "Mars/Base", ""]).to_string(),
            _ => dice.pick(&["word", "Word two", "w\0rd", "", " ", "👩‍👩‍👧‍👦", "17841400000000123"]).to_string(),
        };
        json!(known)
    }

    fn path(&self, template: &str, dice: &mut Dice) -> String {
        let World { north, south, bakery, florist, rival, .. } = self.world;
        let shops: [(&Shop, &House); 3] = [(bakery, north), (florist, north), (rival, south)];
        let (owner, other) = (*dice.pick(&shops), *dice.pick(&shops));
        let other = if dice.one_in(4) { other } else { owner };
        let below = template.strip_prefix("/api/v1").unwrap_or(template);
        let filled = fill(below, owner, other.0, other.1);
        let prefix = if template.starts_with("/api/v1") { "/api/v1" } else { "" };
        format!("{prefix}{}", spoiled_segment(&filled, dice))
    }

    fn query(&self, operation: &Operation, dice: &mut Dice) -> String {
        const ODD: &[&str] = &[
            "?",
            "?&&==",
            "?limit=%ff",
            "?cursor=AAAAAAAAAAAAAAAAAAAAAA",
            "?cursor=__________8",
            "?limit=4294967297",
            "?a[]=1&a[b]=2",
            "?limit=1&limit=2",
            "?%00=%00",
            "?cursor=%C3%28",
        ];
        if dice.one_in(6) {
            return (*dice.pick(ODD)).to_owned();
        }
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        for (name, schema) in &operation.query {
            if !dice.one_in(2) {
                continue;
            }
            let value = if dice.one_in(3) { nasty_value(dice) } else { self.example(schema, name, dice, 0) };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // An address of more than some kilobytes is refused before it comes to us.
            pairs.append_pair(name, &text.chars().take(2_000).collect::<String>());
        }
        let query = pairs.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    fn request(&self, operation: &Operation, dice: &mut Dice) -> (Request<Body>, String) {
        let uri = format!("{}{}", self.path(&operation.path, dice), self.query(operation, dice));
        let mut request = Request::builder().method(operation.method.to_uppercase().as_str()).uri(&uri);
        request = request.header("x-api-key", dice.pick(&self.keys));
        for (name, value) in odd_headers(dice) {
            request = request.header(name, value);
        }
        let body = self.body(operation, dice);
        let what =
            format!("{} {uri} {}", operation.method, String::from_utf8_lossy(&body[..body.len().min(3_000)]));
        (request.body(Body::from(body)).unwrap(), what)
    }

    fn body(&self, operation: &Operation, dice: &mut Dice) -> Vec<u8> {
        let Some(schema) = &operation.body else {
            return if dice.one_in(8) { written(&nasty_value(dice), dice) } else { Vec::new() };
        };
        let mut body = self.example(schema, "", dice, 0);
        for _ in 0..dice.below(4) {
            spoil(&mut body, dice);
        }
        written(&body, dice)
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "patch", "delete"] {
            let operation = &item[method];
            if operation.is_null() || path.starts_with("/webhooks") {
                continue;
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let query = parameters.iter().filter(|parameter| parameter["in"] == "query");
            let query =
                query.map(|it| (it["name"].as_str().unwrap().to_owned(), it["schema"].clone())).collect();
            let body = operation["requestBody"]["content"].as_object();
            let body = body.and_then(|kinds| kinds.values().next()).map(|kind| kind["schema"].clone());
            all.push(Operation { method: method.to_owned(), path: path.clone(), query, body });
        }
    }
    all
}

/// In some cases a part of the path is replaced by something odd.
fn spoiled_segment(path: &str, dice: &mut Dice) -> String {
    const ODD: &[&str] = &[
        "%00",
        "%ff",
        "..",
        ".",
        "",
        "%2e%2e%2f",
        "tnt_",
        "tnt_0",
        "%F0%9F%98%80",
        "a b+c%20",
        "tnt_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
        "rul_01890000000070008000000000000000",
        "null",
        "-1",
        "%",
    ];
    if !dice.one_in(5) {
        return path.to_owned();
    }
    let odd = dice.pick(ODD).replace(' ', "%20");
    let mut parts: Vec<&str> = path.split('/').collect();
    let index = 1 + dice.below(parts.len() - 1);
    parts[index] = &odd;
    parts.join("/")
}

fn odd_headers(dice: &mut Dice) -> Vec<(&'static str, HeaderValue)> {
    const VALUES: &[&[u8]] = &[
        b"",
        b"*",
        b"\"1\"",
        b"W/\"1\"",
        b"\"\"",
        b"18446744073709551616",
        b"-1",
        b"\xff\xfe",
        b"a, b",
        b"\"1\", \"2\"",
        b"99999999999999999999999999",
    ];
    const KINDS: &[&str] = &[
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/vnd.x+json",
        "text/plain",
        "application/json; charset=utf-16",
        "multipart/form-data",
        "/",
        "",
    ];
    let kind = if dice.one_in(8) { *dice.pick(KINDS) } else { KINDS[0] };
    let mut headers = vec![("content-type", HeaderValue::from_static(kind))];
    for name in [
        "if-match",
        "idempotency-key",
        "last-event-id",
        "x-request-id",
        "authorization",
        "accept",
        "range",
        "origin",
        "content-encoding",
        "accept-encoding",
    ] {
        if dice.one_in(8) {
            headers.push((name, HeaderValue::from_bytes(dice.pick::<&[u8]>(VALUES)).unwrap()));
        }
    }
    headers
}

/// Sends a request; of an answer that never ends only the head is read.
async fn send(world: &World, request: Request<Body>) -> Reply {
    let (parts, body) = world.rig.open(request).await.into_parts();
    let is_endless = parts
        .headers
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let body = if is_endless { Default::default() } else { to_bytes(body, usize::MAX).await.unwrap() };
    Reply { status: parts.status, headers: parts.headers, body }
}

#[test]
fn no_request_to_any_route_is_answered_with_a_failure_of_ours() {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let callers = runtime.block_on(Callers::new(&world));
    check(&runtime, file!(), 4.0, &choices(80), async |choices| {
        let mut dice = Dice::new(choices);
        let operation = dice.pick(&callers.operations);
        let (request, what) = callers.request(operation, &mut dice);
        assert_answered(&send(&world, request).await, &what);
    });
}

#[test]
fn every_route_takes_odd_requests_in_turn() {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let callers = runtime.block_on(Callers::new(&world));
    // Drawn at random, a route could be left out.
    check(&runtime, file!(), 0.04, &choices(600), async |choices| {
        let mut dice = Dice::new(choices);
        for operation in &callers.operations {
            let (request, what) = callers.request(operation, &mut dice);
            assert_answered(&send(&world, request).await, &what);
        }
    });
}

/// A rule is refused with the name of what is wrong, or it can be read again and asked from then on.
#[test]
fn every_rule_is_refused_by_name_or_kept_and_asked() {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let callers = runtime.block_on(Callers::new(&world));
    let (rig, bakery) = (&world.rig, &world.bakery);
    let create = callers.operation("post", "/api/v1/tenants/{tenant}/rules");
    check(&runtime, file!(), 1.0, &choices(60), async |choices| {
        let mut dice = Dice::new(choices);
        let mut rule = callers.example(create.body.as_ref().unwrap(), "", &mut dice, 0);
        for _ in 0..dice.below(3) {
            spoil(&mut rule, &mut dice);
        }
        let reply = rig.post(&bakery.key.text, &bakery.path("/rules"), rule.clone()).await;
        if !reply.status.is_success() {
            assert_answered(&reply, &rule.to_string());
            let problem = reply.json();
            let names_it = problem["field"].is_string() || problem["detail"].as_str().unwrap().contains('`');
            assert!(!rule.is_object() || names_it || reply.status == 400, "{rule}: {problem}");
            return;
        }
        let made = reply.ok();
        let path = bakery.path(&format!("/rules/{}", made["id"].as_str().unwrap()));
        assert_eq!(rig.get(&bakery.key.text, &path).await.ok(), made);
        for on in ["comment", "dm", "mention", "story_reply"] {
            let text = nasty_value(&mut dice);
            let text = text.as_str().unwrap_or("price?").chars().take(5_000).collect::<String>();
            // No body may hold it; a webhook's may.
            let text = text.replace('\0', "\u{fffd}");
            let preview = json!({ "account": bakery.account.id, "on": on, "text": text });
            rig.post(&bakery.key.text, &bakery.path("/decisions/preview"), preview).await.ok();
        }
        // Deleted, so that the tenant does not run into its limit of rules.
        assert_eq!(rig.call(&bakery.key.text, "DELETE", &path, None).await.status.as_u16(), 204);
    });
}

#[tokio::test]
async fn bodies_that_no_route_can_read_are_problems() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let post = |body: Vec<u8>| {
        Request::post(format!("/api/v1{}", bakery.path("/rules")))
            .header("x-api-key", &bakery.key.text)
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap()
    };
    let deep = [b"{\"name\":".as_slice(), "[".repeat(100_000).as_bytes()].concat();
    for body in
        [deep, b"{\"name\":\"\xff\"}".to_vec(), b"{\"priority\":1e999}".to_vec(), b"\xef\xbb\xbf{}".to_vec()]
    {
        rig.send(post(body)).await.problem(400);
    }
    for body in ["[]", "null", "7", "\"x\"", r#"{"name":"n","priority":18446744073709551616}"#] {
        rig.send(post(body.into())).await.problem(422);
    }
    rig.send(post(vec![b' '; (3 << 20) + 1])).await.problem(413);
}

#[tokio::test]
async fn what_is_wrong_deep_inside_a_body_is_named() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let rule =
        json!({ "name": "n", "trigger": { "on": "comment" }, "actions": [{ "do": "tag", "tag": "t" }] });
    let cases = [
        ("/trigger/on", json!("shout"), "trigger.on"),
        ("/name", json!(7), "name"),
        ("/actions/0/do", json!("dance"), "actions[0].do"),
        ("/actions/0/tag", json!("a\0b"), "actions[0].tag"),
        ("/name", json!("\0"), "name"),
    ];
    for (place, value, field) in cases {
        let mut wrong = rule.clone();
        *wrong.pointer_mut(place).unwrap() = value;
        let problem = rig.post(&bakery.key.text, &bakery.path("/rules"), wrong).await.problem(422);
        assert_eq!(problem["field"], field, "{problem}");
    }
}
