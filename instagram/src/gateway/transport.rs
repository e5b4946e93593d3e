//! HTTP: one client, bounded bodies, and the line between "not sent" and "answer lost".

use std::fmt;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tenants::account::LoginFlavour;
use tenants::ports::Usage;

use super::call::{Body, Call};
use super::options::{GatewayError, GatewayOptions};
use super::{Answered, tls, usage};

/// Longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// The request did not leave: nothing happened.
    NotSent(String),
    /// The token cannot be sent in a header: nothing happened.
    UnusableToken,
    /// The request left and the answer is missing or incomplete: anything may have happened.
    Lost(String),
}

/// An answer of whatever kind.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) usage: Usage,
    /// From the `Retry-After` header.
    pub(super) retry_after: Option<Duration>,
    /// The JSON; `None` when it is something else or too long.
    pub(super) body: Option<Value>,
}

impl Answer {
    /// The body of an answer that reports no error; codes in the body count more than the status.
    pub(super) fn into_body(self) -> Result<Answered, Box<Self>> {
        match self.body {
            Some(body) if self.status < 300 && body.is_object() && body.get("error").is_none() => {
                Ok(Answered { body, usage: self.usage })
            }
            body => Err(Box::new(Self { body, ..self })),
        }
    }
}

/// Where the logins are, each without a slash at the end.
#[derive(Debug)]
pub(super) struct Hosts {
    /// The consent page of Instagram Login.
    pub(super) instagram_login: String,
    /// Exchanges its codes.
    pub(super) instagram_token: String,
    /// Lengthens and refreshes its tokens; these paths have no version.
    pub(super) instagram_graph: String,
    /// The consent page of Facebook Login, with version.
    pub(super) facebook_login: String,
    /// Exchanges its codes, with version.
    pub(super) facebook_graph: String,
}

/// Sends calls.
pub(super) struct Transport {
    client: Client,
    instagram: String,
    facebook: String,
    hosts: Hosts,
}

impl Transport {
    pub(super) fn new(options: &GatewayOptions) -> Result<Self, GatewayError> {
        let instagram = options.versioned(&options.instagram_base_url)?;
        let facebook = options.versioned(&options.facebook_base_url)?;
        let hosts = Hosts {
            instagram_login: options.unversioned(&options.instagram_login_url)?,
            instagram_token: options.unversioned(&options.instagram_token_url)?,
            instagram_graph: options.unversioned(&options.instagram_base_url)?,
            facebook_login: options.versioned(&options.facebook_login_url)?,
            facebook_graph: facebook.clone(),
        };
        let client = Client::builder()
            .tls_backend_preconfigured(tls::client_config().map_err(GatewayError::Tls)?)
            .user_agent(concat!("troupe/", env!("CARGO_PKG_VERSION")))
            .http1_only()
            // A redirect or a silent second try could do an effect twice.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .timeout(options.request_timeout)
            .connect_timeout(options.connect_timeout)
            .pool_max_idle_per_host(options.pool_size)
            .build()
            .map_err(GatewayError::Client)?;
        Ok(Self { client, instagram, facebook, hosts })
    }

    pub(super) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Asks a login host. Secrets stand in query or form, as Meta wants it, and never in an error.
    pub(super) async fn open(
        &self,
        method: Method,
        url: &str,
        query: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Result<Answer, Fault> {
        let mut request = self.client.request(method, url);
        if !query.is_empty() {
            request = request.query(query);
        }
        if !form.is_empty() {
            request = request.form(form);
        }
        read_answer(request.send().await.map_err(to_fault)?).await
    }

    pub(super) async fn send(&self, call: &Call, token: &SecretString) -> Result<Answer, Fault> {
        let response = self.request(call, token)?.send().await.map_err(to_fault)?;
        read_answer(response).await
    }

    fn request(&self, call: &Call, token: &SecretString) -> Result<RequestBuilder, Fault> {
        let base = match call.flavour {
            LoginFlavour::Instagram => &self.instagram,
            LoginFlavour::Facebook => &self.facebook,
        };
        let mut request = self
            .client
            .request(call.method.clone(), format!("{base}/{}", call.path))
            .header(AUTHORIZATION, bearer(token)?);
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        Ok(match &call.body {
            Body::Empty => request,
            Body::Form(fields) => request.form(fields),
            Body::Json(body) => request.json(body),
        })
    }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, Fault> {
    let text = format!("Bearer {}", token.expose_secret());
    let mut header = HeaderValue::from_str(&text).map_err(|_| Fault::UnusableToken)?;
    header.set_sensitive(true);
    Ok(header)
}

fn to_fault(error: reqwest::Error) -> Fault {
    let not_sent = error.is_connect() || error.is_builder();
    let message = describe(error);
    if not_sent { Fault::NotSent(message) } else { Fault::Lost(message) }
}

/// The error with its causes, without the address: it says nothing new and keeps logs comparable.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    message
}

async fn read_answer(mut response: Response) -> Result<Answer, Fault> {
    let status = response.status().as_u16();
    let usage = usage::read(response.headers());
    let retry_after = retry_after(response.headers());
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Fault::Lost(describe(error)))? {
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Ok(Answer { status, usage, retry_after, body: None });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Answer { status, usage, retry_after, body: serde_json::from_slice(&bytes).ok() })
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("instagram", &self.instagram)
            .field("facebook", &self.facebook)
            .finish_non_exhaustive()
    }
}
