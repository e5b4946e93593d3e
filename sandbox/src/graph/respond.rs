//! Answers in Meta's manner: escaped JSON, version and trace headers, usage headers.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use serde_json::Value;

use super::errors::GraphError;
use crate::{control::requests::Login, ids, json::escaped, limits::Usage};

/// What surrounds a body.
pub(crate) struct Manner<'a> {
    pub(crate) login: Login,
    pub(crate) version: &'a str,
    pub(crate) number: u64,
    pub(crate) usage: Option<&'a Usage>,
    pub(crate) retry_after: Option<u64>,
}

pub(crate) fn answer(body: &Value, manner: &Manner<'_>) -> Response<Body> {
    build(200, escaped(body), manner)
}

pub(crate) fn failure(error: &GraphError, manner: &Manner<'_>) -> Response<Body> {
    let body = escaped(&error.body(manner.login, &ids::trace_id(manner.number)));
    let mut response = build(error.status, body, manner);
    put(&mut response, header::WWW_AUTHENTICATE, &error.challenge());
    response
}

/// A page that is no JSON, as a broken proxy would send.
pub(crate) fn garbage(status: u16, manner: &Manner<'_>) -> Response<Body> {
    let page = "<!DOCTYPE html><html><body><h1>Sorry, something went wrong.</h1></body></html>";
    let mut response = build(status, page.into(), manner);
    put(&mut response, header::CONTENT_TYPE, "text/html; charset=utf-8");
    response
}

fn build(status: u16, body: Vec<u8>, manner: &Manner<'_>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    put(&mut response, header::CONTENT_TYPE, "application/json; charset=UTF-8");
    put(&mut response, header::CACHE_CONTROL, "private, no-cache, no-store, must-revalidate");
    let version = match manner.login {
        Login::Instagram => "instagram-api-version",
        Login::Facebook => "facebook-api-version",
    };
    put(&mut response, HeaderName::from_static(version), manner.version);
    put(&mut response, HeaderName::from_static("x-fb-request-id"), &ids::trace_id(!manner.number));
    put(&mut response, HeaderName::from_static("x-fb-trace-id"), &ids::trace_id(manner.number));
    put(&mut response, HeaderName::from_static("x-fb-rev"), "1029384756");
    if let Some(usage) = manner.usage {
        put(&mut response, HeaderName::from_static("x-app-usage"), &usage.app.to_string());
        put(&mut response, HeaderName::from_static("x-business-use-case-usage"), &usage.business.to_string());
    }
    if let Some(seconds) = manner.retry_after {
        put(&mut response, header::RETRY_AFTER, &seconds.to_string());
    }
    response
}

fn put(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
