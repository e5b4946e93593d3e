//! Webhooks: Slack's form for people, Standard Webhooks for programs.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use rustls::ClientConfig;
use serde_json::json;
use sha2::Sha256;
use tenants::clock::{Clock, Timestamp};
use tenants::ids::Ids;
use tenants::ports::{CourierError, Letter};
use tenants::webhook::{Answer, EventMessage, KEPT_ANSWER};
use uuid::Uuid;

use super::Secrets;
use super::addresses::{AddressError, Addresses};
use crate::outgoing::{self, describe};

/// Before the key that signs, as Standard Webhooks writes it.
const KEY_PREFIX: &str = "whsec_";
/// Longest text for people, in characters; Slack cuts at 40,000.
const LONGEST_TEXT: usize = 12_000;

/// Posts to webhooks.
pub(super) struct Web {
    addresses: Addresses,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    tls: ClientConfig,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Web {
    pub(super) fn new(
        addresses: Addresses,
        clock: Arc<dyn Clock>,
        timeout: Duration,
    ) -> anyhow::Result<Self> {
        let tls = outgoing::tls().context("no connection to a webhook can be made")?;
        Ok(Self { addresses, clock, timeout, tls })
    }

    /// `{"text": …}`.
    pub(super) async fn post_text(&self, secrets: &Secrets, letter: &Letter) -> Result<(), CourierError> {
        let body = json!({ "text": slack_text(letter) }).to_string();
        let mut headers = HeaderMap::new();
        set(&mut headers, "x-troupe-message-id", &message_id(letter.id))?;
        self.post(&secrets.url, headers, body).await
    }

    /// An event with the signature of Standard Webhooks.
    pub(super) async fn post_signed(&self, secrets: &Secrets, letter: &Letter) -> Result<(), CourierError> {
        let event = json!({
            "type": letter.kind.event_type(), "timestamp": letter.at, "data": letter.data,
        });
        let body = event.to_string();
        let key = secrets.signing_key.as_deref();
        let headers = self.signed(&message_id(letter.id), &body, key)?;
        self.post(&secrets.url, headers, body).await
    }

    /// An event of an agency's log, signed with every key, and what the receiver said.
    pub(super) async fn post_event(&self, url: &str, keys: &[&str], message: &EventMessage) -> Answer {
        let headers = self.signed(&message.id, &message.body, keys.iter().copied());
        let answer = match headers {
            Ok(headers) => self.exchange(url, headers, message.body.clone()).await,
            Err(error) => Err(error),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Answer::unsent(error.to_string()),
        };
        let status = answer.status();
        let error = match status.as_u16() {
            200..300 => None,
            300..400 => Some(format!("it answered {status}: redirects are not followed")),
            _ => Some(format!("it answered {status}")),
        };
        let rest =
            answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Answer {
            status: Some(status.as_u16()),
            error,
            response: beginning(answer).await,
            retry_after: rest.map(Duration::from_secs),
        }
    }

    /// The headers of Standard Webhooks: one signature for each key.
    fn signed<'k>(
        &self,
        id: &str,
        body: &str,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Result<HeaderMap, CourierError> {
        let no_key = || CourierError::Never("its signing key is missing: make it anew".to_owned());
        let now = self.clock.now();
        let signatures: Option<Vec<String>> =
            keys.into_iter().map(|key| signature(key, id, now, body)).collect();
        let signatures = signatures.filter(|signatures| !signatures.is_empty()).ok_or_else(no_key)?;
        let mut headers = HeaderMap::new();
        set(&mut headers, "webhook-id", id)?;
        set(&mut headers, "webhook-timestamp", &seconds(now).to_string())?;
        set(&mut headers, "webhook-signature", &signatures.join(" "))?;
        Ok(headers)
    }

    async fn post(&self, url: &str, headers: HeaderMap, body: String) -> Result<(), CourierError> {
        let status = self.exchange(url, headers, body).await?.status();
        match status.as_u16() {
            200..300 => Ok(()),
            300..400 => Err(CourierError::Never(format!(
                "it answered {status}: redirects are not followed, store the address it leads to"
            ))),
            404 | 410 => Err(CourierError::Never(format!("it answered {status}: the webhook is gone"))),
            _ => Err(CourierError::Later(format!("it answered {status}"))),
        }
    }

    /// Posts to where an address leads now, if it may, and follows nothing.
    async fn exchange(&self, url: &str, headers: HeaderMap, body: String) -> Result<Response, CourierError> {
        let url = self.addresses.read(url).map_err(|error| CourierError::Never(error.to_string()))?;
        let places = self.addresses.look_up(&url).await.map_err(|error| match error {
            AddressError::NotFound => CourierError::Later(error.to_string()),
            other => CourierError::Never(other.to_string()),
        })?;
        let client = self.client(&url, &places)?;
        let request = client.post(url).headers(headers).header(CONTENT_TYPE, "application/json").body(body);
        request.send().await.map_err(|error| CourierError::Later(describe(error)))
    }

    /// A client that connects to the places that were checked and nowhere else.
    fn client(&self, url: &Url, places: &[SocketAddr]) -> Result<Client, CourierError> {
        let builder = Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .user_agent(outgoing::USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .timeout(self.timeout)
            .resolve_to_addrs(url.host_str().unwrap_or_default(), places);
        builder.build().map_err(|error| CourierError::Later(describe(error)))
    }
}

/// The beginning of what a receiver said, without anything that a terminal or a page could take for an order. A stranger
/// writes it: no more of it is read than is kept.
async fn beginning(mut answer: Response) -> Option<String> {
    let mut read = Vec::new();
    while read.len() < KEPT_ANSWER {
        match answer.chunk().await {
            Ok(Some(part)) => read.extend_from_slice(&part),
            Ok(None) | Err(_) => break,
        }
    }
    let text = harmless(&read);
    (!text.is_empty()).then_some(text)
}

/// Text of at most [`KEPT_ANSWER`] bytes without control characters.
fn harmless(read: &[u8]) -> String {
    let text = String::from_utf8_lossy(&read[..read.len().min(KEPT_ANSWER)]);
    let plain = text.chars().map(|c| if c.is_control() && !"\n\t".contains(c) { '\u{fffd}' } else { c });
    let mut kept = String::new();
    for c in plain {
        if kept.len() + c.len_utf8() > KEPT_ANSWER {
            break;
        }
        kept.push(c);
    }
    kept
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) -> Result<(), CourierError> {
    let value =
        HeaderValue::from_str(value).map_err(|_| CourierError::Never("a header cannot be written".into()))?;
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}

fn message_id(id: Uuid) -> String {
    format!("msg_{}", id.simple())
}

fn seconds(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1_000)
}

/// `v1,…` over id, moment and body.
fn signature(key: &str, id: &str, at: Timestamp, body: &str) -> Option<String> {
    let key = BASE64.decode(key.strip_prefix(KEY_PREFIX)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{}.{body}", seconds(at)).as_bytes());
    Some(format!("v1,{}", BASE64.encode(mac.finalize().into_bytes())))
}

/// A fresh key that signs.
pub fn signing_key(ids: &Ids) -> String {
    let mut key = [0u8; 32];
    ids.fill(&mut key);
    format!("{KEY_PREFIX}{}", BASE64.encode(key))
}

/// Subject and text as Slack takes them: its three special characters are escaped, so that nothing in them becomes a
/// link or calls a whole channel.
pub fn slack_text(letter: &Letter) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = format!("*{}*\n{}", escaped(&letter.subject), escaped(&letter.text));
    text.chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn the_signature_is_the_one_of_standard_webhooks() {
        let at = Timestamp::from_millis(1_614_265_330_000);
        let body = r#"{"test": 2432232314}"#;
        let signed =
            signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn what_a_receiver_says_is_cut_and_cannot_move_a_terminal() {
        assert_eq!(harmless(b"fine\n\x1b[2Jgone\0"), "fine\n\u{fffd}[2Jgone\u{fffd}");
        let long = harmless("€".repeat(1_000).as_bytes());
        assert!(long.len() <= KEPT_ANSWER && long.len() > KEPT_ANSWER - 8, "{}", long.len());
        assert!(harmless(&[0xff; 4_000]).len() <= KEPT_ANSWER, "what is no text grows when it is replaced");
    }

    #[test]
    fn nobody_can_call_a_channel_or_hide_a_link_in_a_text() {
        let letter = Letter {
            id: Uuid::nil(),
            kind: tenants::notice::NoticeKind::Lead,
            at: Timestamp::default(),
            subject: "<!channel>".into(),
            text: "<https://evil.example|click> & <@U1>".into(),
            html: String::new(),
            data: json!({}),
        };
        let text = slack_text(&letter);
        assert!(!text.contains('<') && !text.contains('>'), "{text}");
    }
}
