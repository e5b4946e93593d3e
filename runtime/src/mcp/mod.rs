//! Troupe's tools for language models and the programs that run them (Model Context Protocol).
//!
//! A tool is a route of the HTTP API with a name and words for a model (`catalogue`); its arguments are the parameters
//! and the body that the API's description tells (`schema`). A call becomes a request for that route with the caller's
//! own rights, so permissions, validation, limits and audit entries are the API's and stand nowhere a second time. Where
//! the request goes is said by a [`Door`]: in a node to its own routes (`http::mcp`), from a desk over the network
//! (`troupe mcp`).

mod call;
mod catalogue;
mod schema;
mod server;

use async_trait::async_trait;
use axum::http::request::Parts;
use serde_json::Value;

pub use catalogue::{Tool, Tools};
pub use server::Server;

/// A request for the API.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Path and query, from `/api/v1` on.
    pub address: String,
    /// The body.
    pub body: Option<Value>,
}

/// What the API answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; `null` when there is none.
    pub body: Value,
    /// When trying again makes sense, in seconds.
    pub retry_after: Option<u64>,
}

/// The way to the API.
#[async_trait]
pub trait Door: Send + Sync {
    /// Asks the API; `caller` is the HTTP request that brought the call, where one did.
    ///
    /// # Errors
    /// Says in words for people why there is no answer.
    async fn ask(&self, caller: Option<&Parts>, asked: Asked) -> Result<Answer, String>;
}
