//! Reading a Graph API call: path, version, parameters from anywhere, and the token.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, Method, header},
};
use serde_json::Value;

use super::{errors::GraphError, multipart};
use crate::control::requests::Login;

/// Larger bodies are refused; the Graph API takes attachments by URL.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// A call as the client meant it. Not `Debug`: it holds a token.
pub(crate) struct GraphRequest {
    pub(crate) method: Method,
    /// `vNN.N`, if the path began with one.
    pub(crate) version: Option<String>,
    /// Path segments after the version.
    pub(crate) path: Vec<String>,
    /// The path as it came, for the log and for `paging.next`.
    pub(crate) raw_path: String,
    pub(crate) params: Params,
    pub(crate) token: Option<String>,
    /// `http://host` as the client addressed it.
    pub(crate) base: String,
    /// Which of Meta's hosts the client believes to talk to, if it kept the `Host` header.
    pub(crate) host: Option<Login>,
}

impl GraphRequest {
    pub(crate) async fn read(request: Request) -> Result<Self, GraphError> {
        let (parts, body) = request.into_parts();
        let raw_path = parts.uri.path().to_owned();
        let (version, path) = split(&raw_path);
        let mut params = Params::default();
        params.add_form(parts.uri.query().unwrap_or_default().as_bytes());
        params.add_body(&parts.headers, body).await?;
        let method = overridden_method(&parts.method, &params);
        let host_name =
            parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        Ok(Self {
            method,
            version,
            path,
            raw_path,
            token: params.take_text("access_token").or_else(|| header_token(&parts.headers)),
            params,
            base: format!("http://{host_name}"),
            host: host_login(host_name),
        })
    }

    /// One call of a batch; what it does not say, the batch says.
    pub(crate) fn part_of_batch(batch: &Self, method: &str, address: &str, body: &str) -> Self {
        let (raw_path, query) = address.split_once('?').unwrap_or((address, ""));
        let (version, path) = split(raw_path);
        let mut params = Params::default();
        params.add_form(query.as_bytes());
        params.add_form(body.as_bytes());
        Self {
            method: Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET),
            version: version.or_else(|| batch.version.clone()),
            path,
            raw_path: format!("/{}", raw_path.trim_start_matches('/')),
            token: params.take_text("access_token").or_else(|| batch.token.clone()),
            params,
            base: batch.base.clone(),
            host: batch.host,
        }
    }
}

/// The version a path begins with, and the segments after it.
fn split(path: &str) -> (Option<String>, Vec<String>) {
    let mut segments: Vec<String> =
        path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
    let has_version = segments.first().is_some_and(|segment| is_version(segment));
    let version = has_version.then(|| segments.remove(0));
    (version, segments)
}

fn host_login(host: &str) -> Option<Login> {
    match host.split(':').next() {
        Some("graph.instagram.com" | "api.instagram.com") => Some(Login::Instagram),
        Some("graph.facebook.com") => Some(Login::Facebook),
        _ => None,
    }
}

fn overridden_method(method: &Method, params: &Params) -> Method {
    match params.text("method").as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("get") => Method::GET,
        Some("post") => Method::POST,
        Some("delete") => Method::DELETE,
        _ => method.clone(),
    }
}

fn header_token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
    known.then(|| token.trim().to_owned())
}

pub(crate) fn is_version(segment: &str) -> bool {
    let Some((major, minor)) = segment.strip_prefix('v').and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(major) && digits(minor)
}

/// Parameters from the query, a form, multipart or a JSON body.
#[derive(Debug, Default)]
pub(crate) struct Params {
    values: BTreeMap<String, Value>,
}

impl Params {
    fn add_form(&mut self, bytes: &[u8]) {
        for (name, value) in form_urlencoded::parse(bytes) {
            self.values.insert(name.into_owned(), Value::String(value.into_owned()));
        }
    }

    async fn add_body(&mut self, headers: &HeaderMap, body: Body) -> Result<(), GraphError> {
        let bytes = axum::body::to_bytes(body, MAX_BODY)
            .await
            .map_err(|_| GraphError::invalid_parameter("The request body is too large or was cut off."))?;
        if bytes.is_empty() {
            return Ok(());
        }
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if let Some(boundary) = multipart::boundary(kind) {
            for (name, value) in multipart::fields(&bytes, &boundary) {
                self.values.insert(name, Value::String(value));
            }
        } else if kind.starts_with("application/json") || bytes.starts_with(b"{") {
            match serde_json::from_slice(&bytes) {
                Ok(Value::Object(members)) => self.values.extend(members),
                _ => return Err(GraphError::invalid_parameter("The request body is no JSON object.")),
            }
        } else {
            self.add_form(&bytes);
        }
        Ok(())
    }

    /// The parameter as text; numbers and flags are written out.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    pub(crate) fn required(&self, name: &str) -> Result<String, GraphError> {
        self.text(name).filter(|text| !text.is_empty()).ok_or_else(|| GraphError::missing_parameter(name))
    }

    /// The parameter as JSON, which forms and queries carry as text.
    pub(crate) fn structure(&self, name: &str) -> Result<Option<Value>, GraphError> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| GraphError::invalid_parameter(format!("Param {name} must be a JSON object."))),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, GraphError> {
        match self.text(name).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(GraphError::invalid_parameter(format!("Param {name} must be a boolean."))),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, GraphError> {
        let number = self.text(name).map(|text| text.parse());
        number
            .transpose()
            .map_err(|_| GraphError::invalid_parameter(format!("Param {name} must be an unsigned integer.")))
    }

    /// A list of words: JSON array or comma-separated.
    pub(crate) fn words(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_else(|_| {
            text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        })
    }

    /// Name and text of every parameter, for `paging.next`.
    pub(crate) fn iter_text(&self) -> impl Iterator<Item = (&str, String)> {
        self.values.keys().filter_map(|name| self.text(name).map(|text| (name.as_str(), text)))
    }

    fn take_text(&mut self, name: &str) -> Option<String> {
        match self.values.remove(name)? {
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_ids() {
        assert!(is_version("v25.0") && is_version("v9.10"));
        assert!(!is_version("v25") && !is_version("25.0") && !is_version("v.0") && !is_version("17841"));
    }

    #[test]
    fn lists_are_read_as_json_or_by_commas() {
        let mut params = Params::default();
        params.add_form(b"a=x,%20y&b=%5B%22x%22%2C%22y%22%5D");
        assert_eq!(params.words("a"), ["x", "y"]);
        assert_eq!(params.words("b"), ["x", "y"]);
        assert!(params.words("c").is_empty());
    }
}
