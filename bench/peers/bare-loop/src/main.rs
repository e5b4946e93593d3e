//! The least Rust program that does the main job durably: verify and read a webhook, store it with one fsync for all
//! that wait, answer; then ask the model, store what shall be said, call the Graph API, store that it was said.
//!
//! It has no tenants, rules, limits, retries or recovery: it shows what this machine can do at most.
//!
//! Environment: LISTEN, DATABASE (a file), APP_SECRET, GRAPH_URL, MODEL_URL (empty: no model is asked).
//! `GET /finished` answers with the number of events whose last row is stored.

mod store;
mod webhook;
mod work;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::routing::{get, post};

/// Events worked on at the same time.
const IN_FLIGHT: usize = 128;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (store, writer) = store::open(variable("DATABASE")?)?;
    let (events, waiting) = tokio::sync::mpsc::unbounded_channel();
    let finished = Arc::new(AtomicU64::new(0));
    let worker = work::Worker {
        http: reqwest::Client::builder().pool_max_idle_per_host(2 * IN_FLIGHT).build()?,
        graph_url: variable("GRAPH_URL")?,
        model_url: std::env::var("MODEL_URL").ok().filter(|url| !url.is_empty()),
        store: store.clone(),
        finished: finished.clone(),
    };
    work::start(worker, waiting, IN_FLIGHT);

    let secret = variable("APP_SECRET")?.into_bytes().into();
    let router = Router::new()
        .route("/webhooks/instagram", post(webhook::receive))
        .with_state(webhook::Door { secret, store, events })
        .route("/finished", get(move || async move { finished.load(Ordering::Relaxed).to_string() }));
    let listener = tokio::net::TcpListener::bind(variable("LISTEN")?).await?;
    axum::serve(listener, router).await?;
    writer.join().map_err(|_| "the writer panicked")??;
    Ok(())
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name}"))
}
