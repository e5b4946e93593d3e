//! Signing in, setting up, and what is done with links that were sent.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tenants::access::UserRole;
use tenants::changes::{Change, Changes};
use tenants::clock::{Clock, Timestamp};
use tenants::ids::{Ids, UserId};
use tenants::ports::{Store, StoreError, Users};
use tenants::tasks::Tasks;
use tenants::user::{Grant, TokenKind, User, UserChange, UserStatus};

use super::acts::{checked_email, checked_user_name, email_hash};
use super::links::Links;
use super::passwords::{self, Passwords};
use super::sessions::chain_of;
use super::{Mailer, NewSession, PeopleError, PeopleSettings, SecretLink, SignedIn};
use crate::administration::{Act, key_hash};

/// Refusals before the first pause.
const FREE_TRIES: u32 = 5;
/// The first pause; every refusal doubles it, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// Where a request comes from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The address, when known.
    pub ip: Option<IpAddr>,
    /// The browser, when it says so.
    pub user_agent: Option<String>,
}

/// What the desk works with.
pub struct PeopleParts {
    /// Users, as they are read.
    pub users: Arc<dyn Users>,
    /// Where changes are committed: the same database.
    pub store: Arc<dyn Store>,
    /// Sends links.
    pub mailer: Arc<dyn Mailer>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Ids,
    /// Background work.
    pub tasks: Tasks,
}

/// Signs people in.
pub struct PeopleDesk {
    pub(super) parts: PeopleParts,
    pub(super) settings: PeopleSettings,
    passwords: Passwords,
    pub(super) links: Links,
    /// Addresses whose password is being verified: one after the other, so that nobody guesses side by side.
    busy: Mutex<HashSet<String>>,
}

impl std::fmt::Debug for PeopleDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PeopleDesk")
    }
}

/// The right to verify a password for an address.
struct Turn<'d>(&'d PeopleDesk, String);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// What is needed to set up an installation.
#[derive(Debug)]
pub struct SetUp {
    /// The code that the node has written down.
    pub code: String,
    /// Name of the agency.
    pub agency: String,
    /// Name of its first owner.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: SecretString,
}

impl PeopleDesk {
    /// A desk.
    pub fn new(parts: PeopleParts, public_url: String, settings: PeopleSettings) -> Self {
        let passwords = Passwords::new(parts.tasks.clone(), parts.ids.clone());
        let (ids, clock) = (parts.ids.clone(), parts.clock.clone());
        let links = Links::new(ids, clock, public_url, settings);
        Self { parts, settings, passwords, links, busy: Mutex::default() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    fn act(&self, by: String) -> Act<'_> {
        Act { by, at: self.now(), ids: &self.parts.ids }
    }

    fn turn(&self, email_hash: &str) -> Result<Turn<'_>, PeopleError> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if busy.insert(email_hash.to_owned()) {
            return Ok(Turn(self, email_hash.to_owned()));
        }
        Err(PeopleError::Locked(Duration::from_secs(1)))
    }

    /// Begins a session for address and password. What is answered, and how long that takes, says nothing about whether
    /// there is such a user.
    ///
    /// # Errors
    /// [`PeopleError::Refused`], or [`PeopleError::Locked`] after too many refusals.
    pub async fn sign_in(
        &self,
        email: &str,
        password: SecretString,
        origin: &Origin,
    ) -> Result<(SignedIn, NewSession), PeopleError> {
        let email = email.trim().to_lowercase();
        let email_hash = email_hash(&email);
        let _turn = self.turn(&email_hash)?;
        let failures = self.parts.users.failures(&email_hash).await?;
        if let Some(wait) = pause_left(failures.count, failures.last_at, self.now()) {
            return Err(PeopleError::Locked(wait));
        }
        let found = self.parts.users.find_credentials(&email).await?;
        let hash = found.as_ref().and_then(|found| found.password_hash.clone());
        let is_right = self.passwords.verify(password, hash).await?;
        let user = found.map(|found| found.user);
        match user {
            Some(user) if is_right && user.status == UserStatus::Active => self.begin(user, origin).await,
            user => {
                self.note_refusal(&email_hash, user, origin).await?;
                Err(PeopleError::Refused)
            }
        }
    }

    async fn note_refusal(
        &self,
        email_hash: &str,
        user: Option<User>,
        origin: &Origin,
    ) -> Result<(), PeopleError> {
        let note = UserChange::NoteFailure { email_hash: email_hash.to_owned(), at: self.now() };
        let mut list = vec![Change::User(note)];
        let mut chain = chain_of(&[]);
        if let Some(user) = user {
            chain = chain_of(&self.parts.users.grants_of(&user.id).await?);
            let act = self.act("nobody".to_owned());
            list.push(act.audit("session.refused", ("user", user.id.to_string()), origin.told()));
        }
        Ok(self.parts.store.commit(Changes { chain, list }).await?)
    }

    /// Begins a session of somebody who has proved who they are.
    async fn begin(&self, user: User, origin: &Origin) -> Result<(SignedIn, NewSession), PeopleError> {
        let grants = self.parts.users.grants_of(&user.id).await?;
        let (signed_in, new, changes) = self.beginning(user, grants, origin);
        self.parts.store.commit(changes).await?;
        Ok((signed_in, new))
    }

    pub(super) fn beginning(
        &self,
        user: User,
        grants: Vec<Grant>,
        origin: &Origin,
    ) -> (SignedIn, NewSession, Changes) {
        let (new, secrets) = self.new_session(&user, origin);
        let act = self.act(format!("user:{}", user.id));
        let session = Box::new(new.session.clone());
        let sign_in =
            UserChange::NoteSignIn { user: user.id, email_hash: email_hash(&user.email), at: act.at };
        let list = vec![
            Change::User(UserChange::Begin { session, secrets }),
            Change::User(sign_in),
            act.audit("session.begun", ("session", new.session.id.to_string()), origin.told()),
        ];
        let changes = Changes { chain: chain_of(&grants), list };
        (SignedIn { user, session: new.session.clone(), grants }, new, changes)
    }

    /// Sets up an installation: its first agency and owner. An agency that was made on the command line before, and is
    /// the only one, becomes the owner's, with the name that was typed.
    ///
    /// # Errors
    /// When it is set up already, the code is wrong, or something cannot be used.
    pub async fn set_up(
        &self,
        set_up: SetUp,
        origin: &Origin,
    ) -> Result<(SignedIn, NewSession), PeopleError> {
        if self.parts.users.is_set_up().await? {
            return Err(PeopleError::Conflict("it is set up already: sign in".to_owned()));
        }
        let code = key_hash(set_up.code.trim());
        let token = self.parts.users.find_token(&code).await?.filter(|it| it.kind == TokenKind::SetUp);
        if token.is_none_or(|token| token.expires_at <= self.now()) {
            let problem = "is wrong or too old: read it in the file that the node has named when it started";
            return Err(invalid("code", problem));
        }
        let (email, name) = (checked_email(&set_up.email)?, checked_user_name(&set_up.name)?);
        let hash = self.chosen(set_up.password, &email, &name).await?;
        let user = self.user(email, name);
        let act = self.act(format!("user:{}", user.id));
        let mut known = self.parts.store.list_agencies().await?;
        let only = if known.len() == 1 { known.pop() } else { None };
        let put = match only {
            Some(agency) => act.rename_agency(agency, &set_up.agency),
            None => act.create_agency(&set_up.agency),
        };
        let (agency, changes) = put.map_err(|error| invalid("agency", error.problem))?;
        let grants = vec![Grant { agency: agency.id, tenant: None, role: UserRole::Owner }];
        let mut list = changes.list;
        list.extend([
            Change::User(UserChange::SetUp),
            Change::User(UserChange::UseToken { hash: code, at: act.at }),
            Change::User(UserChange::Put(Box::new(user.clone()))),
            Change::User(UserChange::SetPassword { user: user.id, hash }),
            Change::User(UserChange::SetGrants { user: user.id, grants: grants.clone() }),
            act.audit("installation.set_up", ("user", user.id.to_string()), json!({ "email": user.email })),
        ]);
        let (signed_in, new, begin) = self.beginning(user, grants, origin);
        list.extend(begin.list);
        self.parts.store.commit(Changes { chain: begin.chain, list }).await?;
        Ok((signed_in, new))
    }

    fn user(&self, email: String, name: String) -> User {
        User {
            id: UserId::new(&self.parts.ids),
            email,
            name,
            status: UserStatus::Active,
            last_sign_in_at: None,
            created_at: self.now(),
        }
    }

    async fn chosen(&self, password: SecretString, email: &str, name: &str) -> Result<String, PeopleError> {
        passwords::check(&password, &[email, name]).map_err(|weak| invalid("password", weak.to_string()))?;
        Ok(self.passwords.hash(password).await?)
    }

    /// Accepts an invitation: name and password are chosen, and a session begins.
    ///
    /// # Errors
    /// When the link does not work any more, or something cannot be used.
    pub async fn accept_invitation(
        &self,
        secret: &str,
        name: &str,
        password: SecretString,
        origin: &Origin,
    ) -> Result<(SignedIn, NewSession), PeopleError> {
        let name = checked_user_name(name)?;
        let (user, token) = self.owner_of(secret, TokenKind::Invitation).await?;
        let user = User { name, status: UserStatus::Active, ..user };
        let hash = self.chosen(password, &user.email, &user.name).await?;
        self.enter(user, token, Some(hash), "user.accepted", origin).await
    }

    /// Chooses another password by a link; every other session ends.
    ///
    /// # Errors
    /// When the link does not work any more, or the password cannot be used.
    pub async fn reset_password(
        &self,
        secret: &str,
        password: SecretString,
        origin: &Origin,
    ) -> Result<(SignedIn, NewSession), PeopleError> {
        let (user, token) = self.owner_of(secret, TokenKind::PasswordReset).await?;
        let hash = self.chosen(password, &user.email, &user.name).await?;
        self.enter(user, token, Some(hash), "user.password_reset", origin).await
    }

    /// Signs somebody in by a link that the command line has made.
    ///
    /// # Errors
    /// When the link does not work any more.
    pub async fn sign_in_by_link(
        &self,
        secret: &str,
        origin: &Origin,
    ) -> Result<(SignedIn, NewSession), PeopleError> {
        let (user, token) = self.owner_of(secret, TokenKind::SignIn).await?;
        self.enter(user, token, None, "user.signed_in_by_link", origin).await
    }

    async fn owner_of(&self, secret: &str, kind: TokenKind) -> Result<(User, String), PeopleError> {
        let hash = key_hash(secret.trim());
        let token = self.parts.users.find_token(&hash).await?.filter(|token| token.kind == kind);
        let token = token.filter(|token| token.expires_at > self.now()).ok_or(PeopleError::LinkOver)?;
        let user = token.user.ok_or(PeopleError::LinkOver)?;
        let user = self.parts.users.find_user(&user).await?.ok_or(PeopleError::LinkOver)?;
        match user.status {
            UserStatus::Disabled => Err(PeopleError::LinkOver),
            UserStatus::Invited if kind != TokenKind::Invitation => Err(PeopleError::LinkOver),
            UserStatus::Invited | UserStatus::Active => Ok((user, hash)),
        }
    }

    async fn enter(
        &self,
        user: User,
        token: String,
        password: Option<String>,
        event: &str,
        origin: &Origin,
    ) -> Result<(SignedIn, NewSession), PeopleError> {
        let grants = self.parts.users.grants_of(&user.id).await?;
        let act = self.act(format!("user:{}", user.id));
        let mut list = vec![Change::User(UserChange::UseToken { hash: token, at: act.at })];
        if let Some(hash) = password {
            list.push(Change::User(UserChange::Put(Box::new(user.clone()))));
            list.push(Change::User(UserChange::SetPassword { user: user.id, hash }));
        }
        list.push(act.audit(event, ("user", user.id.to_string()), json!({ "email": user.email })));
        let (signed_in, new, begin) = self.beginning(user, grants, origin);
        list.extend(begin.list);
        match self.parts.store.commit(Changes { chain: begin.chain, list }).await {
            Ok(()) => Ok((signed_in, new)),
            Err(StoreError::Conflict(_)) => Err(PeopleError::LinkOver),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends somebody who has forgotten their password a link, if there is such a user. It is done in the background, so
    /// that the answer says nothing about it.
    pub fn forgot_password(self: &Arc<Self>, email: &str) {
        let (desk, email) = (Arc::clone(self), email.trim().to_lowercase());
        self.parts.tasks.spawn("people.forgot_password", async move {
            if let Err(error) = desk.mail_reset(&email).await {
                tracing::warn!(%error, "a link for another password could not be sent");
            }
        });
    }

    async fn mail_reset(&self, email: &str) -> anyhow::Result<()> {
        let Some(found) = self.parts.users.find_credentials(email).await? else { return Ok(()) };
        if found.user.status != UserStatus::Active {
            return Ok(());
        }
        let grants = self.parts.users.grants_of(&found.user.id).await?;
        let act = self.act("nobody".to_owned());
        let (link, change) = self.links.make(TokenKind::PasswordReset, Some(found.user.id));
        let audit = act.audit("user.reset_asked", ("user", found.user.id.to_string()), json!({}));
        self.parts.store.commit(Changes { chain: chain_of(&grants), list: vec![change, audit] }).await?;
        let text = format!(
            "Somebody, probably you, asked to choose another password for Troupe.\n\n{}\n\nThe link works once, until \
             {}. If it was not you, do nothing: your password stays as it is.\n",
            link.url.expose_secret(),
            link.expires_at
        );
        self.parts.mailer.mail(email, "Choose another password", &text).await?;
        Ok(())
    }

    /// Sends an invitation by mail; false when it could not be sent, and the link must be handed over otherwise.
    pub async fn mail_invitation(&self, to: &str, agency: &str, link: &SecretLink) -> bool {
        let text = format!(
            "{agency} invites you to Troupe, where it looks after its brands on Instagram.\n\n{}\n\nThe link works once, \
             until {}.\n",
            link.url.expose_secret(),
            link.expires_at
        );
        match self.parts.mailer.mail(to, &format!("{agency} invites you to Troupe"), &text).await {
            Ok(()) => true,
            Err(error) => {
                tracing::info!(%error, "an invitation was not sent by mail");
                false
            }
        }
    }

    /// What makes links.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// Users, to be read.
    pub fn users(&self) -> &dyn Users {
        &*self.parts.users
    }
}

impl Origin {
    pub(super) fn told(&self) -> serde_json::Value {
        json!({ "ip": self.ip, "user_agent": self.user_agent.as_ref().map(|name| name.chars().take(300).collect::<String>()) })
    }
}

/// How long nobody may sign in with an address any more.
fn pause_left(failures: u32, last: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    let over = failures.checked_sub(FREE_TRIES)?;
    let pause = FIRST_PAUSE.saturating_mul(1 << over.min(10)).min(LONGEST_PAUSE);
    let passed = now.since(last?);
    pause.checked_sub(passed).filter(|left| !left.is_zero())
}

pub(super) fn invalid(field: &'static str, problem: impl Into<String>) -> PeopleError {
    PeopleError::Invalid { field, problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_refusals_the_pauses_double_up_to_an_hour() {
        let at = Timestamp::from_micros(1_000_000_000_000);
        let pause = |failures| pause_left(failures, Some(at), at).map(|pause| pause.as_secs());
        assert_eq!(pause(4), None);
        assert_eq!([5, 6, 7, 20, u32::MAX].map(pause), [30, 60, 120, 3_600, 3_600].map(Some));
        assert_eq!(pause_left(5, Some(at), at + FIRST_PAUSE), None, "then one more try is free");
    }
}
