//! Stores people who sign in, what they are in which agency, and their sessions.

use std::time::Duration;

use tenants::audit::Chain;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, UserId};
use tenants::user::{Grant, IdentityLink, Session, SessionSecrets, TokenKind, User, UserChange, UserToken};

use super::schedule::Group;
use crate::db::{Connection, fetch, run};
use crate::failure::Failure;
use crate::statement::statements;
use crate::types::{Moment, maybe_text, text};

/// So long refused sign-ins are counted.
const FAILURES_KEPT: Duration = Duration::from_secs(86_400);

statements! {
    SET_UP { "insert into installation (id, set_up_at) values (1, $1)" }
    PUT_USER {
        "insert into users (id, email, name, status, last_sign_in_at, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do update set name = excluded.name, \
         status = excluded.status, updated_at = excluded.updated_at"
    }
    SET_PASSWORD { "update users set password_hash = $2, updated_at = $3 where id = $1" }
    DROP_GRANTS { "delete from memberships where user_id = $1 and agency_id = $2" }
    ADD_GRANT {
        "insert into memberships (user_id, scope_id, agency_id, tenant_id, role, created_at) \
         values ($1, $2, $3, $4, $5, $6)"
    }
    IS_OF_AGENCY { "select count(*) from tenants where id = $1 and agency_id = $2" }
    /// Changes of one agency's people wait for each other, so that two owners cannot leave at once.
    LOCK_AGENCY { "update agencies set name = name where id = $1" }
    OWNERS {
        "select count(*) from memberships where agency_id = $1 and tenant_id is null and role = 'owner'"
    }
    BEGIN_SESSION {
        "insert into sessions (id, user_id, token_hash, refresh_hash, csrf, expires_at, ends_at, ip, user_agent, \
         created_at, refreshed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    }
    REFRESH_SESSION {
        "update sessions set token_hash = $3, refresh_hash = $4, replaced_hash = refresh_hash, csrf = $5, \
         expires_at = $6, ends_at = $7, refreshed_at = $8 where id = $1 and refresh_hash = $2"
    }
    END_SESSION { "delete from sessions where id = $1" }
    END_SESSIONS { "delete from sessions where user_id = $1" }
    DROP_ENDED { "delete from sessions where user_id = $1 and ends_at <= $2" }
    DROP_TOKENS {
        "delete from user_tokens where kind = $1 and (user_id = $2 or ($2 is null and user_id is null))"
    }
    ADD_TOKEN {
        "insert into user_tokens (hash, kind, user_id, expires_at, created_at) values ($1, $2, $3, $4, $5)"
    }
    USE_TOKEN { "update user_tokens set used_at = $2 where hash = $1 and used_at is null and expires_at > $2" }
    /// Whoever has not failed for a day begins anew; this also keeps strangers from filling the table.
    DROP_OLD_FAILURES { "delete from sign_in_failures where last_at < $1" }
    NOTE_FAILURE {
        "insert into sign_in_failures (email_hash, failures, last_at) values ($1, 1, $2) \
         on conflict (email_hash) do update set failures = sign_in_failures.failures + 1, last_at = excluded.last_at"
    }
    NOTE_SIGN_IN { "update users set last_sign_in_at = $2 where id = $1" }
    LINK { "insert into user_identities (issuer, subject, user_id, created_at) values ($1, $2, $3, $4)" }
    UNLINK { "delete from user_identities where user_id = $1" }
    /// Whoever would use an older one comes too late anyway.
    DROP_OLD_TICKETS { "delete from spent_tickets where expires_at < $1" }
    SPEND { "insert into spent_tickets (hash, expires_at) values ($1, $2)" }
    FORGET_FAILURES { "delete from sign_in_failures where email_hash = $1" }
}

pub(crate) async fn apply(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    for item in group {
        let Change::User(change) = item.change else { continue };
        match change {
            UserChange::SetUp => set_up(connection, now).await?,
            UserChange::Put(user) => put(connection, user, now).await?,
            UserChange::SetPassword { user, hash } => {
                known(run!(connection, SET_PASSWORD, user.0, text(hash), Moment(now))?, *user)?;
                run!(connection, END_SESSIONS, user.0)?;
            }
            UserChange::SetGrants { user, grants } => {
                set_grants(connection, agency_of(item.chain)?, *user, grants, now).await?;
            }
            UserChange::Begin { session, secrets } => begin(connection, session, secrets).await?,
            UserChange::Refresh { session, used, secrets } => {
                refresh(connection, session, used, secrets).await?;
            }
            UserChange::End(session) => {
                run!(connection, END_SESSION, session.0)?;
            }
            UserChange::EndAll(user) => {
                run!(connection, END_SESSIONS, user.0)?;
            }
            UserChange::AddToken(token) => add_token(connection, token).await?,
            UserChange::UseToken { hash, at } => {
                if run!(connection, USE_TOKEN, text(hash), Moment(*at))? == 0 {
                    return Err(Failure::Conflict("it was used already, or its time is over".to_owned()));
                }
            }
            UserChange::NoteFailure { email_hash, at } => {
                run!(connection, DROP_OLD_FAILURES, Moment(*at - FAILURES_KEPT))?;
                run!(connection, NOTE_FAILURE, text(email_hash), Moment(*at))?;
            }
            UserChange::NoteSignIn { user, email_hash, at } => {
                run!(connection, NOTE_SIGN_IN, user.0, Moment(*at))?;
                run!(connection, FORGET_FAILURES, text(email_hash))?;
                run!(connection, DROP_ENDED, user.0, Moment(*at))?;
            }
            UserChange::Link(identity) => link(connection, identity).await?,
            UserChange::Unlink(user) => {
                run!(connection, UNLINK, user.0)?;
            }
            UserChange::Spend { hash, expires_at } => {
                run!(connection, DROP_OLD_TICKETS, Moment(now))?;
                let spent = run!(connection, SPEND, text(hash), Moment(*expires_at));
                spent.map_err(|failure| failure.when_taken(|| "it was used already".to_owned()))?;
            }
        }
    }
    Ok(())
}

fn agency_of(chain: Chain) -> Result<AgencyId, Failure> {
    match chain {
        Chain::Agency(agency) => Ok(agency),
        Chain::Tenant(_) => Err(Failure::Conflict("people belong to agencies".to_owned())),
    }
}

fn known(changed: u64, user: UserId) -> Result<(), Failure> {
    match changed {
        0 => Err(Failure::Conflict(format!("{user} does not exist"))),
        _ => Ok(()),
    }
}

async fn set_up(connection: &mut Connection, now: Timestamp) -> Result<(), Failure> {
    let done = run!(connection, SET_UP, Moment(now));
    done.map_err(|failure| failure.when_taken(|| "it is set up already: sign in".to_owned()))?;
    Ok(())
}

async fn put(connection: &mut Connection, user: &User, now: Timestamp) -> Result<(), Failure> {
    let stored = run!(
        connection,
        PUT_USER,
        user.id.0,
        text(&user.email),
        text(&user.name),
        user.status.as_str(),
        user.last_sign_in_at.map(Moment),
        Moment(user.created_at),
        Moment(now)
    );
    stored.map_err(|failure| failure.when_taken(|| format!("{} is a user already", user.email)))?;
    Ok(())
}

async fn set_grants(
    connection: &mut Connection,
    agency: AgencyId,
    user: UserId,
    grants: &[Grant],
    now: Timestamp,
) -> Result<(), Failure> {
    run!(connection, LOCK_AGENCY, agency.0)?;
    let had_owner = owners(connection, agency).await? > 0;
    run!(connection, DROP_GRANTS, user.0, agency.0)?;
    for grant in grants {
        if grant.agency != agency {
            return Err(Failure::Conflict("a grant belongs to another agency".to_owned()));
        }
        if let Some(tenant) = grant.tenant
            && fetch!(connection, (i64,), IS_OF_AGENCY, tenant.0, agency.0)?.first() != Some(&(1,))
        {
            return Err(Failure::Conflict("a grant is for a tenant of another agency".to_owned()));
        }
        let tenant = grant.tenant.map(|tenant| tenant.0);
        let (scope, role) = (tenant.unwrap_or(agency.0), grant.role.as_str());
        run!(connection, ADD_GRANT, user.0, scope, agency.0, tenant, role, Moment(now))?;
    }
    if had_owner && owners(connection, agency).await? == 0 {
        return Err(Failure::Conflict("an agency keeps an owner: make somebody else one first".to_owned()));
    }
    Ok(())
}

async fn owners(connection: &mut Connection, agency: AgencyId) -> Result<i64, Failure> {
    let found = fetch!(connection, (i64,), OWNERS, agency.0)?;
    Ok(found.first().map_or(0, |(count,)| *count))
}

async fn begin(
    connection: &mut Connection,
    session: &Session,
    secrets: &SessionSecrets,
) -> Result<(), Failure> {
    run!(
        connection,
        BEGIN_SESSION,
        session.id.0,
        session.user.0,
        text(&secrets.token),
        text(&secrets.refresh),
        text(&session.csrf),
        Moment(session.expires_at),
        Moment(session.ends_at),
        maybe_text(&session.ip),
        maybe_text(&session.user_agent),
        Moment(session.created_at),
        Moment(session.refreshed_at)
    )?;
    Ok(())
}

async fn refresh(
    connection: &mut Connection,
    session: &Session,
    used: &str,
    secrets: &SessionSecrets,
) -> Result<(), Failure> {
    let changed = run!(
        connection,
        REFRESH_SESSION,
        session.id.0,
        text(used),
        text(&secrets.token),
        text(&secrets.refresh),
        text(&session.csrf),
        Moment(session.expires_at),
        Moment(session.ends_at),
        Moment(session.refreshed_at)
    )?;
    match changed {
        0 => Err(Failure::Conflict("the session was refreshed or ended meanwhile".to_owned())),
        _ => Ok(()),
    }
}

async fn link(connection: &mut Connection, identity: &IdentityLink) -> Result<(), Failure> {
    let linked = run!(
        connection,
        LINK,
        text(&identity.issuer),
        text(&identity.subject),
        identity.user.0,
        Moment(identity.created_at)
    );
    linked.map_err(|failure| failure.when_taken(|| "it belongs to somebody already".to_owned()))?;
    run!(connection, DROP_TOKENS, TokenKind::Invitation.as_str(), Some(identity.user.0))?;
    Ok(())
}

async fn add_token(connection: &mut Connection, token: &UserToken) -> Result<(), Failure> {
    let user = token.user.map(|user| user.0);
    run!(connection, DROP_TOKENS, token.kind.as_str(), user)?;
    run!(
        connection,
        ADD_TOKEN,
        text(&token.hash),
        token.kind.as_str(),
        user,
        Moment(token.expires_at),
        Moment(token.created_at)
    )?;
    Ok(())
}
