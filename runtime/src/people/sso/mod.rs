//! Sign-in through the agency's own provider of identities (OpenID Connect): the authorisation code flow with PKCE. Whoever
//! has proved a verified e-mail address there is the user with that address here, and from then on whoever the provider
//! says is the same person, whatever their address becomes.

mod jws;
mod provider;
mod ticket;

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::json;
use tenants::access::UserRole;
use tenants::changes::{Change, Changes};
use tenants::clock::Clock;
use tenants::ids::{AgencyId, Ids, UserId};
use tenants::ports::StoreError;
use tenants::user::{Grant, IdentityLink, User, UserChange, UserStatus};

use super::acts::checked_user_name;
use super::desk::Origin;
use super::sessions::chain_of;
use super::{NewSession, PeopleDesk, PeopleError, SignedIn};
use crate::administration::Act;

pub use provider::{Provider, is_safe};
pub use ticket::{LIVES, Ticket, Tickets};

/// Which provider, and who may come in through it.
#[derive(Debug, Clone)]
pub struct SsoSettings {
    /// The address by which the provider calls itself.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// Shows it that it is us; empty for a public client.
    pub client_secret: SecretString,
    /// What stands on the button.
    pub label: String,
    /// Domains of e-mail addresses that may come in, in lower case; all when empty.
    pub allowed_domains: Vec<String>,
    /// Who comes in without having been invited becomes this; nobody does when left out.
    pub provision: Option<(AgencyId, UserRole)>,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SsoError {
    /// Begun too long ago, in another browser, or not here.
    #[error("the sign-in was begun in another browser, or too long ago")]
    NotBegun,
    /// It was brought to its end before.
    #[error("this sign-in was used already")]
    Used,
    /// The person did not go through with it.
    #[error("the sign-in was given up at the provider ({0})")]
    Denied(String),
    /// The provider does not take the code, or us.
    #[error(
        "the provider refused the code: it was used already or is too old, or the client secret is wrong"
    )]
    Code,
    /// The provider does not answer.
    #[error("the provider does not answer: {0}")]
    Unreachable(String),
    /// The provider does not say what it should.
    #[error("the provider does not answer as it should: {0}")]
    Provider(String),
    /// Its token is not to be believed.
    #[error("the token of the provider is not accepted: {0}")]
    Token(String),
    /// It does not vouch for an e-mail address.
    #[error("the provider does not vouch for an e-mail address of yours")]
    Unverified,
    /// The address may not come in this way.
    #[error("addresses of {0} may not sign in here this way")]
    Domain(String),
    /// Nobody here has the address.
    #[error("there is no user with the address {0}")]
    Unknown(String),
    /// May not sign in.
    #[error("this user may not sign in any more")]
    Disabled,
    /// The address belongs to somebody who the provider says is another person.
    #[error("the user with the address {0} signs in as another person of the provider")]
    Another(String),
    /// As with passwords.
    #[error(transparent)]
    People(#[from] PeopleError),
}

impl From<StoreError> for SsoError {
    fn from(error: StoreError) -> Self {
        Self::People(error.into())
    }
}

/// Who somebody is, as the provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// The person, for ever.
    pub subject: String,
    /// Their address, which the provider has verified; in lower case.
    pub email: String,
    /// Their name; may be empty.
    pub name: String,
}

/// What somebody brings back from the provider.
#[derive(Debug, Default)]
pub struct Returned {
    /// The code.
    pub code: Option<String>,
    /// The state that went along.
    pub state: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// Who answers (RFC 9207), where it is said.
    pub issuer: Option<String>,
}

/// Signs people in through one provider.
pub struct SingleSignOn {
    settings: SsoSettings,
    provider: Provider,
    tickets: Arc<Tickets>,
    clock: Arc<dyn Clock>,
    ids: Ids,
    /// Where people come back.
    back: String,
}

impl std::fmt::Debug for SingleSignOn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SingleSignOn({})", self.settings.issuer)
    }
}

impl SingleSignOn {
    /// Ready to send people to the provider, from where they come back to `public_url`.
    ///
    /// # Errors
    /// When this machine can make no connection.
    pub fn new(
        settings: SsoSettings,
        tickets: Arc<Tickets>,
        (clock, ids): (Arc<dyn Clock>, Ids),
        public_url: &str,
    ) -> anyhow::Result<Self> {
        let provider = Provider::new(settings.clone(), clock.clone())?;
        let back = format!("{}/sso/callback", public_url.trim_end_matches('/'));
        Ok(Self { settings, provider, tickets, clock, ids, back })
    }

    /// What stands on the button.
    pub fn label(&self) -> &str {
        &self.settings.label
    }

    /// Where somebody signs in, and the cookie that their browser brings back.
    ///
    /// # Errors
    /// When the provider does not answer as it should.
    pub async fn begin(&self) -> Result<(String, String), SsoError> {
        let (ticket, cookie) = self.tickets.issue(&self.ids, self.clock.now());
        Ok((self.provider.sign_in_address(&ticket, &self.back).await?, cookie))
    }

    /// Who came back.
    ///
    /// # Errors
    /// When it is nobody whom we have sent, or the provider does not vouch for them.
    pub async fn come_back(
        &self,
        returned: Returned,
        cookie: Option<&str>,
    ) -> Result<(Identity, Ticket), SsoError> {
        let now = self.clock.now();
        let ticket = cookie.and_then(|cookie| self.tickets.read(cookie, now)).ok_or(SsoError::NotBegun)?;
        if !ticket.is_state(returned.state.as_deref().unwrap_or_default()) {
            return Err(SsoError::NotBegun);
        }
        if returned.issuer.is_some_and(|issuer| issuer != self.settings.issuer) {
            return Err(SsoError::Token("another provider answers".to_owned()));
        }
        if let Some(error) = returned.error {
            return Err(SsoError::Denied(error.chars().filter(|it| !it.is_control()).take(100).collect()));
        }
        let code = returned.code.filter(|code| !code.is_empty() && code.len() <= 4_096);
        let code = code.ok_or(SsoError::NotBegun)?;
        let identity = self.provider.identify(&ticket, &code, &self.back).await?;
        let domain = identity.email.rsplit('@').next().unwrap_or_default();
        let domains = &self.settings.allowed_domains;
        if !domains.is_empty() && !domains.iter().any(|allowed| allowed == domain) {
            return Err(SsoError::Domain(domain.to_owned()));
        }
        Ok((identity, ticket))
    }
}

/// What is committed together with the beginning of the session.
struct Entry {
    user: User,
    grants: Vec<Grant>,
    list: Vec<Change>,
}

impl PeopleDesk {
    /// Begins a session for somebody whom the provider vouches for.
    ///
    /// # Errors
    /// When they are no user here and do not become one, may not sign in, or the ticket was used before.
    pub async fn sign_in_through(
        &self,
        sso: &SingleSignOn,
        (identity, ticket): (Identity, Ticket),
        origin: &Origin,
    ) -> Result<(SignedIn, NewSession), SsoError> {
        let entry = match self.parts.users.find_identity(&identity.issuer, &identity.subject).await? {
            Some(user) => self.entry_of(user).await?,
            None => self.first_entry(sso, &identity).await?,
        };
        if entry.user.status == UserStatus::Disabled {
            self.note_disabled(&entry, origin).await?;
            return Err(SsoError::Disabled);
        }
        let act = self.sso_act(&entry.user);
        let spent = UserChange::Spend { hash: ticket.spent_as(), expires_at: ticket.expires_at };
        let mut list = vec![Change::User(spent)];
        list.extend(entry.list);
        let about = json!({ "issuer": identity.issuer, "subject": identity.subject });
        list.push(act.audit("user.signed_in_by_sso", ("user", entry.user.id.to_string()), about));
        let (signed_in, new, begin) = self.beginning(entry.user, entry.grants, origin);
        list.extend(begin.list);
        match self.parts.store.commit(Changes { chain: begin.chain, list }).await {
            Ok(()) => Ok((signed_in, new)),
            Err(StoreError::Conflict(_)) => Err(SsoError::Used),
            Err(error) => Err(error.into()),
        }
    }

    fn sso_act(&self, user: &User) -> Act<'_> {
        Act { by: format!("user:{}", user.id), at: self.now(), ids: &self.parts.ids }
    }

    /// Somebody who came this way before.
    async fn entry_of(&self, user: UserId) -> Result<Entry, SsoError> {
        let user = self.parts.users.find_user(&user).await?.ok_or(SsoError::Disabled)?;
        let grants = self.parts.users.grants_of(&user.id).await?;
        Ok(Entry { user, grants, list: Vec::new() })
    }

    /// Somebody who comes this way for the first time: the user with their address, or a new one.
    async fn first_entry(&self, sso: &SingleSignOn, identity: &Identity) -> Result<Entry, SsoError> {
        let found = self.parts.users.find_credentials(&identity.email).await?.map(|found| found.user);
        let mut entry = match found {
            Some(user) => self.accepting(user, identity).await?,
            None => self.provisioned(sso, identity)?,
        };
        let act = self.sso_act(&entry.user);
        let link = IdentityLink {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            user: entry.user.id,
            created_at: act.at,
        };
        let about =
            json!({ "issuer": identity.issuer, "subject": identity.subject, "email": identity.email });
        entry.list.push(Change::User(UserChange::Link(Box::new(link))));
        entry.list.push(act.audit("user.identity_linked", ("user", entry.user.id.to_string()), about));
        Ok(entry)
    }

    /// Whoever was invited accepts by signing in.
    async fn accepting(&self, user: User, identity: &Identity) -> Result<Entry, SsoError> {
        // An address that was given to somebody else does not bring them in as whoever had it.
        if self.parts.users.subject_of(&user.id, &identity.issuer).await?.is_some() {
            return Err(SsoError::Another(identity.email.clone()));
        }
        let grants = self.parts.users.grants_of(&user.id).await?;
        let mut list = Vec::new();
        let user = match user.status {
            UserStatus::Invited => {
                let user = User { name: name_of(identity), status: UserStatus::Active, ..user };
                list.push(Change::User(UserChange::Put(Box::new(user.clone()))));
                let about = json!({ "email": user.email });
                list.push(self.sso_act(&user).audit("user.accepted", ("user", user.id.to_string()), about));
                user
            }
            UserStatus::Active | UserStatus::Disabled => user,
        };
        Ok(Entry { user, grants, list })
    }

    fn provisioned(&self, sso: &SingleSignOn, identity: &Identity) -> Result<Entry, SsoError> {
        let Some((agency, role)) = sso.settings.provision else {
            return Err(SsoError::Unknown(identity.email.clone()));
        };
        let user = User {
            id: UserId::new(&self.parts.ids),
            email: identity.email.clone(),
            name: name_of(identity),
            status: UserStatus::Active,
            last_sign_in_at: None,
            created_at: self.now(),
        };
        let grants = vec![Grant { agency, tenant: None, role }];
        let about = json!({ "email": user.email, "grants": grants });
        let list = vec![
            Change::User(UserChange::Put(Box::new(user.clone()))),
            Change::User(UserChange::SetGrants { user: user.id, grants: grants.clone() }),
            self.sso_act(&user).audit("user.provisioned", ("user", user.id.to_string()), about),
        ];
        Ok(Entry { user, grants, list })
    }

    async fn note_disabled(&self, entry: &Entry, origin: &Origin) -> Result<(), SsoError> {
        let act = Act { by: "nobody".to_owned(), at: self.now(), ids: &self.parts.ids };
        let audit = act.audit("session.refused", ("user", entry.user.id.to_string()), origin.told());
        self.parts.store.commit(Changes { chain: chain_of(&entry.grants), list: vec![audit] }).await?;
        Ok(())
    }
}

/// The name that the provider tells, or the address before its sign.
fn name_of(identity: &Identity) -> String {
    let from_address = || identity.email.split('@').next().unwrap_or_default().to_owned();
    checked_user_name(&identity.name).unwrap_or_else(|_| from_address())
}
