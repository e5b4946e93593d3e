//! How sessions begin, go on and end.

use std::time::Duration;

use serde_json::json;
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::ids::{AgencyId, SessionId};
use tenants::ports::StoreError;
use tenants::user::{Grant, Session, SessionSecrets, User, UserChange, UserStatus};

use super::desk::{Origin, PeopleDesk};
use super::{NewSession, PeopleError, SignedIn};
use crate::administration::{Act, key_hash};

/// Other tabs of a browser, and answers that were lost, may still use the secret that was replaced.
const GRACE: Duration = Duration::from_secs(60);
/// Longest name of a browser that is kept, in characters.
const MAX_USER_AGENT: usize = 300;

/// What became of a wish to go on.
#[derive(Debug)]
pub enum Refreshed {
    /// It has new secrets.
    Anew(SignedIn, NewSession),
    /// It was given new ones a moment ago, and whoever asks shares them.
    Already(SignedIn),
}

impl PeopleDesk {
    /// The session with this token, if it may be used now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn session(&self, token_hash: &str) -> Result<Option<SignedIn>, StoreError> {
        let Some((session, user)) = self.parts.users.find_session(token_hash).await? else { return Ok(None) };
        if session.expires_at <= self.now() {
            return Ok(None);
        }
        self.signed_in(session, user).await
    }

    /// The same session later: what its user is now. Its token may have been replaced since.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn renewed(&self, session: &SessionId) -> Result<Option<SignedIn>, StoreError> {
        let Some((session, user)) = self.parts.users.find_session_by_id(session).await? else {
            return Ok(None);
        };
        if session.ends_at <= self.now() { Ok(None) } else { self.signed_in(session, user).await }
    }

    async fn signed_in(&self, session: Session, user: User) -> Result<Option<SignedIn>, StoreError> {
        if user.status != UserStatus::Active {
            return Ok(None);
        }
        let grants = self.parts.users.grants_of(&user.id).await?;
        Ok(Some(SignedIn { user, session, grants }))
    }

    /// New secrets of a session, and their hashes.
    pub(super) fn new_session(&self, user: &User, origin: &Origin) -> (NewSession, SessionSecrets) {
        let now = self.now();
        let session = Session {
            id: SessionId::new(&self.parts.ids),
            user: user.id,
            csrf: self.links.secret(),
            expires_at: now + self.settings.session,
            ends_at: now + self.settings.idle,
            ip: origin.ip.map(|ip| ip.to_string()),
            user_agent: origin
                .user_agent
                .as_ref()
                .map(|name| name.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect()),
            created_at: now,
            refreshed_at: now,
        };
        self.with_secrets(session)
    }

    fn with_secrets(&self, session: Session) -> (NewSession, SessionSecrets) {
        let (token, refresh) = (self.links.secret(), self.links.secret());
        let secrets = SessionSecrets { token: key_hash(&token), refresh: key_hash(&refresh) };
        (NewSession { session, token, refresh }, secrets)
    }

    /// Goes on with a session.
    ///
    /// # Errors
    /// [`PeopleError::SessionOver`] when it has ended; it ends when a secret is used that was replaced long ago.
    pub async fn refresh(&self, secret: &str) -> Result<Refreshed, PeopleError> {
        let (used, now) = (key_hash(secret), self.now());
        let (session, is_present) =
            self.parts.users.find_refresh(&used).await?.ok_or(PeopleError::SessionOver)?;
        let user = self.parts.users.find_user(&session.user).await?.ok_or(PeopleError::SessionOver)?;
        if session.ends_at <= now {
            return Err(PeopleError::SessionOver);
        }
        let signed_in = |session| async { self.signed_in(session, user.clone()).await };
        if !is_present {
            if now.since(session.refreshed_at) < GRACE {
                let signed_in = signed_in(session).await?.ok_or(PeopleError::SessionOver)?;
                return Ok(Refreshed::Already(signed_in));
            }
            let grants = self.parts.users.grants_of(&user.id).await?;
            self.end_stolen(&user, &session, &grants).await?;
            return Err(PeopleError::SessionOver);
        }
        let anew = Session {
            expires_at: now + self.settings.session,
            ends_at: now + self.settings.idle,
            refreshed_at: now,
            ..session.clone()
        };
        let signed_in = signed_in(anew.clone()).await?.ok_or(PeopleError::SessionOver)?;
        let (new, secrets) = self.with_secrets(anew);
        let change = UserChange::Refresh { session: Box::new(new.session.clone()), used, secrets };
        let chain = chain_of(&signed_in.grants);
        match self.parts.store.commit(Changes { chain, list: vec![Change::User(change)] }).await {
            Ok(()) => Ok(Refreshed::Anew(signed_in, new)),
            // Another tab was quicker.
            Err(StoreError::Conflict(_)) => Ok(Refreshed::Already(signed_in)),
            Err(error) => Err(error.into()),
        }
    }

    async fn end_stolen(&self, user: &User, session: &Session, grants: &[Grant]) -> Result<(), PeopleError> {
        tracing::warn!(user.id = %user.id, session.id = %session.id, "a replaced secret was used: the session ends");
        let act = Act { by: format!("user:{}", user.id), at: self.now(), ids: &self.parts.ids };
        let why = json!({ "why": "a secret was used that had been replaced" });
        let audit = act.audit("session.ended", ("session", session.id.to_string()), why);
        let list = vec![Change::User(UserChange::End(session.id)), audit];
        Ok(self.parts.store.commit(Changes { chain: chain_of(grants), list }).await?)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end(&self, signed_in: &SignedIn) -> Result<(), PeopleError> {
        let (user, session) = (&signed_in.user, &signed_in.session);
        let act = Act { by: format!("user:{}", user.id), at: self.now(), ids: &self.parts.ids };
        let audit = act.audit("session.ended", ("session", session.id.to_string()), json!({}));
        let list = vec![Change::User(UserChange::End(session.id)), audit];
        Ok(self.parts.store.commit(Changes { chain: chain_of(&signed_in.grants), list }).await?)
    }
}

/// Where acts of somebody about themselves are recorded: in the first of their agencies.
pub(super) fn chain_of(grants: &[Grant]) -> Chain {
    Chain::Agency(grants.first().map_or(AgencyId::INSTALLATION, |grant| grant.agency))
}
