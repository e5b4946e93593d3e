//! Webhooks: Slack's form for people, Standard Webhooks for programs.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use rustls::ClientConfig;
use serde_json::json;
use sha2::Sha256;
use tenants::clock::{Clock, Timestamp};
use tenants::ids::Ids;
use tenants::ports::{CourierError, Letter};
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
        let no_key = || CourierError::Never("its signing key is missing: make it anew".to_owned());
        let key = secrets.signing_key.as_deref().ok_or_else(no_key)?;
        let (id, now) = (message_id(letter.id), self.clock.now());
        let mut headers = HeaderMap::new();
        set(&mut headers, "webhook-id", &id)?;
        set(&mut headers, "webhook-timestamp", &seconds(now).to_string())?;
        set(&mut headers, "webhook-signature", &signature(key, &id, now, &body).ok_or_else(no_key)?)?;
        self.post(&secrets.url, headers, body).await
    }

    async fn post(&self, url: &str, headers: HeaderMap, body: String) -> Result<(), CourierError> {
        let url = self.addresses.read(url).map_err(|error| CourierError::Never(error.to_string()))?;
        let places = self.addresses.look_up(&url).await.map_err(|error| match error {
            AddressError::NotFound => CourierError::Later(error.to_string()),
            other => CourierError::Never(other.to_string()),
        })?;
        let client = self.client(&url, &places)?;
        let request = client.post(url).headers(headers).header(CONTENT_TYPE, "application/json").body(body);
        let status = match request.send().await {
            Ok(answer) => answer.status(),
            Err(error) => return Err(CourierError::Later(describe(error))),
        };
        match status.as_u16() {
            200..300 => Ok(()),
            300..400 => Err(CourierError::Never(format!(
                "it answered {status}: redirects are not followed, store the address it leads to"
            ))),
            404 | 410 => Err(CourierError::Never(format!("it answered {status}: the webhook is gone"))),
            _ => Err(CourierError::Later(format!("it answered {status}"))),
        }
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
