//! Stores accounts, Meta apps and API keys.

use tenants::account::{Account, AccountStatus, ApiKey, KeyScope, MetaApp, SealedSecret};
use tenants::audit::Chain;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, AgencyId, KeyId, TenantId};

use super::schedule::Group;
use super::tenants::{raise_version, tenant_of};
use super::ticks;
use crate::db::{Connection, run};
use crate::directory::{SCOPE_AGENCY, SCOPE_INSTALLATION, SCOPE_TENANT};
use crate::failure::Failure;
use crate::statement::statements;
use crate::types::{Moment, maybe_text, text};

statements! {
    PUT_ACCOUNT {
        "insert into social_accounts (id, tenant_id, external_id, scoped_id, page_id, username, flavour, app_id, \
         status, token_key_id, token_sealed, token_expires_at, created_at, updated_at, token_set_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
         on conflict (id) do update set external_id = excluded.external_id, scoped_id = excluded.scoped_id, \
         page_id = excluded.page_id, username = excluded.username, flavour = excluded.flavour, \
         app_id = excluded.app_id, status = excluded.status, \
         token_key_id = coalesce(excluded.token_key_id, social_accounts.token_key_id), \
         token_sealed = coalesce(excluded.token_sealed, social_accounts.token_sealed), \
         token_expires_at = excluded.token_expires_at, updated_at = excluded.updated_at, \
         token_set_at = coalesce(excluded.token_set_at, social_accounts.token_set_at), \
         token_failures = 0, token_retry_at = null, token_error = null, token_trouble = null \
         where social_accounts.tenant_id = excluded.tenant_id"
    }
    SET_ACCOUNT_STATUS {
        "update social_accounts set status = $3, updated_at = $4 where tenant_id = $1 and id = $2"
    }
    DELETE_ACCOUNT { "delete from social_accounts where tenant_id = $1 and id = $2" }
    PUT_APP {
        "insert into meta_apps (id, agency_id, tenant_id, external_id, verify_token, secret_key_id, secret_sealed, \
         created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         on conflict (id) do update set tenant_id = excluded.tenant_id, external_id = excluded.external_id, \
         verify_token = excluded.verify_token, \
         secret_key_id = coalesce(excluded.secret_key_id, meta_apps.secret_key_id), \
         secret_sealed = coalesce(excluded.secret_sealed, meta_apps.secret_sealed), \
         updated_at = excluded.updated_at where meta_apps.agency_id = excluded.agency_id"
    }
    ADD_KEY {
        "insert into api_keys (id, name, scope, agency_id, tenant_id, hash, expires_at, revoked_at, last_used_at, \
         created_at, role) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    }
    REVOKE_KEY {
        "update api_keys set revoked_at = coalesce(revoked_at, $2) \
         where id = $1 and (agency_id = $3 or tenant_id = $4 or ($5 and agency_id is null and tenant_id is null))"
    }
}

pub(crate) async fn apply(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    for item in group {
        match item.change {
            Change::SetAccountStatus { account, status } => {
                set_status(connection, tenant_of(item.chain)?, *account, *status, now).await?;
            }
            Change::PutAccount { account, token } => {
                put_account(connection, tenant_of(item.chain)?, account, token.as_ref(), now).await?;
            }
            Change::DeleteAccount(account) => {
                delete_account(connection, tenant_of(item.chain)?, *account, now).await?;
            }
            Change::PutApp { app, secret } => {
                put_app(connection, item.chain, app, secret.as_ref(), now).await?;
            }
            Change::AddKey { key, hash } => add_key(connection, item.chain, key, hash).await?,
            Change::RevokeKey { key, at } => revoke_key(connection, item.chain, *key, *at).await?,
            _ => {}
        }
    }
    Ok(())
}

async fn set_status(
    connection: &mut Connection,
    tenant: TenantId,
    account: AccountId,
    status: AccountStatus,
    now: Timestamp,
) -> Result<(), Failure> {
    run!(connection, SET_ACCOUNT_STATUS, tenant.0, account.0, status.as_str(), Moment(now))?;
    ticks::mark(connection, tenant, now).await?;
    raise_version(connection, tenant, now).await
}

async fn put_account(
    connection: &mut Connection,
    tenant: TenantId,
    account: &Account,
    token: Option<&SealedSecret>,
    now: Timestamp,
) -> Result<(), Failure> {
    if account.tenant != tenant {
        return Err(Failure::Conflict(format!("{} belongs to another tenant", account.id)));
    }
    raise_version(connection, tenant, now).await?;
    let stored = run!(
        connection,
        PUT_ACCOUNT,
        account.id.0,
        tenant.0,
        text(&account.external_id),
        maybe_text(&account.scoped_id),
        maybe_text(&account.page_id),
        text(&account.username),
        account.flavour.as_str(),
        account.app.map(|app| app.0),
        account.status.as_str(),
        token.map(|token| token.key_id.as_str()),
        token.map(|token| token.sealed.as_slice()),
        account.token_expires_at.map(Moment),
        Moment(account.created_at),
        Moment(now),
        token.map(|_| Moment(now))
    )
    .map_err(|failure| {
        failure.when_taken(|| format!("the Instagram account {} is connected already", account.external_id))
    })?;
    match stored {
        0 => Err(Failure::Conflict(format!("{} belongs to another tenant", account.id))),
        _ => ticks::mark(connection, tenant, now).await,
    }
}

async fn delete_account(
    connection: &mut Connection,
    tenant: TenantId,
    account: AccountId,
    now: Timestamp,
) -> Result<(), Failure> {
    run!(connection, DELETE_ACCOUNT, tenant.0, account.0)?;
    ticks::mark(connection, tenant, now).await?;
    raise_version(connection, tenant, now).await
}

async fn put_app(
    connection: &mut Connection,
    chain: Chain,
    app: &MetaApp,
    secret: Option<&SealedSecret>,
    now: Timestamp,
) -> Result<(), Failure> {
    let is_own = match chain {
        Chain::Agency(agency) => app.agency == agency,
        Chain::Tenant(tenant) => app.tenant == Some(tenant),
    };
    if !is_own {
        return Err(Failure::Conflict(format!("{} belongs to somebody else", app.id)));
    }
    let stored = run!(
        connection,
        PUT_APP,
        app.id.0,
        app.agency.0,
        app.tenant.map(|tenant| tenant.0),
        text(&app.external_id),
        text(&app.verify_token),
        secret.map(|secret| secret.key_id.as_str()),
        secret.map(|secret| secret.sealed.as_slice()),
        Moment(app.created_at),
        Moment(now)
    )
    .map_err(|failure| {
        failure.when_taken(|| format!("the Meta app {} is registered already", app.external_id))
    })?;
    match stored {
        0 => Err(Failure::Conflict(format!("{} belongs to another agency", app.id))),
        _ => Ok(()),
    }
}

async fn add_key(connection: &mut Connection, chain: Chain, key: &ApiKey, hash: &str) -> Result<(), Failure> {
    let (scope, agency, tenant) = match key.scope {
        KeyScope::Installation => (SCOPE_INSTALLATION, None, None),
        KeyScope::Agency { agency } => (SCOPE_AGENCY, Some(agency), None),
        KeyScope::Tenant { agency, tenant } => (SCOPE_TENANT, Some(agency), Some(tenant)),
    };
    let is_own = match chain {
        Chain::Agency(own) => agency.is_none_or(|named| named == own),
        Chain::Tenant(own) => tenant == Some(own),
    };
    if !is_own {
        return Err(Failure::Conflict("the key would open what belongs to somebody else".to_owned()));
    }
    run!(
        connection,
        ADD_KEY,
        key.id.0,
        text(&key.name),
        scope,
        agency.map(|agency| agency.0),
        tenant.map(|tenant| tenant.0),
        text(hash),
        key.expires_at.map(Moment),
        key.revoked_at.map(Moment),
        key.last_used_at.map(Moment),
        Moment(key.created_at),
        key.role.as_str()
    )?;
    Ok(())
}

async fn revoke_key(
    connection: &mut Connection,
    chain: Chain,
    key: KeyId,
    at: Timestamp,
) -> Result<(), Failure> {
    let (agency, tenant) = match chain {
        Chain::Agency(agency) => (Some(agency.0), None),
        Chain::Tenant(tenant) => (None, Some(tenant.0)),
    };
    let of_installation = agency == Some(AgencyId::INSTALLATION.0);
    run!(connection, REVOKE_KEY, key.0, Moment(at), agency, tenant, of_installation)?;
    Ok(())
}
