//! Stores agencies, tenants and their settings.

use serde::Serialize;
use tenants::account::{Agency, Tenant};
use tenants::audit::Chain;
use tenants::budget::ShareCeilings;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::TenantId;
use tenants::money::MicroUsd;
use tenants::settings::TenantSettings;

use super::expected;
use super::schedule::Group;
use super::ticks;
use crate::db::{Connection, run};
use crate::failure::Failure;
use crate::statement::statements;
use crate::types::{Doc, Moment, text};

statements! {
    PUT_AGENCY {
        "insert into agencies (id, name, created_at, updated_at) values ($1, $2, $3, $4) \
         on conflict (id) do update set name = excluded.name, updated_at = excluded.updated_at"
    }
    PUT_TENANT {
        "insert into tenants (id, agency_id, slug, name, time_zone, status, version, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, 1, $7, $8) \
         on conflict (id) do update set slug = excluded.slug, name = excluded.name, \
         time_zone = excluded.time_zone, status = excluded.status, version = tenants.version + 1, \
         updated_at = excluded.updated_at where tenants.agency_id = excluded.agency_id"
    }
    PUT_SETTINGS {
        "insert into tenant_settings (tenant_id, settings, updated_at) values ($1, $2, $3) \
         on conflict (tenant_id) do update set settings = excluded.settings, updated_at = excluded.updated_at"
    }
    /// Merged by the database, so that whoever changes other settings at the same time loses nothing.
    SET_TENANT_BUDGET {
        "insert into tenant_settings (tenant_id, settings, updated_at) values ($1, $2, $3) \
         on conflict (tenant_id) do update set settings = "
        (only sqlite "json_patch(tenant_settings.settings, excluded.settings)")
        (only postgres "tenant_settings.settings || excluded.settings")
        ", updated_at = excluded.updated_at"
    }
    SET_AGENCY_BUDGET { "update agencies set daily_budget_micro_usd = $2, updated_at = $3 where id = $1" }
    RAISE_VERSIONS_OF_AGENCY {
        "update tenants set version = version + 1, updated_at = $2 where agency_id = $1"
    }
    RAISE_VERSION { "update tenants set version = version + 1, updated_at = $2 where id = $1" }
}

pub(crate) async fn apply(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    for item in group {
        match item.change {
            Change::PutAgency(agency) => put_agency(connection, item.chain, agency, now).await?,
            Change::SetAgencyBudget { daily } => {
                set_agency_budget(connection, item.chain, *daily, now).await?
            }
            Change::SetTenantBudget { daily, shares } => {
                let budget = TenantBudgetPart { daily_budget: *daily, budget_shares: *shares };
                set_tenant_budget(connection, item.chain, budget, now).await?;
            }
            Change::PutTenant(tenant) => put_tenant(connection, item.chain, tenant, now).await?,
            Change::Expect(expected) => expected::hold(connection, item.chain, expected).await?,
            Change::PutSettings(settings) => put_settings(connection, item.chain, settings, now).await?,
            _ => {}
        }
    }
    Ok(())
}

async fn put_agency(
    connection: &mut Connection,
    chain: Chain,
    agency: &Agency,
    now: Timestamp,
) -> Result<(), Failure> {
    if chain != Chain::Agency(agency.id) {
        return Err(Failure::Conflict("an agency is stored on its own chain".to_owned()));
    }
    run!(connection, PUT_AGENCY, agency.id.0, text(&agency.name), Moment(agency.created_at), Moment(now))?;
    Ok(())
}

async fn set_agency_budget(
    connection: &mut Connection,
    chain: Chain,
    daily: Option<MicroUsd>,
    now: Timestamp,
) -> Result<(), Failure> {
    let Chain::Agency(agency) = chain else {
        return Err(Failure::Conflict("this change needs an agency".to_owned()));
    };
    let set = run!(connection, SET_AGENCY_BUDGET, agency.0, daily.map(|daily| daily.0), Moment(now))?;
    if set == 0 {
        return Err(Failure::Conflict(format!("{agency} does not exist")));
    }
    run!(connection, RAISE_VERSIONS_OF_AGENCY, agency.0, Moment(now))?;
    Ok(())
}

/// What is to be merged into the stored settings.
#[derive(Serialize)]
struct TenantBudgetPart {
    #[serde(skip_serializing_if = "Option::is_none")]
    daily_budget: Option<MicroUsd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_shares: Option<ShareCeilings>,
}

async fn set_tenant_budget(
    connection: &mut Connection,
    chain: Chain,
    budget: TenantBudgetPart,
    now: Timestamp,
) -> Result<(), Failure> {
    let tenant = tenant_of(chain)?;
    raise_version(connection, tenant, now).await?;
    run!(connection, SET_TENANT_BUDGET, tenant.0, Doc(&budget), Moment(now))?;
    Ok(())
}

async fn put_tenant(
    connection: &mut Connection,
    chain: Chain,
    tenant: &Tenant,
    now: Timestamp,
) -> Result<(), Failure> {
    if chain != Chain::Tenant(tenant.id) && chain != Chain::Agency(tenant.agency) {
        return Err(Failure::Conflict(format!("{} belongs to somebody else", tenant.id)));
    }
    let stored = run!(
        connection,
        PUT_TENANT,
        tenant.id.0,
        tenant.agency.0,
        text(&tenant.slug),
        text(&tenant.name),
        text(&tenant.time_zone),
        tenant.status.as_str(),
        Moment(tenant.created_at),
        Moment(now)
    )
    .map_err(|failure| {
        failure.when_taken(|| format!("the slug `{}` is taken in this agency", tenant.slug))
    })?;
    match stored {
        0 => Err(Failure::Conflict(format!("{} belongs to another agency", tenant.id))),
        _ => ticks::mark(connection, tenant.id, now).await,
    }
}

async fn put_settings(
    connection: &mut Connection,
    chain: Chain,
    settings: &TenantSettings,
    now: Timestamp,
) -> Result<(), Failure> {
    let tenant = tenant_of(chain)?;
    raise_version(connection, tenant, now).await?;
    run!(connection, PUT_SETTINGS, tenant.0, Doc(settings), Moment(now))?;
    Ok(())
}

/// The tenant whose rows are changed; an agency has no such rows of its own.
pub(crate) fn tenant_of(chain: Chain) -> Result<TenantId, Failure> {
    match chain {
        Chain::Tenant(tenant) => Ok(tenant),
        Chain::Agency(_) => Err(Failure::Conflict("this change needs a tenant".to_owned())),
    }
}

/// Tells every holder of the tenant's context that it is not true any more.
pub(crate) async fn raise_version(
    connection: &mut Connection,
    tenant: TenantId,
    now: Timestamp,
) -> Result<(), Failure> {
    match run!(connection, RAISE_VERSION, tenant.0, Moment(now))? {
        0 => Err(Failure::Conflict(format!("{tenant} does not exist"))),
        _ => Ok(()),
    }
}
