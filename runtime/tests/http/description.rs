//! The description of the API.

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use troupe::http::{RouteScope, description, routes};

use crate::rig::Rig;

fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (method.clone(), path.clone(), operation))
        })
        .filter(|(method, ..)| ["get", "post", "put", "patch", "delete"].contains(&method.as_str()))
        .collect()
}

/// What a reference stands for.
fn resolved<'d>(document: &'d Value, answer: &'d Value) -> &'d Value {
    match answer["$ref"].as_str() {
        Some(place) => document.pointer(place.trim_start_matches('#')).unwrap(),
        None => answer,
    }
}

fn document() -> Value {
    serde_json::to_value(description()).unwrap()
}

#[test]
fn every_operation_has_a_summary_a_tag_an_answer_and_the_problems() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (method, path, operation) in operations(&document) {
        let what = format!("{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{what}");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{what}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with(['2', '3'])), "{what}");
        for (status, answer) in responses {
            let answer = resolved(&document, answer);
            assert!(answer["description"].as_str().is_some_and(|text| !text.is_empty()), "{what} {status}");
        }
        let problems =
            responses.iter().filter(|(status, _)| status.starts_with('4') || status.starts_with('5'));
        for (status, answer) in problems {
            let answer = resolved(&document, answer).to_string();
            assert!(
                answer.contains("application/problem+json") || answer.contains("text/html"),
                "{what} {status}"
            );
        }
        assert!(responses.contains_key("503") && !responses.contains_key("default"), "{what}");
        let is_public = routes().iter().any(|route| {
            route.scope == RouteScope::Public
                && route.path == *path
                && route.method.eq_ignore_ascii_case(&method)
        });
        assert_eq!(operation["security"].is_array(), !is_public, "{what}");
    }
}

#[test]
fn every_operation_names_the_problems_that_follow_from_its_shape() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let what = format!("{method} {path}");
        let named = |status: &str| operation["responses"].get(status).is_some();
        if operation["security"].is_array() {
            assert!(named("401") && named("403") && named("429"), "{what}");
        }
        if path.contains('{') {
            assert!(named("404"), "{what}");
        }
        if operation["requestBody"].is_object() {
            assert!(["400", "413", "415", "422"].into_iter().all(named), "{what}");
        }
        let parameters = operation["parameters"].to_string();
        assert_eq!(parameters.contains("If-Match"), named("412"), "{what}");
        if parameters.contains("Idempotency-Key") {
            assert!(method == "post" && named("409") && named("422"), "{what}");
        }
    }
    let replies = &document["paths"]["/api/v1/tenants/{tenant}/gateway/reply-comment"]["post"];
    assert!(replies["parameters"].to_string().contains("Idempotency-Key"));
    let keys = &document["paths"]["/api/v1/agencies/{agency}/keys"]["post"];
    assert!(!keys["parameters"].to_string().contains("Idempotency-Key"));
}

#[test]
fn every_parameter_of_a_path_is_described() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let described: Vec<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .inspect(|parameter| assert!(parameter["schema"].is_object(), "{method} {path}: {parameter}"))
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let named: Vec<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(described, named, "{method} {path}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
    let document = document();
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name} is not described");
    }
    let operations = operations(&document);
    let mut names: Vec<&str> =
        operations.iter().map(|(.., operation)| operation["operationId"].as_str().unwrap()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), operations.len());
}

#[test]
fn what_a_problem_adds_may_be_of_any_type_and_pages_say_how_large_they_may_be() {
    let document = document();
    let more = &document["components"]["schemas"]["Problem"]["additionalProperties"];
    assert!(
        more.is_boolean() || more["type"].is_null(),
        "`field` is a text, `present` may be anything: {more}"
    );
    let parameters =
        document["paths"]["/api/v1/tenants/{tenant}/queue"]["get"]["parameters"].as_array().unwrap();
    let limit = &parameters.iter().find(|parameter| parameter["name"] == "limit").unwrap()["schema"];
    assert_eq!((&limit["minimum"], &limit["maximum"]), (&Value::from(1), &Value::from(200)), "{limit}");
}

#[tokio::test]
async fn it_is_served_with_a_page_that_loads_nothing_from_elsewhere() {
    let rig = Rig::start().await;
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let served = rig.send(get("/api/openapi.json")).await.ok();
    assert_eq!(served, document());

    let page = rig.send(get("/api/docs")).await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    for asset in ["/api/docs/page.js", "/api/docs/page.css"] {
        assert!(page.text().contains(asset));
        let asset = rig.send(get(asset)).await;
        assert_eq!(asset.status.as_u16(), 200);
        assert!(!asset.text().contains("https://") && !asset.text().contains("http://"));
    }
    assert!(!page.text().contains("https://") && !page.text().contains("http://"));
}
