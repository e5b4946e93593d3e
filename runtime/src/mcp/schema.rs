//! The arguments of a tool, from what the description of the API says about its route.

use serde_json::{Map, Value, json};

/// How deep references are followed; the shapes in question are flat.
const DEEPEST: usize = 8;

/// Where an argument goes in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A part of the path.
    Path,
    /// The query.
    Query,
    /// A field of the body.
    Body,
}

/// The JSON Schema of the arguments of an operation, without references (not every client follows them), and where each
/// argument goes.
pub fn arguments(description: &Value, operation: &Value) -> (Map<String, Value>, Vec<(String, Place)>) {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut places = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let place = match parameter["in"].as_str() {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            _ => continue,
        };
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        let mut schema = resolved(description, &parameter["schema"], 0);
        if let (Some(schema), Some(text)) = (schema.as_object_mut(), parameter["description"].as_str()) {
            schema.insert("description".to_owned(), text.into());
        }
        if place == Place::Path || parameter["required"] == Value::Bool(true) {
            required.push(Value::from(name.clone()));
        }
        properties.insert(name.clone(), schema);
        places.push((name, place));
    }
    let body = body_of(description, operation);
    for (name, schema) in body["properties"].as_object().into_iter().flatten() {
        // The answer of a tool comes whole.
        if name == "stream" {
            continue;
        }
        properties.insert(name.clone(), schema.clone());
        places.push((name.clone(), Place::Body));
    }
    required.extend(body["required"].as_array().into_iter().flatten().cloned());
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    schema.insert("required".to_owned(), required.into());
    schema.insert("additionalProperties".to_owned(), false.into());
    (schema, places)
}

/// The shape of the body; that of the document where it may also be left out.
fn body_of(description: &Value, operation: &Value) -> Value {
    let schema = resolved(description, &operation["requestBody"]["content"]["application/json"]["schema"], 0);
    let choices = ["oneOf", "anyOf"].into_iter().find_map(|key| schema[key].as_array().cloned());
    match choices {
        Some(choices) => {
            choices.into_iter().find(|choice| choice["properties"].is_object()).unwrap_or_default()
        }
        None => schema,
    }
}

/// The schema with what its references name in their place.
fn resolved(description: &Value, schema: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return json!({});
    }
    match schema {
        Value::Object(members) => {
            if let Some(name) = members.get("$ref").and_then(Value::as_str) {
                let target = description.pointer(name.trim_start_matches('#')).unwrap_or(&Value::Null);
                return resolved(description, target, depth + 1);
            }
            let below =
                |(name, value): (&String, &Value)| (name.clone(), resolved(description, value, depth));
            Value::Object(members.iter().map(below).collect())
        }
        Value::Array(list) => list.iter().map(|item| resolved(description, item, depth)).collect(),
        other => other.clone(),
    }
}
