//! Checks JSON against the part of JSON schema that models are asked for.
//!
//! Known: `type` (one or several), `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`,
//! `minItems`, `maxItems`, `minLength`, `maxLength`, `minimum`, `maximum`, `anyOf`. Other keywords check nothing, so a
//! schema that relies on them must be checked again by whoever reads the answer. A whole implementation of JSON schema
//! is a dozen crates for keywords that providers do not accept either.

use serde_json::Value;

/// Deepest nesting that is checked: an answer nested deeper than this is refused.
const DEEPEST: usize = 32;

/// Reads an answer and checks it. Models like to wrap JSON in a Markdown fence: that is not held against them.
///
/// # Errors
/// What is wrong, in words a model understands.
pub fn read(schema: &Value, text: &str) -> Result<Value, String> {
    let value: Value =
        serde_json::from_str(without_fence(text)).map_err(|error| format!("it is not JSON: {error}"))?;
    check(schema, &value)?;
    Ok(value)
}

/// Checks a value.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn check(schema: &Value, value: &Value) -> Result<(), String> {
    check_at(schema, value, "$", 0)
}

fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text.strip_prefix("```") else { return text };
    let inner = inner.strip_prefix("json").unwrap_or(inner);
    inner.strip_suffix("```").unwrap_or(inner).trim()
}

fn check_at(schema: &Value, value: &Value, place: &str, depth: usize) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("{place} is nested too deeply"));
    }
    check_type(schema, value, place)?;
    check_choice(schema, value, place, depth)?;
    match value {
        Value::Object(_) => check_object(schema, value, place, depth),
        Value::Array(items) => check_array(schema, items, place, depth),
        Value::String(text) => {
            within(schema, ["minLength", "maxLength"], text.chars().count() as f64, place, "length")
        }
        Value::Number(number) => {
            within(schema, ["minimum", "maximum"], number.as_f64().unwrap_or(0.0), place, "value")
        }
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn check_type(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let fits = |name: &str| match name {
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        name => name == type_of(value),
    };
    let is_right = match schema.get("type") {
        Some(Value::String(name)) => fits(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(fits),
        _ => true,
    };
    if is_right { Ok(()) } else { Err(format!("{place} must be of type {}", schema["type"])) }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn check_choice(schema: &Value, value: &Value, place: &str, depth: usize) -> Result<(), String> {
    if let Some(Value::Array(allowed)) = schema.get("enum")
        && !allowed.contains(value)
    {
        return Err(format!("{place} must be one of {}", schema["enum"]));
    }
    if let Some(expected) = schema.get("const")
        && expected != value
    {
        return Err(format!("{place} must be {expected}"));
    }
    if let Some(Value::Array(choices)) = schema.get("anyOf")
        && !choices.iter().any(|choice| check_at(choice, value, place, depth + 1).is_ok())
    {
        return Err(format!("{place} fits none of its allowed forms"));
    }
    Ok(())
}

fn check_object(schema: &Value, value: &Value, place: &str, depth: usize) -> Result<(), String> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if value.get(name).is_none() {
            return Err(format!("{place}.{name} is missing"));
        }
    }
    let others = schema.get("additionalProperties");
    for (name, field) in value.as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        match (schema.get("properties").and_then(|properties| properties.get(name)), others) {
            (Some(schema), _) => check_at(schema, field, &place, depth + 1)?,
            (None, Some(Value::Bool(false))) => return Err(format!("{place} is not allowed")),
            (None, Some(schema @ Value::Object(_))) => check_at(schema, field, &place, depth + 1)?,
            (None, _) => {}
        }
    }
    Ok(())
}

fn check_array(schema: &Value, items: &[Value], place: &str, depth: usize) -> Result<(), String> {
    within(schema, ["minItems", "maxItems"], items.len() as f64, place, "number of items")?;
    let Some(schema) = schema.get("items") else { return Ok(()) };
    let mut numbered = items.iter().enumerate();
    numbered.try_for_each(|(index, item)| check_at(schema, item, &format!("{place}[{index}]"), depth + 1))
}

fn within(schema: &Value, bounds: [&str; 2], number: f64, place: &str, what: &str) -> Result<(), String> {
    let [least, most] = bounds.map(|bound| schema.get(bound).and_then(Value::as_f64));
    if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
        let bound = |bound: Option<f64>| bound.map_or("any".to_owned(), |bound| bound.to_string());
        return Err(format!("the {what} of {place} must be between {} and {}", bound(least), bound(most)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "intent": { "type": "string", "enum": ["praise", "question"] },
                "confidence": { "type": "number", "minimum": 0, "maximum": 1 },
                "language": { "type": ["string", "null"], "maxLength": 2 },
                "tags": { "type": "array", "items": { "type": "string" }, "maxItems": 2 },
                "count": { "type": "integer" },
                "kind": { "const": "comment" },
                "reply": { "anyOf": [{ "type": "null" }, { "type": "object", "required": ["text"] }] },
            },
            "required": ["intent", "confidence"],
            "additionalProperties": false,
        })
    }

    #[test]
    fn answers_are_accepted_or_refused_with_the_place_of_the_fault() {
        let good = [
            r#"{"intent":"praise","confidence":0.9}"#,
            r#"{"intent":"praise","confidence":1,"language":null,"tags":["a"],"count":3.0,"kind":"comment","reply":null}"#,
            "```json\n{\"intent\":\"question\",\"confidence\":0}\n```",
        ];
        for text in good {
            assert!(read(&schema(), text).is_ok(), "{text}");
        }
        let bad = [
            ("I think it is praise.", "it is not JSON"),
            (r#"{"intent":"praise","confidence":0.9"#, "it is not JSON"),
            ("[]", "$ must be of type \"object\""),
            (r#"{"intent":"praise"}"#, "$.confidence is missing"),
            (r#"{"intent":"rage","confidence":1}"#, "$.intent must be one of"),
            (r#"{"intent":"praise","confidence":"high"}"#, "$.confidence must be of type"),
            (r#"{"intent":"praise","confidence":1.2}"#, "$.confidence must be between 0 and 1"),
            (r#"{"intent":"praise","confidence":1,"language":"english"}"#, "length of $.language"),
            (r#"{"intent":"praise","confidence":1,"tags":["a",1]}"#, "$.tags[1] must be of type"),
            (r#"{"intent":"praise","confidence":1,"tags":["a","b","c"]}"#, "number of items of $.tags"),
            (r#"{"intent":"praise","confidence":1,"count":1.5}"#, "$.count must be of type"),
            (r#"{"intent":"praise","confidence":1,"kind":"story"}"#, "$.kind must be \"comment\""),
            (r#"{"intent":"praise","confidence":1,"reply":{}}"#, "$.reply fits none"),
            (r#"{"intent":"praise","confidence":1,"mood":"good"}"#, "$.mood is not allowed"),
        ];
        for (text, expected) in bad {
            let problem = read(&schema(), text).unwrap_err();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }

    #[test]
    fn a_schema_that_refers_to_any_depth_ends() {
        let deep = (0..100).fold(json!({}), |inner, _| json!({ "properties": { "a": inner } }));
        let value = (0..100).fold(json!(1), |inner, _| json!({ "a": inner }));
        assert!(check(&deep, &value).unwrap_err().contains("nested too deeply"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = read(&schema(), &text);
        }
    }
}
