//! Batch requests: several calls in one POST to the root, as the official SDKs send them.

use axum::{
    body::Body,
    http::{Method, Response},
};
use serde_json::{Value, json};

use super::{answer, errors::GraphError, request::GraphRequest, respond, respond::Manner};
use crate::{core::Core, graph::caller, ids, json::escaped};

/// Most calls in one batch.
const MAX_CALLS: usize = 50;

pub(super) fn is_batch(request: &GraphRequest) -> bool {
    request.path.is_empty() && request.method == Method::POST && request.params.text("batch").is_some()
}

/// Answers with a list in the order of the calls. A call whose answer a fault withholds is `null`, as Meta does
/// for calls that timed out.
pub(super) async fn handle(core: &Core, request: &GraphRequest) -> Response<Body> {
    let login = caller::manners(request);
    let version = request.version.as_deref().unwrap_or(&core.options.api_version);
    let manner = Manner { login, version, number: core.next_number(), usage: None, retry_after: None };
    let calls = match calls(request) {
        Ok(calls) => calls,
        Err(error) => return respond::failure(&error, &manner),
    };
    let mut answers = Vec::with_capacity(calls.len());
    for call in calls {
        answers.push(one(core, request, &call).await);
    }
    respond::answer(&Value::Array(answers), &manner)
}

fn calls(request: &GraphRequest) -> Result<Vec<Value>, GraphError> {
    let calls = request.params.structure("batch")?;
    let Some(Value::Array(calls)) = calls else {
        return Err(GraphError::invalid_parameter("Param batch must be an array."));
    };
    if calls.len() > MAX_CALLS {
        return Err(GraphError::invalid_parameter(
            "Too many requests in batch message. Maximum batch size is 50",
        ));
    }
    Ok(calls)
}

async fn one(core: &Core, batch: &GraphRequest, call: &Value) -> Value {
    let method = call["method"].as_str().unwrap_or("GET").to_ascii_uppercase();
    let address = call["relative_url"].as_str().unwrap_or_default();
    let body = call["body"].as_str().unwrap_or_default();
    let part = GraphRequest::part_of_batch(batch, &method, address, body);
    let (outcome, login) = answer(core, method, part.raw_path.clone(), &part).await;
    if outcome.withheld.is_some() && outcome.answer.is_ok() {
        return Value::Null;
    }
    let (code, body) = match &outcome.answer {
        Ok(body) => (200, escaped(body)),
        Err(error) => (error.status, escaped(&error.body(login, &ids::trace_id(core.next_number())))),
    };
    let headers = json!([{"name": "Content-Type", "value": "application/json; charset=UTF-8"}]);
    json!({"code": code, "headers": headers, "body": String::from_utf8_lossy(&body)})
}
