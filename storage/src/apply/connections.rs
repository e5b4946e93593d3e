//! Stores attempts to connect accounts, the life of tokens, and requests to delete data.

use tenants::account::SealedSecret;
use tenants::audit::Chain;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::connect::{AppLogin, ConnectAttempt, ConnectChange, ConnectStatus, DeletionRequest};
use tenants::ids::{AgencyId, AppId, TenantId};

use super::alerts::raise;
use super::schedule::Group;
use super::tenants::{raise_version, tenant_of};
use super::ticks;
use crate::db::{Connection, run};
use crate::failure::Failure;
use crate::statement::statements;
use crate::types::{Doc, Moment, maybe_text, text};

statements! {
    BEGIN_ATTEMPT {
        "insert into connect_attempts (id, tenant_id, state_hash, status, body, expires_at, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)"
    }
    MOVE_ATTEMPT {
        "update connect_attempts set status = $4, body = $5, grant_key_id = $6, grant_sealed = $7, expires_at = $8, \
         updated_at = $9 where tenant_id = $1 and id = $2 and status = $3"
    }
    KEEP_GRANTED {
        "update social_accounts set scopes = $3, granted_by = $4, updated_at = $5 where tenant_id = $1 and id = $2"
    }
    SET_SUBSCRIBED { "update social_accounts set subscribed_at = $3 where tenant_id = $1 and id = $2" }
    STORE_REFRESHED {
        "update social_accounts set token_key_id = $4, token_sealed = $5, token_expires_at = $6, token_set_at = $7, \
         token_failures = 0, token_retry_at = null, token_error = null, token_trouble = null, updated_at = $7 \
         where tenant_id = $1 and id = $2 and token_set_at = $3"
    }
    COUNT_FAILED_REFRESH {
        "update social_accounts set token_failures = token_failures + 1, token_retry_at = $4, token_error = $5 \
         where tenant_id = $1 and id = $2 and token_set_at = $3"
    }
    REFUSE_TOKEN {
        "update social_accounts set status = $3, token_trouble = $4, token_error = $5, token_retry_at = null, \
         updated_at = $7 where tenant_id = $1 and id = $2 and (token_set_at is null or token_set_at <= $6)"
    }
    FORGET_TOKEN {
        "update social_accounts set token_key_id = null, token_sealed = null, token_set_at = null, \
         token_expires_at = null, token_retry_at = null, scopes = '[]', granted_by = null, subscribed_at = null, \
         updated_at = $3 where tenant_id = $1 and id = $2"
    }
    RESEAL_TOKEN {
        "update social_accounts set token_key_id = $4, token_sealed = $5 \
         where tenant_id = $1 and id = $2 and token_sealed = $3"
    }
    RESEAL_APP {
        "update meta_apps set secret_key_id = $4, secret_sealed = $5 \
         where agency_id = $1 and id = $2 and secret_sealed = $3"
    }
    RESEAL_APP_LOGIN {
        "update meta_apps set instagram_secret_key_id = $4, instagram_secret_sealed = $5 \
         where agency_id = $1 and id = $2 and instagram_secret_sealed = $3"
    }
    RESEAL_CHANNEL {
        "update notification_channels set secret_key_id = $4, secret_sealed = $5 \
         where scope_id = $1 and id = $2 and secret_sealed = $3"
    }
    PUT_APP_LOGIN {
        "update meta_apps set instagram_app_id = $3, instagram_secret_key_id = $4, instagram_secret_sealed = $5, \
         updated_at = $6 where agency_id = $1 and id = $2"
    }
    PUT_DELETION {
        "insert into deletion_requests (code, app_id, user_id, received_at, done_at, accounts, tenants) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (code) do update set user_id = excluded.user_id, \
         done_at = excluded.done_at, accounts = excluded.accounts, tenants = excluded.tenants"
    }
    FORGET_GRANTS {
        "update connect_attempts set grant_key_id = null, grant_sealed = null \
         where grant_sealed is not null and expires_at <= $1"
    }
}

pub(crate) async fn apply(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    for item in group {
        let Change::Connect(change) = item.change else { continue };
        match change {
            ConnectChange::PutDeletion(request) => put_deletion(connection, item.chain, request).await?,
            ConnectChange::PutAppLogin(login) => put_login(connection, item.chain, login, now).await?,
            ConnectChange::ResealApp { app, of_instagram_login, old, new } => {
                reseal_app(connection, item.chain, *app, *of_instagram_login, (old, new)).await?;
            }
            ConnectChange::ResealChannel { channel, old, new } => {
                let (old, key, new) = (old.sealed.as_slice(), new.key_id.as_str(), new.sealed.as_slice());
                run!(connection, RESEAL_CHANNEL, item.chain.uuid(), channel.0, old, key, new)?;
            }
            change => of_tenant(connection, tenant_of(item.chain)?, change, now).await?,
        }
    }
    Ok(())
}

async fn of_tenant(
    connection: &mut Connection,
    tenant: TenantId,
    change: &ConnectChange,
    now: Timestamp,
) -> Result<(), Failure> {
    let id = tenant.0;
    match change {
        ConnectChange::Begin { attempt, state_hash } => {
            begin(connection, tenant, attempt, state_hash, now).await?;
        }
        ConnectChange::Move { attempt, from, grant } => {
            advance(connection, tenant, attempt, *from, grant.as_ref(), now).await?;
        }
        ConnectChange::Granted { account, scopes, granted_by } => {
            let granted_by = maybe_text(granted_by);
            run!(connection, KEEP_GRANTED, id, account.0, Doc(scopes), granted_by, Moment(now))?;
        }
        ConnectChange::Subscribed { account, at } => {
            run!(connection, SET_SUBSCRIBED, id, account.0, at.map(Moment))?;
        }
        ConnectChange::Refreshed { account, of, token, expires_at, at } => {
            let (key, sealed) = (token.key_id.as_str(), token.sealed.as_slice());
            let (of, expires_at) = (of.map(Moment), expires_at.map(Moment));
            run!(connection, STORE_REFRESHED, id, account.0, of, key, sealed, expires_at, Moment(*at))?;
            ticks::mark(connection, tenant, now).await?;
            raise_version(connection, tenant, now).await?;
        }
        ConnectChange::RefreshFailed { account, of, retry_at, error } => {
            let (of, retry_at) = (of.map(Moment), retry_at.map(Moment));
            run!(connection, COUNT_FAILED_REFRESH, id, account.0, of, retry_at, text(error))?;
        }
        ConnectChange::TokenRefused { account, status, trouble, error, since, alert, at } => {
            if alert.tenant != Some(tenant) {
                return Err(Failure::Conflict("the alert concerns somebody else".to_owned()));
            }
            let (status, trouble, error) = (status.as_str(), trouble.as_str(), text(error));
            let (since, now_moment) = (Moment(*since), Moment(now));
            let marked =
                run!(connection, REFUSE_TOKEN, id, account.0, status, trouble, error, since, now_moment)?;
            if marked > 0 {
                ticks::mark(connection, tenant, now).await?;
                raise_version(connection, tenant, now).await?;
                raise(connection, alert, *at).await?;
            }
        }
        ConnectChange::ForgetToken(account) => {
            run!(connection, FORGET_TOKEN, id, account.0, Moment(now))?;
            ticks::mark(connection, tenant, now).await?;
            raise_version(connection, tenant, now).await?;
        }
        ConnectChange::Reseal { account, old, new } => {
            let (key, new) = (new.key_id.as_str(), new.sealed.as_slice());
            run!(connection, RESEAL_TOKEN, id, account.0, old.sealed.as_slice(), key, new)?;
        }
        ConnectChange::ResealApp { .. }
        | ConnectChange::ResealChannel { .. }
        | ConnectChange::PutAppLogin(_)
        | ConnectChange::PutDeletion(_) => {}
    }
    Ok(())
}

async fn begin(
    connection: &mut Connection,
    tenant: TenantId,
    attempt: &ConnectAttempt,
    state_hash: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    if attempt.tenant != tenant {
        return Err(Failure::Conflict(format!("{} belongs to another tenant", attempt.id)));
    }
    run!(
        connection,
        BEGIN_ATTEMPT,
        attempt.id.0,
        tenant.0,
        text(state_hash),
        attempt.status.as_str(),
        Doc(attempt),
        Moment(attempt.expires_at),
        Moment(attempt.created_at),
        Moment(now)
    )?;
    Ok(())
}

async fn advance(
    connection: &mut Connection,
    tenant: TenantId,
    attempt: &ConnectAttempt,
    from: ConnectStatus,
    grant: Option<&SealedSecret>,
    now: Timestamp,
) -> Result<(), Failure> {
    let moved = run!(
        connection,
        MOVE_ATTEMPT,
        tenant.0,
        attempt.id.0,
        from.as_str(),
        attempt.status.as_str(),
        Doc(attempt),
        grant.map(|grant| grant.key_id.as_str()),
        grant.map(|grant| grant.sealed.as_slice()),
        Moment(attempt.expires_at),
        Moment(now)
    )?;
    match moved {
        0 => Err(Failure::Conflict(format!("{} is not {from} any more", attempt.id))),
        _ => Ok(()),
    }
}

async fn put_deletion(
    connection: &mut Connection,
    chain: Chain,
    request: &DeletionRequest,
) -> Result<(), Failure> {
    if chain != Chain::Agency(AgencyId::INSTALLATION) {
        return Err(Failure::Conflict("requests to delete data belong to the installation".to_owned()));
    }
    run!(
        connection,
        PUT_DELETION,
        text(&request.code),
        request.app.map(|app| app.0),
        text(&request.user_id),
        Moment(request.received_at),
        request.done_at.map(Moment),
        i64::from(request.accounts),
        i64::from(request.tenants)
    )?;
    Ok(())
}

async fn put_login(
    connection: &mut Connection,
    chain: Chain,
    login: &AppLogin,
    now: Timestamp,
) -> Result<(), Failure> {
    let agency = agency_of(chain)?;
    let (key, sealed) = (login.secret.key_id.as_str(), login.secret.sealed.as_slice());
    let id = text(&login.instagram_app_id);
    match run!(connection, PUT_APP_LOGIN, agency.0, login.app.0, id, key, sealed, Moment(now))? {
        0 => Err(Failure::Conflict(format!("{} belongs to another agency", login.app))),
        _ => Ok(()),
    }
}

async fn reseal_app(
    connection: &mut Connection,
    chain: Chain,
    app: AppId,
    of_instagram_login: bool,
    (old, new): (&SealedSecret, &SealedSecret),
) -> Result<(), Failure> {
    let agency = agency_of(chain)?;
    let (old, key, new) = (old.sealed.as_slice(), new.key_id.as_str(), new.sealed.as_slice());
    if of_instagram_login {
        run!(connection, RESEAL_APP_LOGIN, agency.0, app.0, old, key, new)?;
    } else {
        run!(connection, RESEAL_APP, agency.0, app.0, old, key, new)?;
    }
    Ok(())
}

fn agency_of(chain: Chain) -> Result<AgencyId, Failure> {
    match chain {
        Chain::Agency(agency) => Ok(agency),
        Chain::Tenant(_) => Err(Failure::Conflict("apps belong to agencies".to_owned())),
    }
}

/// Erases the tokens of attempts that are over.
pub(crate) async fn forget_grants(connection: &mut Connection, now: Timestamp) -> Result<u64, Failure> {
    run!(connection, FORGET_GRANTS, Moment(now))
}
