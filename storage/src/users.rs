//! People who sign in, and their sessions, as they are read.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::access::UserRole;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, SessionId, TenantId, UserId};
use tenants::ports::{Credentials, Failures, StoreError, Users};
use tenants::user::{Grant, Session, TokenKind, User, UserStatus, UserToken};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Moment, Word, count, text};

macro_rules! user_columns {
    () => {
        " id, email, name, status, last_sign_in_at, created_at "
    };
}
macro_rules! session_columns {
    () => {
        " id, user_id, refresh_hash, csrf, expires_at, ends_at, ip, user_agent, created_at, refreshed_at "
    };
}

statements! {
    IS_SET_UP { "select 1 from installation union all select 1 from users limit 1" }
    FIND_USER { "select" (columns user_columns) "from users where id = $1" }
    FIND_USER_BY_EMAIL { "select" (columns user_columns) "from users where email = $1" }
    FIND_PASSWORD { "select password_hash from users where id = $1 and password_hash is not null" }
    FAILURES { "select failures, last_at from sign_in_failures where email_hash = $1" }
    GRANTS_OF {
        "select user_id, agency_id, tenant_id, role from memberships where user_id = $1 order by agency_id, scope_id"
    }
    USERS_OF_AGENCY {
        "select" (columns user_columns) "from users where id in (select user_id from memberships where agency_id = $1) \
         order by email"
    }
    GRANTS_IN {
        "select user_id, agency_id, tenant_id, role from memberships where agency_id = $1 order by user_id, scope_id"
    }
    FIND_SESSION { "select" (columns session_columns) "from sessions where token_hash = $1" }
    FIND_SESSION_BY_ID { "select" (columns session_columns) "from sessions where id = $1" }
    FIND_REFRESH {
        "select" (columns session_columns) "from sessions where refresh_hash = $1 or replaced_hash = $1 limit 1"
    }
    SESSIONS_OF {
        "select" (columns session_columns) "from sessions where user_id = $1 and ends_at > $2 order by id desc"
    }
    FIND_IDENTITY { "select user_id from user_identities where issuer = $1 and subject = $2" }
    SUBJECT_OF { "select subject from user_identities where user_id = $1 and issuer = $2" }
    FIND_TOKEN {
        "select hash, kind, user_id, expires_at, created_at from user_tokens where hash = $1 and used_at is null"
    }
}

#[derive(FromRow)]
struct UserRow {
    id: Uuid,
    email: String,
    name: String,
    status: Word<UserStatus>,
    last_sign_in_at: Option<Moment>,
    created_at: Moment,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: UserId(row.id),
            email: row.email,
            name: row.name,
            status: row.status.0,
            last_sign_in_at: row.last_sign_in_at.map(|moment| moment.0),
            created_at: row.created_at.0,
        }
    }
}

#[derive(FromRow)]
struct GrantRow {
    user_id: Uuid,
    agency_id: Uuid,
    tenant_id: Option<Uuid>,
    role: Word<UserRole>,
}

impl From<GrantRow> for Grant {
    fn from(row: GrantRow) -> Self {
        Self { agency: AgencyId(row.agency_id), tenant: row.tenant_id.map(TenantId), role: row.role.0 }
    }
}

#[derive(FromRow)]
struct SessionRow {
    id: Uuid,
    user_id: Uuid,
    refresh_hash: String,
    csrf: String,
    expires_at: Moment,
    ends_at: Moment,
    ip: Option<String>,
    user_agent: Option<String>,
    created_at: Moment,
    refreshed_at: Moment,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: SessionId(row.id),
            user: UserId(row.user_id),
            csrf: row.csrf,
            expires_at: row.expires_at.0,
            ends_at: row.ends_at.0,
            ip: row.ip,
            user_agent: row.user_agent,
            created_at: row.created_at.0,
            refreshed_at: row.refreshed_at.0,
        }
    }
}

#[derive(FromRow)]
struct TokenRow {
    hash: String,
    kind: Word<TokenKind>,
    user_id: Option<Uuid>,
    expires_at: Moment,
    created_at: Moment,
}

impl From<TokenRow> for UserToken {
    fn from(row: TokenRow) -> Self {
        Self {
            hash: row.hash,
            kind: row.kind.0,
            user: row.user_id.map(UserId),
            expires_at: row.expires_at.0,
            created_at: row.created_at.0,
        }
    }
}

impl Database {
    async fn with_user(&self, session: Option<SessionRow>) -> Result<Option<(Session, User)>, StoreError> {
        let Some(session) = session.map(Session::from) else { return Ok(None) };
        Ok(self.find_user(&session.user).await?.map(|user| (session, user)))
    }
}

#[async_trait]
impl Users for Database {
    async fn is_set_up(&self) -> Result<bool, StoreError> {
        Ok(row!(self.reader(), (i32,), IS_SET_UP)?.is_some())
    }

    async fn find_credentials(&self, email: &str) -> Result<Option<Credentials>, StoreError> {
        let Some(user) = row!(self.reader(), UserRow, FIND_USER_BY_EMAIL, text(email))?.map(User::from)
        else {
            return Ok(None);
        };
        let password = row!(self.reader(), (String,), FIND_PASSWORD, user.id.0)?;
        Ok(Some(Credentials { user, password_hash: password.map(|(hash,)| hash) }))
    }

    async fn failures(&self, email_hash: &str) -> Result<Failures, StoreError> {
        let found = row!(self.reader(), (i64, Moment), FAILURES, text(email_hash))?;
        Ok(found.map_or_else(Failures::default, |(failures, last)| Failures {
            count: count(failures),
            last_at: Some(last.0),
        }))
    }

    async fn find_user(&self, user: &UserId) -> Result<Option<User>, StoreError> {
        Ok(row!(self.reader(), UserRow, FIND_USER, user.0)?.map(User::from))
    }

    async fn grants_of(&self, user: &UserId) -> Result<Vec<Grant>, StoreError> {
        rows!(self.reader(), GrantRow, GRANTS_OF, user.0).map(all)
    }

    async fn list_users(&self, agency: &AgencyId) -> Result<Vec<(User, Vec<Grant>)>, StoreError> {
        let users: Vec<User> = rows!(self.reader(), UserRow, USERS_OF_AGENCY, agency.0).map(all)?;
        let mut grants: BTreeMap<Uuid, Vec<Grant>> = BTreeMap::new();
        for row in rows!(self.reader(), GrantRow, GRANTS_IN, agency.0)? {
            grants.entry(row.user_id).or_default().push(Grant::from(row));
        }
        let with = |user: User| {
            let theirs = grants.remove(&user.id.0).unwrap_or_default();
            (user, theirs)
        };
        Ok(users.into_iter().map(with).collect())
    }

    async fn find_session(&self, token_hash: &str) -> Result<Option<(Session, User)>, StoreError> {
        self.with_user(row!(self.reader(), SessionRow, FIND_SESSION, text(token_hash))?).await
    }

    async fn find_session_by_id(&self, session: &SessionId) -> Result<Option<(Session, User)>, StoreError> {
        self.with_user(row!(self.reader(), SessionRow, FIND_SESSION_BY_ID, session.0)?).await
    }

    async fn find_refresh(&self, refresh_hash: &str) -> Result<Option<(Session, bool)>, StoreError> {
        let found = row!(self.reader(), SessionRow, FIND_REFRESH, text(refresh_hash))?;
        Ok(found.map(|row| {
            let is_present = row.refresh_hash == refresh_hash;
            (Session::from(row), is_present)
        }))
    }

    async fn sessions_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        rows!(self.reader(), SessionRow, SESSIONS_OF, user.0, Moment(now)).map(all)
    }

    async fn find_token(&self, hash: &str) -> Result<Option<UserToken>, StoreError> {
        Ok(row!(self.reader(), TokenRow, FIND_TOKEN, text(hash))?.map(UserToken::from))
    }

    async fn find_identity(&self, issuer: &str, subject: &str) -> Result<Option<UserId>, StoreError> {
        let found = row!(self.reader(), (Uuid,), FIND_IDENTITY, text(issuer), text(subject))?;
        Ok(found.map(|(user,)| UserId(user)))
    }

    async fn subject_of(&self, user: &UserId, issuer: &str) -> Result<Option<String>, StoreError> {
        Ok(row!(self.reader(), (String,), SUBJECT_OF, user.0, text(issuer))?.map(|(subject,)| subject))
    }
}
