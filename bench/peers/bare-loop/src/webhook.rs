//! Webhooks in: verified, read, stored, answered.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::Sha256;
use tokio::sync::mpsc::UnboundedSender;

use crate::store::{Comment, Store};

/// An event that is stored and waits to be worked on.
pub type Event = (i64, Arc<Comment>);

/// What receiving needs.
#[derive(Clone)]
pub struct Door {
    pub secret: Arc<[u8]>,
    pub store: Store,
    pub events: UnboundedSender<Event>,
}

#[derive(Deserialize)]
struct Delivery<'a> {
    #[serde(borrow, default)]
    entry: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    id: String,
    #[serde(borrow, default)]
    changes: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Change {
    value: Value,
}

#[derive(Deserialize)]
struct Value {
    id: String,
    #[serde(default)]
    text: String,
}

pub async fn receive(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if !is_signed(&door.secret, &headers, &body) {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(comments) = read(&body) else { return StatusCode::BAD_REQUEST };
    for comment in comments {
        let comment = Arc::new(comment);
        match door.store.accept(comment.clone()).await {
            Ok(Some(event)) => drop(door.events.send((event, comment))),
            Ok(None) => {}
            Err(_) => return StatusCode::SERVICE_UNAVAILABLE,
        }
    }
    StatusCode::OK
}

fn is_signed(secret: &[u8], headers: &HeaderMap, body: &[u8]) -> bool {
    let claimed =
        headers.get("x-hub-signature-256").and_then(|value| value.as_bytes().strip_prefix(b"sha256="));
    let Some(claimed) = claimed.and_then(|digits| hex::decode(digits).ok()) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
    mac.update(body);
    mac.verify_slice(&claimed).is_ok()
}

fn read(body: &[u8]) -> serde_json::Result<Vec<Comment>> {
    let delivery: Delivery<'_> = serde_json::from_slice(body)?;
    let mut comments = Vec::with_capacity(1);
    for entry in delivery.entry {
        for raw in entry.changes {
            let Change { value } = serde_json::from_str(raw.get())?;
            let account = entry.id.clone();
            comments.push(Comment { account, id: value.id, text: value.text, payload: raw.get().into() });
        }
    }
    Ok(comments)
}
