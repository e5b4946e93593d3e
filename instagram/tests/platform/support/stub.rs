//! A stub of the Graph API that remembers what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tenants::tasks::Tasks;

#[derive(Default)]
struct Inner {
    calls: Vec<String>,
    authorizations: Vec<String>,
    parts: Vec<String>,
    answers: HashMap<String, Vec<Answer>>,
}

#[derive(Clone)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// Answers by `METHOD /path`, each answer once and the last one for ever.
#[derive(Clone)]
pub struct Stub {
    pub address: String,
    inner: Arc<Mutex<Inner>>,
}

impl Stub {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let stub = Self { address, inner: Arc::default() };
        let app = axum::Router::new().fallback(answer).with_state(stub.clone());
        Tasks::default().spawn("stub", async move { axum::serve(listener, app).await });
        stub
    }

    pub fn on(&self, call: &str, status: u16, body: Value) -> &Self {
        self.on_text(call, status, &[], &body.to_string())
    }

    pub fn on_text(&self, call: &str, status: u16, headers: &[(&'static str, &str)], body: &str) -> &Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let answer = Answer { status, headers, body: body.to_owned() };
        self.inner.lock().unwrap().answers.entry(call.to_owned()).or_default().push(answer);
        self
    }

    /// What was asked: method, path, decoded query, body.
    pub fn calls(&self) -> Vec<String> {
        self.inner.lock().unwrap().calls.clone()
    }

    /// Offset, size and length of parts of files that were sent.
    pub fn parts(&self) -> Vec<String> {
        self.inner.lock().unwrap().parts.clone()
    }

    pub fn authorizations(&self) -> Vec<String> {
        self.inner.lock().unwrap().authorizations.clone()
    }
}

async fn answer(
    State(stub): State<Stub>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let url = reqwest::Url::parse(&format!("http://stub{uri}")).unwrap();
    let query: Vec<String> = url.query_pairs().map(|(name, value)| format!("{name}={value}")).collect();
    let key = format!("{method} {}", uri.path());
    let parts = [key.clone(), query.join("&"), String::from_utf8(body.to_vec()).unwrap()];
    let line = parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ");

    let mut inner = stub.inner.lock().unwrap();
    inner.calls.push(line);
    let authorization = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    inner.authorizations.push(authorization.unwrap_or_default());
    let header = |name: &str| headers.get(name).map_or("-", |value| value.to_str().unwrap()).to_owned();
    if headers.contains_key("offset") {
        inner.parts.push(["offset", "file_size", "content-length"].map(header).join(" "));
    }
    let Some(answers) = inner.answers.get_mut(&key) else {
        return (StatusCode::IM_A_TEAPOT, format!("no answer for {key}")).into_response();
    };
    let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
    let mut response = (StatusCode::from_u16(answer.status).unwrap(), answer.body).into_response();
    for (name, value) in answer.headers {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap());
    }
    response
}
