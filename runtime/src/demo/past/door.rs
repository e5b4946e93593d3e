//! The API of the demo's node, through its own address and with its own key.

use anyhow::ensure;
use serde_json::Value;

use super::super::stage::Stage;

/// See the module.
pub(super) struct Door {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Door {
    pub(super) fn new(stage: &Stage) -> anyhow::Result<Self> {
        let base = format!("{}/api/v1", stage.node.base_url());
        Ok(Self { http: reqwest::Client::builder().no_proxy().build()?, base, key: stage.key.clone() })
    }

    /// Whether a list has nothing in it.
    pub(super) async fn is_empty(&self, path: &str) -> anyhow::Result<bool> {
        let list = self.send(self.http.get(self.url(path))).await?;
        Ok(list["items"].as_array().is_none_or(Vec::is_empty))
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(self.http.post(self.url(path)).json(body)).await
    }

    /// Adds a file to a media library; its id.
    pub(super) async fn upload(
        &self,
        path: &str,
        query: &[(&str, &str)],
        file: Vec<u8>,
    ) -> anyhow::Result<String> {
        let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let media = self.send(self.http.post(self.url(&format!("{path}?{query}"))).body(file)).await?;
        Ok(media["id"].as_str().unwrap_or_default().to_owned())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let answer = request.header("x-api-key", &self.key).send().await?;
        let (status, address) = (answer.status(), answer.url().path().to_owned());
        let text = answer.text().await?;
        ensure!(status.is_success(), "{address}: {status} {text}");
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }
}
