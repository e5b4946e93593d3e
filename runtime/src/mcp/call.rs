//! From the arguments of a call to a request, and from the answer to a result.

use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value};

use super::catalogue::Tool;
use super::schema::Place;
use super::{Answer, Asked};

/// The request that a call means.
///
/// # Errors
/// Says which argument is wrong and what is expected.
pub fn request(tool: &Tool, mut arguments: Map<String, Value>) -> Result<Asked, String> {
    arguments.retain(|_, value| !value.is_null());
    let mut address = tool.path.clone();
    let mut query = form_urlencoded::Serializer::new(String::new());
    let mut body = Map::new();
    for (name, place) in &tool.places {
        let value = arguments.remove(name);
        match (place, value) {
            (Place::Path, Some(Value::String(text))) if !text.trim().is_empty() => {
                address = address.replace(&format!("{{{name}}}"), &encoded(text.trim()));
            }
            (Place::Path, _) => return Err(format!("`{name}` is missing: give an id as a text")),
            (Place::Query, Some(value)) => {
                for text in texts(name, &value)? {
                    query.append_pair(name, &text);
                }
            }
            (Place::Body, Some(value)) => {
                body.insert(name.clone(), value);
            }
            (Place::Query | Place::Body, None) if is_required(tool, name) => {
                return Err(format!("`{name}` is missing"));
            }
            (Place::Query | Place::Body, None) => {}
        }
    }
    if let Some(unknown) = arguments.keys().next() {
        let known: Vec<&str> = tool.places.iter().map(|(name, _)| name.as_str()).collect();
        return Err(format!("`{unknown}` is no argument of {}: it takes {}", tool.name, listed(&known)));
    }
    let query = query.finish();
    if !query.is_empty() {
        address.push('?');
        address.push_str(&query);
    }
    Ok(Asked { method: tool.method, address, body: (!body.is_empty()).then(|| body.into()) })
}

fn is_required(tool: &Tool, name: &str) -> bool {
    tool.input["required"].as_array().is_some_and(|names| names.iter().any(|known| known == name))
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// A value as the query says it; lists are repeated.
fn texts(name: &str, value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Bool(_) | Value::Number(_) => Ok(vec![value.to_string()]),
        Value::Array(items) => {
            Ok(items.iter().map(|item| texts(name, item)).collect::<Result<Vec<_>, _>>()?.concat())
        }
        Value::Null | Value::Object(_) => Err(format!("`{name}` must be a text, a number or true or false")),
    }
}

/// An id as one part of a path, whatever is in it.
fn encoded(text: &str) -> String {
    let each = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    each.collect()
}

/// What the caller is told.
pub fn result(answer: Answer) -> CallToolResult {
    let Answer { status, body, retry_after } = answer;
    if !(200..300).contains(&status) {
        return refused(status, body, retry_after);
    }
    let body = match body {
        Value::Object(_) => body,
        Value::Null => serde_json::json!({ "done": true }),
        other => serde_json::json!({ "value": other }),
    };
    let mut result = CallToolResult::success(vec![ContentBlock::text(body.to_string())]);
    result.structured_content = Some(body);
    result
}

/// A refusal of the API is the tool's own error, in words that say what to do next.
fn refused(status: u16, problem: Value, retry_after: Option<u64>) -> CallToolResult {
    let title = problem["title"].as_str().unwrap_or("It was refused");
    let detail = problem["detail"].as_str().unwrap_or("there are no particulars");
    let mut text = format!("{title} ({status}): {detail}");
    if let Some(present) = problem.get("present").filter(|present| !present.is_null()) {
        text.push_str(&format!("; the present state is {present}"));
    }
    if let Some(seconds) = retry_after {
        text.push_str(&format!("; try again in {seconds} s"));
    }
    let mut result = mistake(&text);
    if problem.is_object() {
        result.structured_content = Some(problem);
    }
    result
}

/// A call that could not be made.
pub fn mistake(text: &str) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text)])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mcp::Tools;

    fn asked(name: &str, arguments: Value) -> Result<Asked, String> {
        let tools = Tools::of(&crate::http::description());
        request(tools.find(name).unwrap(), arguments.as_object().unwrap().clone())
    }

    #[test]
    fn arguments_go_where_the_route_has_them() {
        let audit =
            asked("search_audit", json!({ "tenant": "ten_1", "event_type": "decision.", "limit": 3 }));
        let audit = audit.unwrap();
        assert_eq!((audit.method, audit.body), ("GET", None));
        assert_eq!(audit.address.split('?').next(), Some("/api/v1/tenants/ten_1/audit"));
        assert!(audit.address.contains("event_type=decision.") && audit.address.contains("limit=3"));
        let edit =
            asked("approve_with_edit", json!({ "tenant": "a", "approval": "b", "text": "yes" })).unwrap();
        assert_eq!(edit.address, "/api/v1/tenants/a/approvals/b/edit");
        assert_eq!(edit.body, Some(json!({ "text": "yes" })));
    }

    #[test]
    fn an_id_stays_one_part_of_the_path_whatever_is_in_it() {
        let address = asked("get_tenant", json!({ "tenant": "../agencies?x=1#/%" })).unwrap().address;
        assert_eq!(address, "/api/v1/tenants/%2E%2E%2Fagencies%3Fx%3D1%23%2F%25");
    }

    #[test]
    fn wrong_arguments_are_named() {
        let wrong = |name, arguments| asked(name, arguments).unwrap_err();
        assert!(wrong("get_tenant", json!({})).contains("`tenant` is missing"));
        assert!(wrong("get_tenant", json!({ "tenant": 7 })).contains("give an id"));
        assert!(wrong("get_tenant", json!({ "tenant": "a", "nmae": 1 })).contains("`nmae` is no argument"));
        assert!(wrong("approve_with_edit", json!({ "tenant": "a", "approval": "b" })).contains("`text`"));
        assert!(wrong("list_rules", json!({ "tenant": "a", "limit": {} })).contains("`limit`"));
    }
}
