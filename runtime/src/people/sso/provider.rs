//! The provider of identities: what it says about itself, its keys, and the exchange of a code for a token.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use reqwest::{Client, Url};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use subtle::ConstantTimeEq;
use tenants::clock::{Clock, Timestamp};

use super::jws::{Keys, NotBelieved};
use super::ticket::Ticket;
use super::{Identity, SsoError, SsoSettings};
use crate::outgoing;

/// Longest time for one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer that is read.
const LARGEST_ANSWER: usize = 1 << 20;
/// So long what the provider says about itself is believed.
const BELIEVED_FOR: Duration = Duration::from_secs(3_600);
/// Clocks may differ by so much.
const LEEWAY: Duration = Duration::from_secs(60);

/// What a provider says about itself (OpenID Connect Discovery).
#[derive(Debug, Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

struct Known {
    metadata: Metadata,
    keys: Keys,
    read_at: Timestamp,
}

/// Asks one provider.
pub struct Provider {
    settings: SsoSettings,
    clock: Arc<dyn Clock>,
    client: Client,
    known: ArcSwapOption<Known>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: Option<String>,
}

/// What an ID token says.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    iat: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: Option<Value>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Provider {
    /// A provider that is not asked yet.
    ///
    /// # Errors
    /// When this machine can make no connection.
    pub fn new(settings: SsoSettings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let client = Client::builder()
            .tls_backend_preconfigured(outgoing::tls()?)
            .user_agent(outgoing::USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self { settings, clock, client, known: ArcSwapOption::empty() })
    }

    /// Whether it answers and is who the settings say.
    ///
    /// # Errors
    /// Says what is wrong.
    pub async fn check(&self) -> Result<(), SsoError> {
        self.read().await.map(drop)
    }

    /// Where somebody signs in.
    ///
    /// # Errors
    /// When the provider does not answer as it should.
    pub async fn sign_in_address(&self, ticket: &Ticket, back: &str) -> Result<String, SsoError> {
        let known = self.known().await?;
        let mut address = Url::parse(&known.metadata.authorization_endpoint)
            .map_err(|_| SsoError::Provider("its authorization endpoint is no address".to_owned()))?;
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", back)
            .append_pair("scope", "openid email profile")
            .append_pair("state", &ticket.state())
            .append_pair("nonce", &ticket.nonce())
            .append_pair("code_challenge", &ticket.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(address.into())
    }

    /// Who somebody is who came back with a code.
    ///
    /// # Errors
    /// When the provider does not answer, or what it says is not to be believed.
    pub async fn identify(&self, ticket: &Ticket, code: &str, back: &str) -> Result<Identity, SsoError> {
        let known = self.known().await?;
        let token = self.exchange(&known.metadata, ticket, code, back).await?;
        let claims: Claims = match known.keys.verify(&token) {
            // It may have other keys by now.
            Err(NotBelieved::UnknownKey | NotBelieved::Signature) => self.read().await?.keys.verify(&token),
            verified => verified,
        }
        .map_err(|why| SsoError::Token(why.to_string()))?;
        self.believe(claims, ticket)
    }

    /// Checks what the token says (OpenID Connect Core, section 3.1.3.7).
    fn believe(&self, claims: Claims, ticket: &Ticket) -> Result<Identity, SsoError> {
        let wrong = |why: &str| Err(SsoError::Token(why.to_owned()));
        let client = &self.settings.client_id;
        if claims.iss != self.settings.issuer {
            return wrong("it was made by another issuer");
        }
        let is_ours = match &claims.aud {
            Audience::One(audience) => audience == client,
            Audience::Many(audiences) => {
                audiences.contains(client) && (audiences.len() == 1 || claims.azp.is_some())
            }
        };
        if !is_ours || claims.azp.as_ref().is_some_and(|party| party != client) {
            return wrong("it was made for somebody else");
        }
        let (now, leeway) = (self.clock.now().as_millis() as f64 / 1_000.0, LEEWAY.as_secs_f64());
        if claims.exp + leeway <= now {
            return wrong("it has expired");
        }
        if claims.iat - leeway > now || claims.nbf.is_some_and(|moment| moment - leeway > now) {
            return wrong("it is not valid yet: compare the clocks of both machines");
        }
        let nonce = claims.nonce.unwrap_or_default();
        if !bool::from(nonce.as_bytes().ct_eq(ticket.nonce().as_bytes())) {
            return wrong("it was made for another sign-in");
        }
        if claims.sub.is_empty() || claims.sub.len() > 255 {
            return wrong("it names nobody");
        }
        // Some providers write it as a text.
        let is_verified = matches!(&claims.email_verified, Some(Value::Bool(true)))
            || claims.email_verified.as_ref().is_some_and(|value| value == "true");
        let email = claims.email.filter(|_| is_verified).ok_or(SsoError::Unverified)?;
        let email = super::super::checked_email(&email).map_err(|_| SsoError::Unverified)?;
        Ok(Identity { issuer: claims.iss, subject: claims.sub, email, name: claims.name.unwrap_or_default() })
    }

    async fn exchange(
        &self,
        metadata: &Metadata,
        ticket: &Ticket,
        code: &str,
        back: &str,
    ) -> Result<String, SsoError> {
        let verifier = ticket.verifier();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back),
            ("code_verifier", &verifier),
        ];
        let mut request = self.client.post(&metadata.token_endpoint);
        let secret = self.settings.client_secret.expose_secret();
        let methods = metadata.token_endpoint_auth_methods_supported.as_ref();
        let takes_basic = methods.is_none_or(|methods| methods.iter().any(|it| it == "client_secret_basic"));
        if !secret.is_empty() && takes_basic {
            // RFC 6749, section 2.3.1: both are form-encoded first.
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            request = request.basic_auth(encoded(&self.settings.client_id), Some(encoded(secret)));
        } else {
            form.push(("client_id", &self.settings.client_id));
            if !secret.is_empty() {
                form.push(("client_secret", secret));
            }
        }
        let answer = request.form(&form).send().await.map_err(|error| {
            SsoError::Unreachable(format!(
                "its token endpoint does not answer: {}",
                outgoing::describe(error)
            ))
        })?;
        let status = answer.status();
        if status.is_client_error() {
            // Codes work once and for a moment; a wrong client secret looks the same.
            tracing::warn!(%status, "the provider of identities refused a code, or the client secret");
            return Err(SsoError::Code);
        }
        let answer: TokenAnswer = self.json(answer, "its token endpoint").await?;
        answer.id_token.ok_or_else(|| SsoError::Provider("it sent no ID token".to_owned()))
    }

    async fn known(&self) -> Result<Arc<Known>, SsoError> {
        match self.known.load_full() {
            Some(known) if self.clock.now().since(known.read_at) < BELIEVED_FOR => Ok(known),
            _ => self.read().await,
        }
    }

    /// Reads what it says about itself, and its keys.
    async fn read(&self) -> Result<Arc<Known>, SsoError> {
        let issuer = &self.settings.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Metadata = self.get(&address, "its discovery document").await?;
        if metadata.issuer != *issuer {
            let problem = format!("it calls itself {}: set sso.issuer to exactly that", metadata.issuer);
            return Err(SsoError::Provider(problem));
        }
        for address in [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri] {
            if !is_safe(address, issuer) {
                return Err(SsoError::Provider(format!("one of its addresses is not https: {address}")));
            }
        }
        let keys: Value = self.get(&metadata.jwks_uri, "the document of its keys").await?;
        let keys = Keys::read(&keys)
            .ok_or_else(|| SsoError::Provider("the document of its keys makes no sense".to_owned()))?;
        let known = Arc::new(Known { metadata, keys, read_at: self.clock.now() });
        self.known.store(Some(known.clone()));
        Ok(known)
    }

    async fn get<T: DeserializeOwned>(&self, address: &str, what: &str) -> Result<T, SsoError> {
        let answer = self.client.get(address).send().await.map_err(|error| {
            SsoError::Unreachable(format!("{what} cannot be read: {}", outgoing::describe(error)))
        })?;
        self.json(answer, what).await
    }

    async fn json<T: DeserializeOwned>(&self, answer: reqwest::Response, what: &str) -> Result<T, SsoError> {
        let status = answer.status();
        if !status.is_success() {
            return Err(SsoError::Unreachable(format!("{what} answers {status}")));
        }
        let body = outgoing::read(answer, LARGEST_ANSWER).await.map_err(SsoError::Unreachable)?;
        serde_json::from_slice(&body).map_err(|_| SsoError::Provider(format!("{what} makes no sense")))
    }
}

/// Addresses of a provider are https, unless it is one of this machine's own, for trials.
pub fn is_safe(address: &str, issuer: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let is_local = |url: &Url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let issuer_is_local =
        Url::parse(issuer).is_ok_and(|issuer| issuer.scheme() == "http" && is_local(&issuer));
    url.scheme() == "https" || (url.scheme() == "http" && is_local(&url) && issuer_is_local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_the_clear_only_this_machine_is_asked() {
        for (address, is_fine) in [
            ("https://id.example.com/token", true),
            ("http://id.example.com/token", false),
            ("http://127.0.0.1:9/token", false),
            ("file:///etc/passwd", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_safe(address, "https://id.example.com"), is_fine, "{address}");
        }
        assert!(is_safe("http://localhost:9/token", "http://localhost:9"));
        assert!(!is_safe("http://id.example.com/token", "http://localhost:9"));
    }
}
