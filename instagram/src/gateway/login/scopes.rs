//! Permissions as the two hosts list them.

use serde_json::Value;

/// `permissions` of a code exchange: a list, or a text with commas.
pub(super) fn of_exchange(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        Value::String(text) => {
            text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// `GET /me/permissions`: those that were granted.
pub(super) fn of_list(body: &Value) -> Vec<String> {
    let items = body["data"].as_array().into_iter().flatten();
    items
        .filter(|item| item["status"] == "granted")
        .filter_map(|item| item["permission"].as_str().map(str::to_owned))
        .collect()
}
