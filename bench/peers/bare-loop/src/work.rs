//! Events off: model, decision, Graph call, outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::store::{Gone, Store};
use crate::webhook::Event;

/// What working needs.
pub struct Worker {
    pub http: reqwest::Client,
    pub graph_url: String,
    pub model_url: Option<String>,
    pub store: Store,
    pub finished: Arc<AtomicU64>,
}

/// Why an event was not finished; it stays in the database as it is.
#[derive(Debug)]
#[expect(dead_code, reason = "the fields are for the line on standard error")]
enum Failure {
    Http(reqwest::Error),
    Store(Gone),
    Answer(Value),
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

impl From<Gone> for Failure {
    fn from(gone: Gone) -> Self {
        Self::Store(gone)
    }
}

/// Starts this many tasks that take events off the queue.
pub fn start(worker: Worker, waiting: UnboundedReceiver<Event>, count: usize) {
    let (worker, waiting) = (Arc::new(worker), Arc::new(Mutex::new(waiting)));
    for _ in 0..count {
        let (worker, waiting) = (worker.clone(), waiting.clone());
        tokio::spawn(async move {
            while let Some(event) = next(&waiting).await {
                if let Err(failure) = worker.handle(event).await {
                    eprintln!("an event was not finished: {failure:?}");
                }
            }
        });
    }
}

async fn next(waiting: &Mutex<UnboundedReceiver<Event>>) -> Option<Event> {
    waiting.lock().await.recv().await
}

impl Worker {
    async fn handle(&self, (event, comment): Event) -> Result<(), Failure> {
        let intent = self.classify(&comment.text).await?;
        let text = format!("Thank you! ({intent})");
        self.store.decide(event, text.clone()).await?;
        let url = format!("{}/v25.0/{}/replies", self.graph_url, comment.id);
        let answer = self.post(&url, &json!({ "message": text })).await?;
        let Some(reply) = answer["id"].as_str() else { return Err(Failure::Answer(answer)) };
        self.store.settle(event, reply.to_owned()).await?;
        self.finished.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn classify(&self, text: &str) -> Result<String, Failure> {
        let Some(model_url) = &self.model_url else { return Ok("praise".to_owned()) };
        let question = json!({ "model": "small", "messages": [
            { "role": "system", "content": "Name the intent of this Instagram comment in one word." },
            { "role": "user", "content": text },
        ] });
        let answer = self.post(&format!("{model_url}/v1/chat/completions"), &question).await?;
        let intent = answer["choices"][0]["message"]["content"].as_str().map(str::to_owned);
        intent.ok_or(Failure::Answer(answer))
    }

    async fn post(&self, url: &str, body: &Value) -> Result<Value, Failure> {
        Ok(self.http.post(url).json(body).send().await?.error_for_status()?.json().await?)
    }
}
