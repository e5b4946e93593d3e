//! What bodies may be: objects where objects are described, at every depth, and texts that say something.

use serde_json::{Map, Value, json};
use troupe::http::description;

use crate::cross_tenant::{fill, table};
use crate::world::World;

/// Every shape that a schema allows, without references and alternatives.
fn shapes<'d>(document: &'d Value, schema: &'d Value) -> Vec<&'d Value> {
    if let Some(place) = schema["$ref"].as_str() {
        return shapes(document, document.pointer(place.trim_start_matches('#')).unwrap());
    }
    let alternatives: Vec<&Value> =
        ["oneOf", "anyOf", "allOf"].iter().flat_map(|word| schema[*word].as_array()).flatten().collect();
    match alternatives.is_empty() {
        true => vec![schema],
        false => alternatives.into_iter().flat_map(|one| shapes(document, one)).collect(),
    }
}

/// What tells of which kind an object is.
fn tags(document: &Value, properties: &Map<String, Value>) -> Map<String, Value> {
    let of = |schema: &Value| {
        let shape = *shapes(document, schema).first()?;
        let only = shape["enum"].as_array().filter(|words| words.len() == 1)?.first().cloned();
        shape.get("const").cloned().or(only)
    };
    properties.iter().filter_map(|(name, schema)| Some((name.clone(), of(schema)?))).collect()
}

/// Documents with a list in the place of an object, and where it stands: one for each object that a schema describes.
fn lists(document: &Value, schema: &Value, depth: usize) -> Vec<(String, Value)> {
    if depth == 0 {
        return Vec::new();
    }
    let mut found = Vec::new();
    for shape in shapes(document, schema) {
        if let Some(items) = shape.get("items") {
            let within = lists(document, items, depth - 1).into_iter();
            found.extend(within.map(|(place, list)| (format!("[0]{place}"), json!([list]))));
        }
        // What is described as any object at all is looked at by whoever uses it.
        if shape.get("properties").or(shape.get("additionalProperties")).is_some() {
            found.push((String::new(), json!([])));
        }
        let Some(properties) = shape["properties"].as_object() else { continue };
        for (name, property) in properties {
            for (place, list) in lists(document, property, depth - 1) {
                let mut whole = tags(document, properties);
                whole.insert(name.clone(), list);
                found.push((format!(".{name}{place}"), Value::Object(whole)));
            }
        }
    }
    found.dedup();
    found
}

#[tokio::test]
async fn no_body_takes_a_list_for_an_object() {
    let world = World::new().await;
    let document = serde_json::to_value(description()).unwrap();
    let mut places = 0;
    for (method, template, _) in table(&world) {
        let route = template.split('?').next().unwrap();
        let operation = &document["paths"][format!("/api/v1{route}")][method.to_lowercase()];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let path = fill(template, (&world.bakery, &world.north), &world.bakery, &world.north);
        for (place, body) in lists(&document, schema, 8) {
            let what = format!("{method} {template}: {body}");
            let problem =
                world.rig.call(&world.installation.text, method, &path, Some(body)).await.problem(422);
            assert!(problem["detail"].as_str().unwrap().contains("must be a"), "{what}: {problem}");
            assert!(problem["detail"].as_str().unwrap().contains("object"), "{what}: {problem}");
            if !place.is_empty() {
                let field = problem["field"].as_str().unwrap();
                assert!(!field.is_empty() && place.ends_with(field), "{what}: {field}");
            }
            places += usize::from(!place.is_empty());
        }
    }
    assert!(places > 30, "only {places} objects were found within bodies");
}

#[tokio::test]
async fn a_list_is_not_stored_as_the_voice_of_a_brand() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let settings = bakery.path("/settings");
    let before = rig.get(&bakery.key.text, &settings).await.ok();
    for (document, field) in [
        (json!({ "voice": ["Acme", true, true, "", {}, []] }), "voice"),
        (
            json!({ "comms": { "disclosure": [{ "en": "A program." }, true, null, true] } }),
            "comms.disclosure",
        ),
        (json!({ "autonomy": { "intents": { "question": [0.9, 50] } } }), "autonomy.intents.question"),
    ] {
        let problem = rig.call(&bakery.key.text, "PUT", &settings, Some(document)).await.problem(422);
        assert_eq!(problem["field"], field, "{problem}");
    }
    assert_eq!(rig.get(&bakery.key.text, &settings).await.ok(), before);

    let rule = json!({ "name": "n", "trigger": { "on": "comment" }, "actions": [["tag", "vip"]] });
    assert_eq!(
        rig.post(&bakery.key.text, &bakery.path("/rules"), rule).await.problem(422)["field"],
        "actions[0]"
    );
    let rehearsal = json!({ "from": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z",
        "changed": { "settings": { "voice": ["Acme"] } } });
    let problem = rig.post(&bakery.key.text, &bakery.path("/rehearsals"), rehearsal).await.problem(422);
    assert_eq!(problem["field"], "settings.voice", "{problem}");
}

#[tokio::test]
async fn what_is_wrong_is_said_in_words_of_people() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let settings = bakery.path("/settings");
    for (document, words) in [
        (json!({ "max_parallel": -1 }), "max_parallel: must be a whole number from 0 to 4294967295, not -1"),
        (json!({ "learning": "yes" }), "learning: must be `true` or `false`, not the text `yes`"),
        (json!({ "languages": "en" }), "languages: must be a list, not the text `en`"),
    ] {
        let problem = rig.call(&bakery.key.text, "PUT", &settings, Some(document)).await.problem(422);
        assert_eq!(problem["detail"], words);
    }
    let problem =
        rig.post(&bakery.key.text, &bakery.path("/rules"), json!({ "name": "n" })).await.problem(422);
    assert_eq!(
        (&problem["field"], &problem["detail"]),
        (&json!("trigger"), &json!("trigger: is missing, and cannot be left out"))
    );
}

#[tokio::test]
async fn nothing_but_spaces_is_no_name_no_remark_and_nobody() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let objects = &bakery.objects;
    let rule = |name: &str, action: Value| json!({ "name": name, "trigger": { "on": "comment" }, "actions": [action] });
    for (method, path, body, field) in [
        ("POST", format!("/conversations/{}/assign", objects.direct), json!({ "to": "  \t" }), "to"),
        ("PATCH", format!("/leads/{}", objects.lead), json!({ "assigned_to": " " }), "assigned_to"),
        ("PATCH", format!("/leads/{}", objects.lead), json!({ "note": "\n" }), "note"),
        ("POST", format!("/posts/{}/approve", objects.pending_post), json!({ "comment": " " }), "comment"),
        ("POST", format!("/approvals/{}/reject", objects.approval), json!({ "comment": " " }), "comment"),
        ("POST", "/competitors".to_owned(), json!({ "username": "rival", "note": " " }), "note"),
        ("POST", "/rules".to_owned(), rule(" ", json!({ "do": "hide" })), "name"),
        ("POST", "/rules".to_owned(), rule("n", json!({ "do": "assign", "to": " " })), "actions[0].to"),
        ("POST", "/rules".to_owned(), rule("n", json!({ "do": "tag", "tag": " " })), "actions[0].tag"),
    ] {
        let problem = rig.call(&bakery.key.text, method, &bakery.path(&path), Some(body)).await.problem(422);
        assert!(field.starts_with(problem["field"].as_str().unwrap()), "{path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains("must not be empty"), "{problem}");
    }
    // What surrounds a text is not meant.
    let assign = bakery.path(&format!("/conversations/{}/assign", objects.direct));
    let assigned = rig.post(&bakery.key.text, &assign, json!({ "to": "  Ana " })).await.ok();
    assert_eq!(assigned["assigned_to"], "Ana");
    let made = rig
        .post(&bakery.key.text, &bakery.path("/rules"), rule("  Shipping ", json!({ "do": "hide" })))
        .await;
    assert_eq!(made.ok()["name"], "Shipping");
}

#[tokio::test]
async fn a_lead_is_given_to_somebody_and_taken_back() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let lead = bakery.path(&format!("/leads/{}", bakery.objects.lead));
    let patch = |body: Value| rig.call(&bakery.key.text, "PATCH", &lead, Some(body));
    let given = patch(json!({ "assigned_to": " Ana ", "note": "calls on Monday" })).await.ok();
    assert_eq!((&given["assigned_to"], &given["note"]), (&json!("Ana"), &json!("calls on Monday")));
    let kept = patch(json!({})).await.ok();
    assert_eq!((&kept["assigned_to"], &kept["note"]), (&json!("Ana"), &json!("calls on Monday")));
    let taken = patch(json!({ "assigned_to": null, "note": "" })).await.ok();
    assert_eq!((&taken["assigned_to"], &taken["note"]), (&json!(null), &json!(null)));
}
