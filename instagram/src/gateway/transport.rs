//! HTTP: one client, bounded bodies, and the line between "not sent" and "answer lost".

use std::fmt;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tenants::account::LoginFlavour;
use tenants::ports::Usage;

use super::call::{Body, Call};
use super::options::{GatewayError, GatewayOptions};
use super::{Answered, tls, usage};

/// A line that carries less is taken for a broken one, in bytes per second.
const SLOWEST_LINE: u64 = 64 << 10;

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

/// The bytes of a file from an offset to its end.
pub(super) struct FilePart {
    /// Where they go.
    pub(super) address: String,
    /// The first of them.
    pub(super) offset: u64,
    /// Size of the whole file in bytes.
    pub(super) total: u64,
    /// The bytes.
    pub(super) body: reqwest::Body,
}

/// Sends calls.
pub(super) struct Transport {
    client: Client,
    instagram: String,
    facebook: String,
    /// With version; for videos.
    upload: String,
    request_timeout: Duration,
    hosts: Hosts,
}

impl Transport {
    pub(super) fn new(options: &GatewayOptions) -> Result<Self, GatewayError> {
        let instagram = options.versioned(&options.instagram_base_url)?;
        let facebook = options.versioned(&options.facebook_base_url)?;
        let upload_host = options.unversioned(&options.upload_base_url)?;
        let upload = options.versioned(&format!("{upload_host}/ig-api-upload"))?;
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
        let request_timeout = options.request_timeout;
        Ok(Self { client, instagram, facebook, upload, request_timeout, hosts })
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

    /// Where the file of a container goes. `told` is where Instagram says; it is believed only when that is the host we
    /// know, because the token goes there, too.
    pub(super) fn upload_address(&self, container: &str, told: Option<&str>) -> String {
        let host = self.upload.rsplit_once("/ig-api-upload").map_or(self.upload.as_str(), |(host, _)| host);
        let is_known =
            |told: &&str| told.strip_prefix(host).is_some_and(|path| path.starts_with("/ig-api-upload/"));
        told.filter(is_known).map_or_else(|| format!("{}/{container}", self.upload), str::to_owned)
    }

    /// Sends a part of a file.
    pub(super) async fn send_file(&self, part: FilePart, token: &SecretString) -> Result<Answer, Fault> {
        let FilePart { address, offset, total, body } = part;
        let length = total - offset;
        let request = self
            .client
            .post(address)
            .header(AUTHORIZATION, authorization("OAuth", token)?)
            .header("offset", offset)
            .header("file_size", total)
            .header(CONTENT_LENGTH, length)
            .header(CONTENT_TYPE, "application/octet-stream")
            .timeout(self.request_timeout + Duration::from_secs(length / SLOWEST_LINE))
            .body(body);
        read_answer(request.send().await.map_err(to_fault)?).await
    }

    fn request(&self, call: &Call, token: &SecretString) -> Result<RequestBuilder, Fault> {
        let base = match call.flavour {
            LoginFlavour::Instagram => &self.instagram,
            LoginFlavour::Facebook => &self.facebook,
        };
        let mut request = self
            .client
            .request(call.method.clone(), format!("{base}/{}", call.path))
            .header(AUTHORIZATION, authorization("Bearer", token)?);
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

fn authorization(scheme: &str, token: &SecretString) -> Result<HeaderValue, Fault> {
    let text = format!("{scheme} {}", token.expose_secret());
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
