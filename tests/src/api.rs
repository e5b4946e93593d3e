//! The HTTP API as a client uses it.

use std::sync::Arc;

use reqwest::Method;
use serde_json::Value;

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Body; a JSON text when it is no JSON.
    pub body: Value,
}

impl Reply {
    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.body);
        self.body
    }
}

/// A client with one key.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    key: String,
    http: Arc<reqwest::Client>,
}

impl Api {
    /// A client for the node at `base`.
    pub fn new(base: &str, key: &str) -> Self {
        // Installing twice is harmless: the first one stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().build().expect("an HTTP client");
        Self { base: base.to_owned(), key: key.to_owned(), http: Arc::new(http) }
    }

    /// The same key on another node.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The same node with another key.
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// `GET /api/v1{path}`.
    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, None).await
    }

    /// `POST /api/v1{path}`.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call(Method::POST, path, Some(body)).await
    }

    /// `POST /api/v1{path}` with `Idempotency-Key`.
    pub async fn post_with_key(&self, path: &str, key: &str, body: Value) -> Reply {
        let request = self.http.post(format!("{}/api/v1{path}", self.base)).header("x-api-key", &self.key);
        let answer = request.header("idempotency-key", key).json(&body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        Reply { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// `PUT /api/v1{path}` with `If-Match`.
    pub async fn put_if_match(&self, path: &str, tag: &str, body: Value) -> Reply {
        let request = self.http.put(format!("{}/api/v1{path}", self.base)).header("x-api-key", &self.key);
        let answer = request.header("if-match", tag).json(&body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        Reply { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// Any method on `/api/v1{path}`.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request =
            self.http.request(method, format!("{}/api/v1{path}", self.base)).header("x-api-key", &self.key);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        Reply { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// `POST` of a file to `/api/v1{path}`, with the key.
    pub async fn upload(&self, path: &str, file: Vec<u8>) -> Reply {
        let path = format!("/api/v1{path}");
        let reply = self.raw_post(&path, &[("x-api-key", self.key.as_str())], file).await;
        let Value::String(text) = reply.body else { return reply };
        Reply { status: reply.status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// What the node answers at an absolute path, without key.
    pub async fn fetch(&self, path: &str) -> (u16, Vec<u8>) {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.bytes().await.expect("a body").to_vec())
    }

    /// Opens any address as a browser does, redirects included, without a key.
    pub async fn browse(&self, url: &str, query: &[(&str, &str)]) -> Reply {
        let answer = self.http.get(url).query(query).send().await.expect("an answer");
        let status = answer.status().as_u16();
        Reply { status, body: Value::String(answer.text().await.expect("a body")) }
    }

    /// `POST` of raw bytes to an absolute path, with headers and without key.
    pub async fn raw_post(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
        let mut request = self.http.post(format!("{}{path}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.expect("an answer");
        Reply { status: answer.status().as_u16(), body: Value::String(answer.text().await.expect("a body")) }
    }
}
