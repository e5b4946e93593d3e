//! Who calls: the key in the request.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use tenants::account::{ApiKey, KeyScope};

use super::key_ring::KeyRefused;
use crate::administration::{Act, key_hash};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;

/// Somebody with a valid key.
#[derive(Debug, Clone)]
pub struct Caller {
    key: Arc<ApiKey>,
    hash: Arc<str>,
}

impl Caller {
    /// The key.
    pub fn key(&self) -> &ApiKey {
        &self.key
    }

    /// What it may see.
    pub fn scope(&self) -> KeyScope {
        self.key.scope
    }

    /// How the caller is named in the audit log.
    pub fn actor(&self) -> String {
        format!("key:{}", self.key.id)
    }

    /// The hash under which the key is stored.
    pub(super) fn key_hash(&self) -> &str {
        &self.hash
    }

    /// What the caller does now.
    pub fn act<'a>(&self, state: &'a AppState) -> Act<'a> {
        Act { by: self.actor(), at: state.ports.clock.now(), ids: &state.ports.ids }
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        // One request is admitted (and counted) once, however many of its arguments ask for the caller.
        if let Some(caller) = parts.extensions.get::<Caller>() {
            return Ok(caller.clone());
        }
        let text =
            presented_key(&parts.headers).ok_or_else(|| Problem::general(ProblemKind::Unauthorized))?;
        let hash: Arc<str> = key_hash(text).into();
        let key = state.keys.admit(&state.ports, &hash).await?;
        tracing::Span::current().record("key.id", tracing::field::display(&key.id));
        let caller = Caller { key, hash };
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

/// The key as it stands in `X-API-Key`, or in `Authorization: Bearer`.
pub fn presented_key(headers: &HeaderMap) -> Option<&str> {
    let own_header = headers.get("x-api-key").and_then(|value| value.to_str().ok());
    let bearer = || {
        let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    };
    own_header.or_else(bearer).filter(|text| !text.is_empty() && text.len() <= 200)
}

impl From<KeyRefused> for Problem {
    fn from(refused: KeyRefused) -> Self {
        match refused {
            KeyRefused::NotValid => Problem::new(
                ProblemKind::Unauthorized,
                "the key is unknown, expired or withdrawn: create another one",
            ),
            KeyRefused::TooFast(wait) => {
                Problem::general(ProblemKind::TooManyRequests).retry_after(wait.as_secs() + 1)
            }
            KeyRefused::Store(error) => error.into(),
        }
    }
}
