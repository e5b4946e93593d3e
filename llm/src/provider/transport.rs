//! HTTP: requests out, bounded answers in, statuses as named errors.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response};
use rustls::{ClientConfig, RootCertStore};
use tenants::clock::Clock;

use super::sse::Lines;
use super::{CallError, json, most_written};

/// Longest answer with vectors that is read, in bytes.
pub(super) const MAX_VECTORS: usize = 16 << 20;
/// What stands around the words of an answer, in bytes.
const ENVELOPE: usize = 256 << 10;
/// What stands around each token of a stream, in bytes.
const EVENT: usize = 1 << 10;
/// Longest error that is read, in bytes.
const MAX_ERROR: usize = 64 << 10;

/// Why no HTTP client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The cryptography does not work.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The client.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// A client for all providers. It never follows redirects (a key must not travel), never tries again by itself
/// (every call is counted), and has no limit of time for a whole answer: that is the router's.
pub(super) fn client(connect_timeout: Duration) -> Result<Client, ClientError> {
    Client::builder()
        .tls_backend_preconfigured(tls().map_err(ClientError::Tls)?)
        .user_agent(concat!("troupe/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(connect_timeout)
        .build()
        .map_err(ClientError::Client)
}

/// Mozilla's roots and those of the machine: works in a bare container and behind a company's own authority.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Sends a request; an answer that is not a success is an error.
pub(super) async fn send(request: RequestBuilder, clock: &dyn Clock) -> Result<Response, CallError> {
    let response = request.send().await.map_err(not_sent)?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers(), clock);
    let body = read(response, MAX_ERROR).await.unwrap_or_default();
    Err(refusal(status, retry_after, json::error_message(&body)))
}

/// Sends a request and reads the whole answer, which has at most so many bytes.
pub(super) async fn exchange(
    request: RequestBuilder,
    clock: &dyn Clock,
    most: usize,
) -> Result<Vec<u8>, CallError> {
    read(send(request, clock).await?, most).await
}

/// The whole of an answer, which has at most so many bytes.
pub(super) async fn whole(response: Response, most: usize) -> Result<Vec<u8>, CallError> {
    read(response, most).await
}

/// Most bytes of an answer of so many tokens. Twice what its text may have: quotes and other alphabets are escaped.
pub(super) fn longest_answer(max_tokens: u32) -> usize {
    2 * most_written(max_tokens) + ENVELOPE
}

/// Most bytes of a stream of so many tokens, each of which may come in an event of its own.
fn longest_stream(max_tokens: u32) -> usize {
    2 * most_written(max_tokens) + EVENT * max_tokens as usize + ENVELOPE
}

/// Whether a server that was asked for a stream gives the whole answer at once, as some do.
pub(super) fn is_whole(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}

/// The lines of an answer as they come.
pub(super) struct LineStream {
    response: Option<Response>,
    lines: Lines,
    read: usize,
    most: usize,
}

impl LineStream {
    /// Of an answer of at most so many tokens.
    pub fn of(response: Response, max_tokens: u32) -> Self {
        let most = longest_stream(max_tokens);
        Self { response: Some(response), lines: Lines::default(), read: 0, most }
    }

    /// The next line; `None` when the answer is over. Dropping this future loses nothing.
    pub async fn next(&mut self) -> Result<Option<String>, CallError> {
        loop {
            if let Some(line) = self.lines.next() {
                return Ok(Some(line));
            }
            let Some(response) = &mut self.response else { return Ok(self.lines.rest()) };
            match response.chunk().await.map_err(broken_off)? {
                None => self.response = None,
                Some(bytes) => {
                    self.read += bytes.len();
                    if self.read > self.most {
                        return Err(CallError::Malformed("an answer without end".into()));
                    }
                    self.lines.push(&bytes)?;
                }
            }
        }
    }
}

async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken_off)? {
        if bytes.len() + chunk.len() > most {
            return Err(CallError::Malformed(format!("an answer of more than {most} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The named error of a status. Also for errors that come inside a stream, whose words stand for a status.
pub(super) fn refusal(status: u16, retry_after: Option<Duration>, message: String) -> CallError {
    match status {
        429 => CallError::RateLimited { retry_after },
        503 | 529 => CallError::Overloaded { retry_after },
        401 | 403 => CallError::KeyRejected(message),
        400 if is_litellms_key_problem(&message) => CallError::KeyRejected(message),
        // LiteLLM's word for it.
        400 if message.contains("Invalid model name passed") => CallError::UnknownModel(message),
        404 => CallError::UnknownModel(message),
        // What a server does not offer it will not offer in a moment either.
        501 => CallError::BadRequest { status, message },
        408 | 500.. => CallError::Server { status, message },
        _ => CallError::BadRequest { status, message },
    }
}

/// LiteLLM answers a wrong key with 400; without a database it looks for the key there all the same.
fn is_litellms_key_problem(message: &str) -> bool {
    message.starts_with("Authentication Error") || message == "No connected db."
}

/// `retry-after-ms`, else `Retry-After` as seconds or as a date.
fn retry_after(headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    if let Some(millis) = number(headers, "retry-after-ms") {
        return Some(Duration::from_micros((millis * 1_000.0) as u64));
    }
    if let Some(seconds) = number(headers, RETRY_AFTER.as_str()) {
        return Some(Duration::from_micros((seconds * 1_000_000.0) as u64));
    }
    let date = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let moment = chrono::DateTime::parse_from_rfc2822(date.trim()).ok()?;
    Some(tenants::clock::Timestamp::from(moment.to_utc()).since(clock.now()))
}

fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    let number: f64 = headers.get(name)?.to_str().ok()?.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

fn not_sent(error: reqwest::Error) -> CallError {
    if error.is_connect() || error.is_builder() {
        CallError::Unreachable(describe(error))
    } else if error.is_timeout() {
        CallError::TimedOut
    } else {
        // The request left: the model may have worked on it.
        CallError::Truncated(describe(error))
    }
}

fn broken_off(error: reqwest::Error) -> CallError {
    CallError::Truncated(describe(error))
}

/// The error with its causes, without the address, which may hold a key.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    json::excerpt(&message)
}

#[cfg(test)]
mod tests {
    use tenants::clock::ManualClock;

    use super::*;

    fn told(name: &'static str, value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        // 2025-11-21T01:53:20Z.
        retry_after(&headers, &ManualClock::at(1_763_690_000_000_000))
    }

    #[test]
    fn how_long_to_wait_is_read_in_all_its_forms() {
        let cases = [
            ("retry-after", "7", Some(7_000)),
            ("retry-after", "0.25", Some(250)),
            ("retry-after-ms", "1500", Some(1_500)),
            ("retry-after", "Fri, 21 Nov 2025 01:53:50 GMT", Some(30_000)),
            ("retry-after", "Fri, 21 Nov 2025 01:53:00 GMT", Some(0)),
            ("retry-after", "soon", None),
            ("retry-after", "-3", None),
            ("retry-after", "inf", None),
        ];
        for (name, value, millis) in cases {
            assert_eq!(told(name, value), millis.map(Duration::from_millis), "{name}: {value}");
        }
    }

    #[test]
    fn each_status_has_its_name() {
        let word = |status| refusal(status, None, String::new()).word();
        let words: Vec<_> = [429, 503, 529, 500, 502, 408, 401, 403, 404, 400, 422, 501].map(word).into();
        assert_eq!(
            words,
            [
                "rate_limited",
                "overloaded",
                "overloaded",
                "server_error",
                "server_error",
                "server_error",
                "key_rejected",
                "key_rejected",
                "unknown_model",
                "bad_request",
                "bad_request",
                "bad_request"
            ]
        );
    }
}
