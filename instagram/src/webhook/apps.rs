//! Whose webhooks we believe: the installation's own app and the apps agencies bring.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tenants::account::{MetaApp, SealedSecret};
use tenants::connect::AppLogin;
use tenants::ids::AppId;
use tenants::ports::{Directory, StoreError};

use super::signature::{self, SignatureError};
use super::signed_request::{self, SignedRequest, SignedRequestError};
use crate::vault::{Owner, Vault};

/// The installation's own app.
#[derive(Debug, Clone)]
pub struct OwnApp {
    /// Meta's app id.
    pub id: String,
    /// Every secret that may sign: the Meta app secret and, for Instagram Login, the Instagram app secret.
    pub secrets: Vec<SecretString>,
    /// What the handshake must present.
    pub verify_token: SecretString,
}

/// A delivery whose signature is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The agency's app; `None` is the installation's own. Events belong only to accounts of this very app.
    pub app: Option<AppId>,
    /// Meta's app id.
    pub external_app_id: String,
}

/// Why a delivery is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// No such app: answer 404.
    #[error("no app with this id is known here")]
    NotFound,
    /// The signature is missing or wrong: answer 401.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The app is known but its secret is missing or cannot be opened: answer 503, so that Instagram tries again.
    #[error("the secret of app `{external_app_id}` is missing or cannot be opened: store it anew")]
    NoSecret {
        /// Meta's app id.
        external_app_id: String,
    },
}

/// Why a signed request is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignedRequestRefused {
    /// No such app: answer 404.
    #[error("no app with this id is known here")]
    NotFound,
    /// It is not believed: answer 400 or 401.
    #[error(transparent)]
    Request(#[from] SignedRequestError),
    /// The app is known but its secret is missing or cannot be opened: answer 503.
    #[error("the secret of app `{external_app_id}` is missing or cannot be opened: store it anew")]
    NoSecret {
        /// Meta's app id.
        external_app_id: String,
    },
}

/// Why a handshake is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// No such app: answer 404.
    #[error("no app with this id is known here")]
    NotFound,
    /// `hub.mode` is not `subscribe` or a parameter is missing: answer 400.
    #[error("a handshake needs hub.mode=subscribe, hub.verify_token and hub.challenge")]
    Incomplete,
    /// Another verify token than ours: answer 403.
    #[error("the verify token does not match the one of this app")]
    WrongToken,
}

/// The apps whose webhooks are accepted. Cheap to ask; [`reload`](Self::reload) replaces all agency apps at once.
pub struct WebhookApps {
    own: Option<KnownApp>,
    brought: RwLock<Arc<HashMap<String, KnownApp>>>,
}

struct KnownApp {
    app: Option<AppId>,
    external_id: String,
    secrets: Vec<SecretString>,
    verify_token: SecretString,
}

impl WebhookApps {
    /// The own app, if there is one, and all apps of the directory.
    pub async fn load(
        own: Option<OwnApp>,
        directory: &dyn Directory,
        vault: &Vault,
    ) -> Result<Self, StoreError> {
        let own = own.map(|own| KnownApp {
            app: None,
            external_id: own.id,
            secrets: own.secrets.into_iter().filter(|secret| !secret.expose_secret().is_empty()).collect(),
            verify_token: own.verify_token,
        });
        let apps = Self { own, brought: RwLock::default() };
        apps.reload(directory, vault).await?;
        Ok(apps)
    }

    /// Reads the agencies' apps anew. On an error the known ones stay.
    pub async fn reload(&self, directory: &dyn Directory, vault: &Vault) -> Result<(), StoreError> {
        let stored = directory.all_apps().await?;
        let logins = directory.all_app_logins().await?;
        let apps = stored.into_iter().map(|(app, sealed)| {
            let login = logins.iter().find(|login| login.app == app.id);
            (app.external_id.clone(), open(app, sealed, login, vault))
        });
        let apps = Arc::new(apps.collect());
        *self.brought.write().unwrap_or_else(PoisonError::into_inner) = apps;
        Ok(())
    }

    /// Checks who signed a delivery. `app` is the last part of the webhook address, Meta's app id; without it the
    /// delivery must be signed by the own app.
    pub fn verify(
        &self,
        app: Option<&str>,
        raw: &[u8],
        header: Option<&str>,
    ) -> Result<Verified, VerifyError> {
        let check = |known: &KnownApp| {
            if known.secrets.is_empty() {
                return Err(VerifyError::NoSecret { external_app_id: known.external_id.clone() });
            }
            signature::verify(raw, header, &known.secrets)?;
            Ok(Verified { app: known.app, external_app_id: known.external_id.clone() })
        };
        self.with_app(app, check).unwrap_or(Err(VerifyError::NotFound))
    }

    /// Reads what Meta says about a person. `app` is the last part of the address, Meta's app id; without it the
    /// request must be signed by the own app.
    ///
    /// # Errors
    /// When it is not believed.
    pub fn signed_request(
        &self,
        app: Option<&str>,
        text: &str,
    ) -> Result<(Verified, SignedRequest), SignedRequestRefused> {
        let check = |known: &KnownApp| {
            if known.secrets.is_empty() {
                return Err(SignedRequestRefused::NoSecret { external_app_id: known.external_id.clone() });
            }
            let request = signed_request::read(text, &known.secrets)?;
            Ok((Verified { app: known.app, external_app_id: known.external_id.clone() }, request))
        };
        self.with_app(app, check).unwrap_or(Err(SignedRequestRefused::NotFound))
    }

    /// Answers the handshake that Instagram makes when a webhook address is saved: gives back the challenge.
    pub fn handshake(
        &self,
        app: Option<&str>,
        mode: Option<&str>,
        verify_token: Option<&str>,
        challenge: Option<&str>,
    ) -> Result<String, HandshakeError> {
        let (Some("subscribe"), Some(token), Some(challenge)) = (mode, verify_token, challenge) else {
            return Err(HandshakeError::Incomplete);
        };
        let matches = |known: &KnownApp| {
            let expected = known.verify_token.expose_secret().as_bytes();
            !expected.is_empty() && bool::from(expected.ct_eq(token.as_bytes()))
        };
        match self.with_app(app, matches) {
            None => Err(HandshakeError::NotFound),
            Some(false) => Err(HandshakeError::WrongToken),
            Some(true) => Ok(challenge.to_owned()),
        }
    }

    fn with_app<T>(&self, app: Option<&str>, ask: impl FnOnce(&KnownApp) -> T) -> Option<T> {
        let Some(external_id) = app else { return self.own.as_ref().map(ask) };
        if let Some(own) = self.own.as_ref().filter(|own| own.external_id == external_id) {
            return Some(ask(own));
        }
        let brought = Arc::clone(&self.brought.read().unwrap_or_else(PoisonError::into_inner));
        brought.get(external_id).map(ask)
    }
}

/// One app that cannot be opened must not keep the others from working: it stays without a secret.
fn open(app: MetaApp, sealed: Option<SealedSecret>, login: Option<&AppLogin>, vault: &Vault) -> KnownApp {
    let open = |owner: &str, sealed: &SealedSecret| match vault.open(Owner::App(owner), sealed) {
        Ok(secret) => Some(secret),
        Err(error) => {
            tracing::error!(app.id = %app.id, %error, "the secret of a Meta app cannot be opened");
            None
        }
    };
    let secret = sealed.and_then(|sealed| open(&app.external_id, &sealed));
    // Whatever belongs to Instagram Login is signed with its own secret.
    let of_login = login.and_then(|login| open(&login.instagram_app_id, &login.secret));
    let opened = secret.into_iter().chain(of_login);
    KnownApp {
        app: Some(app.id),
        external_id: app.external_id,
        secrets: opened.collect(),
        verify_token: SecretString::from(app.verify_token),
    }
}

impl fmt::Debug for WebhookApps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let brought = self.brought.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("WebhookApps")
            .field("own", &self.own.as_ref().map(|own| &own.external_id))
            .field("brought", &brought.keys())
            .finish()
    }
}
