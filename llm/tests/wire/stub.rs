//! A stub of a provider that remembers what it was asked, and a router in front of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt};
use prometheus::Registry;
use secrecy::SecretString;
use serde_json::Value;
use tenants::clock::{Clock, SystemClock};
use tenants::ids::{Ids, TenantId};
use tenants::models::{BudgetLine, BudgetScope, LlmCall, Task};
use tenants::money::MicroUsd;
use tenants::tasks::Tasks;
use troupe_llm::budget::NoWatch;
use troupe_llm::provider::HttpProviders;
use troupe_llm::testing::MemoryLedger;
use troupe_llm::{Catalogue, Input, LlmError, LlmMetrics, Payer, Piece, Reply, Request, Router, RouterParts};

/// A call that came.
#[derive(Debug, Clone)]
pub struct Call {
    /// Method and path.
    pub line: String,
    pub headers: HeaderMap,
    pub body: Value,
}

#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
    /// The connection breaks after the body.
    is_cut: bool,
}

pub fn ok(body: impl Into<String>) -> Answer {
    Answer { status: 200, headers: Vec::new(), body: body.into(), is_cut: false }
}

pub fn refused(status: u16, body: impl Into<String>) -> Answer {
    Answer { status, ..ok(body) }
}

impl Answer {
    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn cut(self) -> Self {
        Self { is_cut: true, ..self }
    }
}

#[derive(Default)]
struct Inner {
    calls: Vec<Call>,
    answers: Vec<Answer>,
}

/// Answers in order; the last answer stays.
#[derive(Clone, Default)]
pub struct Stub {
    inner: Arc<Mutex<Inner>>,
}

pub struct Wire {
    pub stub: Stub,
    pub router: Router,
    pub ledger: Arc<MemoryLedger>,
    pub address: String,
    tenant: TenantId,
}

impl Wire {
    /// A router whose only model is `p/m` of this protocol, with the key `sk-test`.
    pub async fn start(protocol: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(protocol, "", answers).await
    }

    /// With more keys for the model's entry.
    pub async fn with(protocol: &str, more: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::priced(protocol, &format!("price = {PRICE}\n{more}"), answers).await
    }

    /// With an entry for the model, price and all.
    pub async fn priced(protocol: &str, entry: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        let stub = Stub::default();
        stub.inner.lock().unwrap().answers.extend(answers);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(answer).with_state(stub.clone());
        Tasks::default().spawn("stub", async move { axum::serve(listener, app).await });

        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = Ids::seeded(Arc::clone(&clock), 3);
        let ledger = Arc::new(MemoryLedger::default());
        let parts = RouterParts {
            ledger: ledger.clone(),
            watch: Arc::new(NoWatch),
            clock: Arc::clone(&clock),
            ids: ids.clone(),
            tasks: Tasks::default(),
            metrics: LlmMetrics::register(&Registry::new()).unwrap(),
        };
        let keys = HashMap::from([("p".to_owned(), SecretString::from("sk-test"))]);
        let providers = HttpProviders::new(keys, Duration::from_secs(5), clock).unwrap();
        let router = Router::new(parts, catalogue(protocol, &address, entry), &providers).unwrap();
        Self { stub, router, ledger, address, tenant: TenantId::new(&ids) }
    }

    pub fn payer(&self) -> Payer {
        let line = BudgetLine {
            scope: BudgetScope::Tenant(self.tenant),
            day: "2026-03-02".to_owned(),
            limit: MicroUsd(1_000_000_000),
            resets_at: SystemClock.now() + Duration::from_secs(3_600),
        };
        Payer::new(self.tenant, vec![line]).unwrap()
    }

    pub async fn ask(&self, input: Input) -> Result<Reply, LlmError> {
        self.router.complete(Request::new(self.payer(), Task::Oversight, input)).await
    }

    /// The pieces of text, and the whole.
    pub async fn stream(&self, input: Input) -> Result<(Vec<String>, Reply), LlmError> {
        let mut stream = self.router.stream(Request::new(self.payer(), Task::Oversight, input)).await?;
        let mut texts = Vec::new();
        loop {
            match stream.next().await.expect("an end")? {
                Piece::Text(text) => texts.push(text),
                Piece::Done(reply) => return Ok((texts, *reply)),
            }
        }
    }

    pub fn calls(&self) -> Vec<Call> {
        self.stub.inner.lock().unwrap().calls.clone()
    }

    /// The body of the only call.
    pub fn body(&self) -> Value {
        let calls = self.calls();
        assert_eq!(calls.len(), 1);
        calls[0].body.clone()
    }

    /// The stored calls, once the money is settled.
    pub async fn bill(&self) -> Vec<LlmCall> {
        self.ledger.all_settled().await;
        self.ledger.calls()
    }
}

/// 1 micro-dollar per token in, a half for cached ones, 2 out.
const PRICE: &str = "{ input = 1000000, cached = 500000, output = 2000000 }";

/// Each model is tried once.
fn catalogue(protocol: &str, address: &str, model: &str) -> Catalogue {
    let entry = "models = ['p/m']\ntimeout_ms = 10000\ndeadline_ms = 20000\ntries = 1\n";
    let task = |task: &Task| format!("[tasks.{task}]\n{entry}temperature = 0.3\n");
    let tasks: String = Task::ALL.iter().map(task).collect();
    let text = format!(
        "[calling]\nfirst_pause_ms = 1\nlongest_pause_ms = 5000\nreserve_quantile = 0.9\n\
         reservation_grace_ms = 60000\ncache_entries = 10\n\
         [breaker]\n\
         [providers.p]\nprotocol = '{protocol}'\nbase_url = '{address}'\nconcurrency = 4\n\
         [models.'p/m']\n{model}\n\
         [embedding]\n{entry}{tasks}"
    );
    Catalogue::alone(&text).unwrap()
}

async fn answer(
    State(stub): State<Stub>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut inner = stub.inner.lock().unwrap();
    let body = serde_json::from_slice(&body).expect("a JSON body");
    inner.calls.push(Call { line: format!("{method} {}", uri.path()), headers, body });
    let answer = match inner.answers.len() {
        0 => refused(418, "no answer is prepared"),
        1 => inner.answers[0].clone(),
        _ => inner.answers.remove(0),
    };
    let status = StatusCode::from_u16(answer.status).unwrap();
    let body = if answer.is_cut { cut_off(answer.body) } else { Body::from(answer.body) };
    let mut response = (status, body).into_response();
    for (name, value) in answer.headers {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// A body that is sent and then breaks, as when a server dies.
fn cut_off(text: String) -> Body {
    let break_off = async {
        // What was sent so far is flushed meanwhile.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("the server died"))
    };
    Body::from_stream(stream::iter([Ok(text)]).chain(stream::once(break_off)))
}
