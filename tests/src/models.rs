//! A model server in the place of a provider: it speaks OpenAI's protocol, and a test says what it answers.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use llm::testing::Gate;
use serde_json::{Value, json};
use tempfile::TempDir;
use tenants::tasks::Tasks;
use tokio::net::TcpListener;

/// What happens when a text is asked about.
#[derive(Debug, Clone)]
pub enum Says {
    /// It wants this, with that confidence.
    Intent(&'static str, f64),
    /// It speaks of danger.
    Crisis,
    /// This is the reply to it.
    Reply(String),
    /// This is the whole answer, whatever was asked for.
    Raw(String),
    /// It wants this tool called with these arguments; for questions that are asked as a stream.
    Tool(&'static str, Value),
    /// The server fails with this status.
    Status(u16),
    /// Nothing comes until the gate opens; then the next of these.
    Behind(Gate),
}

/// A running server. It ends with the test.
pub struct ModelServer {
    url: String,
    desk: Arc<Mutex<Desk>>,
    _folder: TempDir,
    _tasks: Tasks,
    file: std::path::PathBuf,
}

#[derive(Default)]
struct Desk {
    scripts: Vec<(String, VecDeque<Says>)>,
    asked: Vec<Value>,
}

impl ModelServer {
    /// Starts one that answers nothing yet: what has no script fails with 500.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let desk = Arc::new(Mutex::new(Desk::default()));
        let routes = Router::new().route("/v1/chat/completions", post(answer)).with_state(Arc::clone(&desk));
        let tasks = Tasks::default();
        tasks.spawn("model_server", async move { axum::serve(listener, routes).await });
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("models.toml");
        let server = Self { url, desk, _folder: folder, _tasks: tasks, file };
        std::fs::write(&server.file, server.catalogue("")).expect("the catalogue is written");
        server
    }

    /// When a customer's words hold this, these come one after the other; the last one stays. What was asked for
    /// (what a text wants, or a reply) decides which of them fits.
    pub fn on(&self, words: &str, says: impl IntoIterator<Item = Says>) {
        locked(&self.desk).scripts.push((words.to_owned(), says.into_iter().collect()));
    }

    /// The bodies that came, in their order.
    pub fn asked(&self) -> Vec<Value> {
        locked(&self.desk).asked.clone()
    }

    /// Settings that make a node use it.
    pub fn settings(&self) -> String {
        format!("[models]\nfile = '{}'\nreload_every_ms = 100\n", self.file.display())
    }

    /// Changes the catalogue of running nodes.
    pub fn reload(&self, more: &str) {
        std::fs::write(&self.file, self.catalogue(more)).expect("the catalogue is written");
    }

    fn catalogue(&self, more: &str) -> String {
        let mut text = String::new();
        for task in
            ["classify", "short_reply", "caption", "plan", "report", "client_comms", "crisis", "oversight"]
        {
            let _ = writeln!(
                text,
                "[tasks.{task}]\nmodels = ['here/small']\ntimeout_ms = 20000\ndeadline_ms = 40000\ntries = 1"
            );
        }
        format!(
            "{text}[providers.here]\nprotocol = 'openai'\nbase_url = '{}'\nneeds_key = false\nconcurrency = 8\n\
             [models.'here/small']\nprice = {{ input = 1000000, output = 2000000 }}\n{more}",
            self.url
        )
    }
}

fn locked(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(State(desk): State<Arc<Mutex<Desk>>>, Json(body): Json<Value>) -> Response {
    let document = document_of(&body);
    let words =
        document["customer_text"].as_str().or(document["question"].as_str()).unwrap_or_default().to_owned();
    let is_stream = body["stream"] == true;
    let wants_reply = document.get("facts").is_some();
    locked(&desk).asked.push(body);
    loop {
        let says = locked(&desk).next(&words, wants_reply);
        match says {
            Some(Says::Behind(gate)) => gate.pass().await,
            Some(Says::Status(status)) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                return (status, Json(json!({ "error": { "message": "as scripted" } }))).into_response();
            }
            Some(Says::Tool(name, arguments)) => return tool_call(name, &arguments),
            Some(says) if is_stream => return streamed(&content(says)),
            Some(says) => return completion(&content(says)),
            None => {
                let error = json!({ "error": { "message": "no script for this text" } });
                return (StatusCode::INTERNAL_SERVER_ERROR, Json(error)).into_response();
            }
        }
    }
}

/// The customer's document: the last message of the user.
fn document_of(body: &Value) -> Value {
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let user = messages.iter().rev().find(|message| message["role"] == "user");
    user.and_then(|message| serde_json::from_str(message["content"].as_str()?).ok()).unwrap_or(Value::Null)
}

impl Desk {
    fn next(&mut self, words: &str, wants_reply: bool) -> Option<Says> {
        let (_, says) = self.scripts.iter_mut().find(|(part, _)| words.contains(part.as_str()))?;
        let fits = |says: &Says| match says {
            Says::Intent(..) | Says::Crisis => !wants_reply,
            Says::Reply(_) => wants_reply,
            Says::Behind(_) => true,
            Says::Raw(_) | Says::Status(_) | Says::Tool(..) => true,
        };
        let index = says.iter().position(fits)?;
        let is_last = !says.iter().skip(index + 1).any(fits);
        let stays = is_last && !matches!(says[index], Says::Behind(_));
        if stays { says.get(index).cloned() } else { says.remove(index) }
    }
}

fn content(says: Says) -> String {
    let classification = |intent: &str, confidence: f64, crisis: bool| {
        json!({ "intent": intent, "confidence": confidence, "sentiment": "neutral", "language": "en", "crisis": crisis })
            .to_string()
    };
    match says {
        Says::Intent(intent, confidence) => classification(intent, confidence, false),
        Says::Crisis => classification("complaint", 0.9, true),
        Says::Reply(text) => json!({ "reply": text, "sure": true }).to_string(),
        Says::Raw(text) => text,
        Says::Status(_) | Says::Behind(_) | Says::Tool(..) => String::new(),
    }
}

/// 100 tokens in, 20 out: 140 micro-dollars.
fn completion(content: &str) -> Response {
    let choice = json!({ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": content } });
    Json(json!({
        "id": "1", "object": "chat.completion", "model": "small", "choices": [choice],
        "usage": { "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120 },
    }))
    .into_response()
}

/// The same as a stream, a few letters at a time.
fn streamed(content: &str) -> Response {
    let letters: Vec<char> = content.chars().collect();
    let deltas =
        letters.chunks(7).map(|some| json!({ "content": some.iter().collect::<String>() })).collect();
    events(deltas, "stop")
}

/// A call of a tool, its arguments in two pieces.
fn tool_call(name: &str, arguments: &Value) -> Response {
    let arguments = arguments.to_string();
    let (one, other) = arguments.split_at(arguments.len() / 2);
    let begun = json!({ "tool_calls": [{ "index": 0, "id": "call_1", "type": "function",
        "function": { "name": name, "arguments": one } }] });
    let rest = json!({ "tool_calls": [{ "index": 0, "function": { "arguments": other } }] });
    events(vec![begun, rest], "tool_calls")
}

fn events(deltas: Vec<Value>, reason: &str) -> Response {
    let chunk = |delta: Value, reason: Option<&str>| {
        json!({ "id": "1", "object": "chat.completion.chunk", "model": "small",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }] })
    };
    let usage = json!({ "id": "1", "object": "chat.completion.chunk", "model": "small", "choices": [],
        "usage": { "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120 } });
    let chunks = deltas.into_iter().map(|delta| chunk(delta, None));
    let all = chunks.chain([chunk(json!({}), Some(reason)), usage]).map(|it| format!("data: {it}\n\n"));
    let body: String = all.chain(["data: [DONE]\n\n".to_owned()]).collect();
    ([("content-type", "text/event-stream")], body).into_response()
}
