//! `troupe mcp`: the tools for language models over standard input and output, for clients that start a program. What
//! they do is done by a node, which is asked over its API.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use async_trait::async_trait;
use axum::http::request::Parts;
use clap::Args;
use reqwest::{Client, Method, Url};
use rmcp::ServiceExt;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::Finding;
use crate::mcp::{Answer, Asked, Door, Server, Tools};
use crate::outgoing;

/// Longest time for one request.
const TIMEOUT: Duration = Duration::from_secs(5 * 60 + 30);
/// Largest answer that is handed to a model.
const LARGEST_ANSWER: usize = 4 << 20;
/// Where the key is looked for.
const KEY: &str = "TROUPE_API_KEY";

/// Which node, and as whom.
#[derive(Debug, Args)]
pub(super) struct McpArgs {
    /// Where the node is.
    #[arg(long, env = "TROUPE_URL", default_value = "http://127.0.0.1:8080")]
    url: Url,
    /// File with the API key; without it the key is in the environment as TROUPE_API_KEY.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

pub(super) async fn run(args: McpArgs, environment: &[(String, String)]) -> anyhow::Result<Finding> {
    let node = Node::new(&args, environment)?;
    let me = Asked { method: "GET", address: "/api/v1/me".to_owned(), body: None };
    match node.ask(None, me).await {
        Ok(Answer { status: 200, .. }) => {}
        Ok(Answer { status: 401, .. }) => {
            bail!("the node at {} does not know the key: create one (`troupe key create`)", args.url)
        }
        Ok(answer) => bail!("the node at {} answers {}: is it Troupe?", args.url, answer.status),
        Err(problem) => bail!("the node at {} does not answer: {problem}", args.url),
    }
    let tools = Arc::new(Tools::of(&crate::http::description()));
    let running = Server::new(tools, Arc::new(node)).serve(rmcp::transport::stdio()).await?;
    running.waiting().await?;
    Ok(Finding::Fine)
}

/// A node somewhere.
struct Node {
    client: Client,
    base: String,
    key: SecretString,
}

impl Node {
    fn new(args: &McpArgs, environment: &[(String, String)]) -> anyhow::Result<Self> {
        let set = || environment.iter().find(|(name, _)| name == KEY).map(|(_, key)| key.clone());
        let key = match &args.key_file {
            Some(file) => {
                std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
            }
            None => set().unwrap_or_default(),
        };
        let key = key.trim().to_owned();
        ensure!(!key.is_empty(), "there is no API key: set {KEY}, or name a file with --key-file");
        let client = Client::builder()
            .tls_backend_preconfigured(outgoing::tls()?)
            .user_agent(outgoing::USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self { client, base: args.url.as_str().trim_end_matches('/').to_owned(), key: key.into() })
    }
}

#[async_trait]
impl Door for Node {
    async fn ask(&self, _caller: Option<&Parts>, asked: Asked) -> Result<Answer, String> {
        let method = if asked.method == "GET" { Method::GET } else { Method::POST };
        let mut request = self.client.request(method, format!("{}{}", self.base, asked.address));
        request = request.header("x-api-key", self.key.expose_secret()).header("accept", "application/json");
        if let Some(body) = asked.body {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(outgoing::describe)?;
        let status = answer.status().as_u16();
        let retry_after =
            answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let body = outgoing::read(answer, LARGEST_ANSWER).await?;
        // What is no JSON comes from something between us and the node.
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Answer { status, body, retry_after })
    }
}
