//! A started sandbox with a client and a webhook receiver.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    routing::get,
};
use reqwest::Method;
use serde_json::Value;
use troupe_sandbox::{Account, DeliveryOptions, Login, NewAccount, Sandbox, SandboxOptions};

pub const PATIENCE: Duration = Duration::from_secs(10);

pub struct Kit {
    pub sandbox: Sandbox,
    pub client: reqwest::Client,
    pub shop: Account,
    pub token: String,
}

/// An answer of the Graph API.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Answer {
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json
    }

    /// HTTP status, code and subcode.
    pub fn error(&self) -> (u16, i64, u64) {
        let error = &self.json["error"];
        assert!(error["message"].is_string() && error["fbtrace_id"].is_string(), "{}", self.text);
        (self.status, error["code"].as_i64().unwrap(), error["error_subcode"].as_u64().unwrap_or(0))
    }
}

impl Kit {
    pub async fn start() -> Self {
        Self::with(SandboxOptions::default(), Login::Instagram).await
    }

    pub async fn facebook() -> Self {
        Self::with(SandboxOptions::default(), Login::Facebook).await
    }

    pub async fn with(options: SandboxOptions, login: Login) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let shop = sandbox.create_account(NewAccount::new("acme").login(login)).unwrap();
        let token = sandbox.token(&shop).unwrap();
        Self { sandbox, client, shop, token }
    }

    /// A sandbox that delivers to a receiver, with quick retries.
    pub async fn with_receiver() -> (Self, Receiver) {
        Self::with_receiver_for(Login::Instagram).await
    }

    pub async fn with_receiver_for(login: Login) -> (Self, Receiver) {
        let receiver = Receiver::start().await;
        let deliver = DeliveryOptions {
            callback_url: Some(receiver.url.clone()),
            timeout: Duration::from_millis(500),
            retry_delays: vec![Duration::ZERO, Duration::from_millis(20), Duration::from_millis(40)],
            ..DeliveryOptions::default()
        };
        let options = SandboxOptions { deliver, ..SandboxOptions::default() };
        (Self::with(options, login).await, receiver)
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.base_url())
    }

    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.call(Method::GET, path, query).await
    }

    pub async fn post(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.call(Method::POST, path, query).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, &[]).await
    }

    pub async fn call(&self, method: Method, path: &str, query: &[(&str, &str)]) -> Answer {
        let token = [("access_token", self.token.as_str())];
        read(self.client.request(method, self.url(path)).query(&token).query(query)).await
    }

    pub async fn post_json(&self, path: &str, body: &Value) -> Answer {
        read(self.client.post(self.url(path)).bearer_auth(&self.token).json(body)).await
    }

    /// Sends a message to a person the shop knows by handle.
    pub async fn send(&self, person: &str, text: &str) -> Answer {
        let igsid = self.igsid(person);
        let body = serde_json::json!({"recipient": {"id": igsid}, "message": {"text": text}});
        self.post_json("/v25.0/me/messages", &body).await
    }

    pub fn igsid(&self, person: &str) -> String {
        self.sandbox.relation(&self.shop, person).unwrap().igsid.to_string()
    }

    pub async fn delivered(&self) {
        self.sandbox.wait_delivered(PATIENCE).await.unwrap();
    }
}

pub async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, headers, text, json }
}

/// A webhook as it arrived.
#[derive(Debug, Clone)]
pub struct Hook {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Hook {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Inbox {
    hooks: Mutex<Vec<Hook>>,
    /// Answers to the next deliveries; 200 afterwards.
    answers: Mutex<VecDeque<u16>>,
    posts: AtomicUsize,
    verify_token: Mutex<Option<String>>,
}

/// A real server that takes webhooks; accepted ones are kept.
pub struct Receiver {
    pub url: String,
    inbox: Arc<Inbox>,
}

impl Receiver {
    #[expect(clippy::disallowed_methods, reason = "the receiver lives as long as the test's runtime")]
    pub async fn start() -> Self {
        let inbox = Arc::new(Inbox::default());
        let router = Router::new().route("/hook", get(handshake).post(take)).with_state(Arc::clone(&inbox));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inbox }
    }

    pub fn answer_next(&self, statuses: &[u16]) {
        self.inbox.answers.lock().unwrap().extend(statuses);
    }

    pub fn expect_verify_token(&self, token: &str) {
        *self.inbox.verify_token.lock().unwrap() = Some(token.to_owned());
    }

    /// POSTs so far, refused ones included.
    pub fn posts(&self) -> usize {
        self.inbox.posts.load(Ordering::SeqCst)
    }

    pub fn hooks(&self) -> Vec<Hook> {
        self.inbox.hooks.lock().unwrap().clone()
    }

    /// Every change value, `messaging` item or `standby` item of accepted webhooks, with its field or list name.
    pub fn events(&self) -> Vec<(String, Value)> {
        let mut events = Vec::new();
        for hook in self.hooks() {
            for entry in hook.json()["entry"].as_array().unwrap() {
                for change in entry["changes"].as_array().into_iter().flatten() {
                    events.push((change["field"].as_str().unwrap().to_owned(), change["value"].clone()));
                }
                for list in ["messaging", "standby"] {
                    for item in entry[list].as_array().into_iter().flatten() {
                        events.push((list.to_owned(), item.clone()));
                    }
                }
            }
        }
        events
    }
}

async fn handshake(
    State(inbox): State<Arc<Inbox>>,
    Query(query): Query<Vec<(String, String)>>,
) -> (StatusCode, String) {
    let find = |name: &str| {
        query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let expected = inbox.verify_token.lock().unwrap().clone();
    if find("hub.mode") == "subscribe" && Some(find("hub.verify_token")) == expected {
        (StatusCode::OK, find("hub.challenge"))
    } else {
        (StatusCode::FORBIDDEN, "wrong token".to_owned())
    }
}

async fn take(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    inbox.posts.fetch_add(1, Ordering::SeqCst);
    let status = inbox.answers.lock().unwrap().pop_front().unwrap_or(200);
    if status == 200 {
        inbox.hooks.lock().unwrap().push(Hook { headers, body: body.to_vec() });
    }
    StatusCode::from_u16(status).unwrap()
}
