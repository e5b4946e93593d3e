//! Raises and resolves alerts.

use tenants::alert::NewAlert;
use tenants::audit::Chain;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use uuid::Uuid;

use super::schedule::Group;
use crate::db::{Connection, run};
use crate::failure::Failure;
use crate::statement::statements;
use crate::types::{Doc, Moment, text};

statements! {
    RAISE_ALERT {
        "insert into system_alerts (id, scope_id, agency_id, tenant_id, alert_type, severity, message, details, \
         dedup_key, occurrences, last_seen_at, created_at) values ($1, $2, \
         coalesce($3, (select agency_id from tenants where id = $4)), $4, $5, $6, $7, $8, $9, 1, $10, $10) \
         on conflict (scope_id, dedup_key) where resolved_at is null \
         do update set occurrences = system_alerts.occurrences + 1, last_seen_at = excluded.last_seen_at"
    }
    RESOLVE_ALERT_BY_KEY {
        "update system_alerts set resolved_at = $3, resolved_by = $4 \
         where scope_id = $1 and dedup_key = $2 and resolved_at is null"
    }
}

pub(crate) async fn apply(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    for item in group {
        match item.change {
            Change::RaiseAlert(alert, at) => {
                let is_foreign = match item.chain {
                    Chain::Tenant(tenant) => alert.tenant.is_some_and(|named| named != tenant),
                    Chain::Agency(agency) => alert.agency.is_some_and(|named| named != agency),
                };
                if is_foreign {
                    return Err(Failure::Conflict("the alert concerns somebody else".to_owned()));
                }
                raise(connection, alert, *at).await?;
            }
            Change::ResolveAlert { dedup_key, by, at } => {
                let scope = item.chain.uuid();
                run!(connection, RESOLVE_ALERT_BY_KEY, scope, text(dedup_key), Moment(*at), text(by))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Within what unresolved alerts with the same key are one: the tenant, else the agency, else the installation.
fn scope(alert: &NewAlert) -> Uuid {
    let tenant = alert.tenant.map(|tenant| tenant.0);
    tenant.or(alert.agency.map(|agency| agency.0)).unwrap_or(Uuid::nil())
}

/// Stores the alert, or counts a repetition.
pub(crate) async fn raise(
    connection: &mut Connection,
    alert: &NewAlert,
    at: Timestamp,
) -> Result<(), Failure> {
    run!(
        connection,
        RAISE_ALERT,
        alert.id.0,
        scope(alert),
        alert.agency.map(|agency| agency.0),
        alert.tenant.map(|tenant| tenant.0),
        alert.alert_type.as_str(),
        alert.severity().as_str(),
        text(&alert.message),
        Doc(&alert.details),
        text(&alert.dedup_key),
        Moment(at)
    )?;
    Ok(())
}
