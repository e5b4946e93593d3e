//! Who calls: the key in the request, or the session of somebody who signed in.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use subtle::ConstantTimeEq;
use tenants::access::UserRole;
use tenants::account::{ApiKey, KeyScope, Tenant};
use tenants::ids::AgencyId;
use tenants::ports::StoreError;
use tenants::user::{role_for_tenant, role_in_agency};

use super::cookies;
use super::key_ring::KeyRefused;
use crate::administration::{Act, key_hash};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;
use crate::people::SignedIn;

/// The header in which a page repeats the secret of its session: pages of others cannot read it, and so cannot send it.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// Somebody with a valid key or session.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Who>);

/// Which of both.
#[derive(Debug)]
pub enum Who {
    /// A program.
    Key {
        /// Its key.
        key: Arc<ApiKey>,
        /// The hash under which the key is stored.
        hash: Arc<str>,
    },
    /// A person.
    User(Box<SignedIn>),
}

impl Caller {
    /// Key or person.
    pub fn who(&self) -> &Who {
        &self.0
    }

    /// The person with their session.
    ///
    /// # Errors
    /// A key has none.
    pub fn signed_in(&self) -> Result<&SignedIn, Problem> {
        match &*self.0 {
            Who::User(signed_in) => Ok(signed_in),
            Who::Key { .. } => {
                let detail = "this is about the person who signed in: sign in instead of sending a key";
                Err(Problem::new(ProblemKind::Forbidden, detail))
            }
        }
    }

    /// True for keys of the installation.
    pub fn is_installation(&self) -> bool {
        matches!(&*self.0, Who::Key { key, .. } if key.scope == KeyScope::Installation)
    }

    /// What the caller is in an agency itself, if anything.
    pub fn role_in(&self, agency: AgencyId) -> Option<UserRole> {
        match &*self.0 {
            Who::Key { key, .. } => match key.scope {
                KeyScope::Installation => Some(key.role),
                KeyScope::Agency { agency: own } => (own == agency).then_some(key.role),
                KeyScope::Tenant { .. } => None,
            },
            Who::User(signed_in) => role_in_agency(&signed_in.grants, agency),
        }
    }

    /// What the caller is for a tenant, if anything.
    pub fn role_for(&self, tenant: &Tenant) -> Option<UserRole> {
        match &*self.0 {
            Who::Key { key, .. } => match key.scope {
                KeyScope::Tenant { tenant: own, .. } => (own == tenant.id).then_some(key.role),
                KeyScope::Installation | KeyScope::Agency { .. } => self.role_in(tenant.agency),
            },
            Who::User(signed_in) => role_for_tenant(&signed_in.grants, tenant.agency, tenant.id),
        }
    }

    /// Agencies in which the caller is something, be it for one tenant; `None` for all.
    pub fn agencies(&self) -> Option<Vec<AgencyId>> {
        match &*self.0 {
            Who::Key { key, .. } => match key.scope {
                KeyScope::Installation => None,
                KeyScope::Agency { agency } | KeyScope::Tenant { agency, .. } => Some(vec![agency]),
            },
            Who::User(signed_in) => {
                let mut agencies: Vec<AgencyId> = signed_in.grants.iter().map(|grant| grant.agency).collect();
                agencies.sort();
                agencies.dedup();
                Some(agencies)
            }
        }
    }

    /// How the caller is named in the audit log.
    pub fn actor(&self) -> String {
        match &*self.0 {
            Who::Key { key, .. } => format!("key:{}", key.id),
            Who::User(signed_in) => format!("user:{}", signed_in.user.id),
        }
    }

    /// What the caller does now.
    pub fn act<'a>(&self, state: &'a AppState) -> Act<'a> {
        Act { by: self.actor(), at: state.ports.clock.now(), ids: &state.ports.ids }
    }

    /// The same caller as it is now; `None` when it would not be admitted any more. Does not count as a request.
    pub async fn renewed(&self, state: &AppState) -> Option<Self> {
        match &*self.0 {
            Who::Key { hash, .. } => {
                state.keys.is_still_valid(&state.ports, hash).await.then(|| self.clone())
            }
            Who::User(signed_in) => match state.people.renewed(&signed_in.session.id).await {
                Ok(renewed) => renewed.map(|renewed| Self(Arc::new(Who::User(Box::new(renewed))))),
                // While the database is away nobody can be asked; the caller was valid a moment ago.
                Err(StoreError::Unavailable(_)) => Some(self.clone()),
                Err(_) => None,
            },
        }
    }

    async fn of_key(state: &AppState, text: &str) -> Result<Self, Problem> {
        let hash: Arc<str> = key_hash(text).into();
        let key = state.keys.admit(&state.ports, &hash).await?;
        tracing::Span::current().record("key.id", tracing::field::display(&key.id));
        Ok(Self(Arc::new(Who::Key { key, hash })))
    }

    async fn of_session(state: &AppState, parts: &Parts, token: &str) -> Result<Self, Problem> {
        let hash = key_hash(token);
        let ended = || Problem::new(ProblemKind::Unauthorized, "the session is over: refresh it, or sign in");
        let signed_in = state.people.session(&hash).await?.ok_or_else(ended)?;
        state.keys.count_request(&hash, state.ports.clock.now())?;
        if !is_read(&parts.method) {
            require_csrf(&parts.headers, &signed_in.session.csrf)?;
        }
        tracing::Span::current().record("user.id", tracing::field::display(&signed_in.user.id));
        Ok(Self(Arc::new(Who::User(Box::new(signed_in)))))
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        // One request is admitted (and counted) once, however many of its arguments ask for the caller.
        if let Some(caller) = parts.extensions.get::<Caller>() {
            return Ok(caller.clone());
        }
        let caller = match (presented_key(&parts.headers), cookies::session_token(&parts.headers)) {
            (Some(key), _) => Self::of_key(state, key).await?,
            (None, Some(token)) => Self::of_session(state, parts, &token).await?,
            (None, None) => return Err(Problem::general(ProblemKind::Unauthorized)),
        };
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

/// Methods that change nothing.
fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A browser sends cookies along with what pages of others make it send; the secret of the session it does not.
pub fn require_csrf(headers: &HeaderMap, secret: &str) -> Result<(), Problem> {
    let sent = headers.get(CSRF_HEADER).map(|value| value.as_bytes()).unwrap_or_default();
    if bool::from(sent.ct_eq(secret.as_bytes())) {
        return Ok(());
    }
    let detail = "X-CSRF-Token is missing or wrong: send the `csrf_token` of the session";
    Err(Problem::new(ProblemKind::Forbidden, detail))
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
