//! What the pages of `docs/` show of the API is taken by the API.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::world::World;

fn page(name: &str) -> String {
    let path = format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// The JSON block of a page.
fn example(page: &str) -> Value {
    let (_, rest) = page.split_once("```json").unwrap();
    serde_json::from_str(rest.split_once("```").unwrap().0).unwrap()
}

/// Everything in backquotes that is an object with this member.
fn objects(page: &str, member: &str) -> Vec<Value> {
    let quoted = page.split('`').filter_map(|text| serde_json::from_str::<Value>(text).ok());
    quoted.filter(|value| value.get(member).is_some()).collect()
}

/// The kinds of this part of a rule in the API's description.
fn kinds(description: &Value, schema: &str, member: &str) -> BTreeSet<String> {
    let kinds = description["components"]["schemas"][schema]["oneOf"].as_array().unwrap();
    let name = |kind: &Value| kind["properties"][member]["enum"][0].as_str().map(str::to_owned);
    kinds.iter().map(|kind| name(kind).unwrap()).collect()
}

fn shown(objects: &[Value], member: &str) -> BTreeSet<String> {
    objects.iter().map(|object| object[member].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_page_of_rules_shows_every_condition_and_action_as_the_api_takes_it() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let page = page("rules.md");
    let rules = bakery.path("/rules");
    rig.post(&bakery.key.text, &rules, example(&page)).await.ok();

    let (conditions, actions) = (objects(&page, "if"), objects(&page, "do"));
    let description = rig.send(Request::get("/api/openapi.json").body(Body::empty()).unwrap()).await.ok();
    assert_eq!(shown(&conditions, "if"), kinds(&description, "Condition", "if"));
    assert_eq!(shown(&actions, "do"), kinds(&description, "RuleAction", "do"));
    for condition in conditions {
        let hide = json!([{ "do": "hide" }]);
        let rule = json!({ "name": "n", "trigger": { "on": "comment" }, "conditions": [condition], "actions": hide });
        rig.post(&bakery.key.text, &rules, rule).await.ok();
    }
    for action in actions {
        let on = if matches!(action["do"].as_str(), Some("dm" | "ask")) { "dm" } else { "comment" };
        let rule = json!({ "name": "n", "trigger": { "on": on }, "actions": [action] });
        rig.post(&bakery.key.text, &rules, rule).await.ok();
    }
}

#[tokio::test]
async fn the_page_of_settings_shows_every_one_as_the_api_takes_it() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let settings = example(&page("settings.md"));
    let defaults = rig.get(&bakery.key.text, &bakery.path("/settings/defaults")).await.ok();
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    for part in ["", "/voice", "/comms", "/autonomy", "/hourly_caps", "/budget_shares"] {
        assert_eq!(
            members(settings.pointer(part).unwrap()),
            members(defaults.pointer(part).unwrap()),
            "{part}"
        );
    }
    let put = rig.call(&bakery.key.text, "PUT", &bakery.path("/settings"), Some(settings.clone())).await.ok();
    assert_eq!(put["voice"], settings["voice"]);
    assert_eq!(put["quiet_hours"], settings["quiet_hours"]);
}
