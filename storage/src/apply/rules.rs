//! Stores rules and their hits.

use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::{RuleId, TenantId};
use tenants::rule::Rule;

use super::expected;
use super::schedule::Group;
use super::tenants::{raise_version, tenant_of};
use crate::db::{Connection, run, run_bulk};
use crate::failure::Failure;
use crate::statement::{bulk_statements, statements};
use crate::types::{Doc, Moment, text};

statements! {
    PUT_RULE {
        "insert into rules (id, tenant_id, name, listens_to, conditions, actions, priority, daily_cap, enabled, \
         dry_run, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         on conflict (id) do update set name = excluded.name, listens_to = excluded.listens_to, \
         conditions = excluded.conditions, actions = excluded.actions, priority = excluded.priority, \
         daily_cap = excluded.daily_cap, enabled = excluded.enabled, dry_run = excluded.dry_run, \
         updated_at = excluded.updated_at where rules.tenant_id = excluded.tenant_id"
    }
    DELETE_RULE { "delete from rules where tenant_id = $1 and id = $2" }
}

bulk_statements! {
    ADD_RULE_HITS {
        "insert into rule_hits (tenant_id, rule_id, event_id, day, dry_run, created_at) values"
        [uuid uuid uuid text boolean timestamptz]
        "on conflict (tenant_id, rule_id, event_id) do nothing"
    }
}

pub(crate) async fn apply(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    for item in group {
        let tenant = tenant_of(item.chain)?;
        match item.change {
            Change::PutRule(rule) => put(connection, tenant, rule).await?,
            Change::DeleteRule(rule) => delete(connection, tenant, *rule).await?,
            Change::Expect(expected) => {
                expected::hold(connection, item.chain, expected).await?;
                continue;
            }
            _ => {}
        }
        raise_version(connection, tenant, now).await?;
    }
    Ok(())
}

async fn put(connection: &mut Connection, tenant: TenantId, rule: &Rule) -> Result<(), Failure> {
    let stored = run!(
        connection,
        PUT_RULE,
        rule.id.0,
        tenant.0,
        text(&rule.name),
        Doc(&rule.trigger),
        Doc(&rule.conditions),
        Doc(&rule.actions),
        i64::from(rule.priority),
        rule.daily_cap.map(i64::from),
        rule.enabled,
        rule.dry_run,
        Moment(rule.created_at),
        Moment(rule.updated_at)
    )?;
    match stored {
        0 => Err(Failure::Conflict(format!("{} exists already", rule.id))),
        _ => Ok(()),
    }
}

async fn delete(connection: &mut Connection, tenant: TenantId, rule: RuleId) -> Result<(), Failure> {
    match run!(connection, DELETE_RULE, tenant.0, rule.0)? {
        0 => Err(Failure::Conflict(format!("{rule} does not exist"))),
        _ => Ok(()),
    }
}

pub(crate) async fn add_hits(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    let rows: Vec<_> = group
        .iter()
        .filter_map(|item| match item.change {
            Change::AddRuleHit { event, hit } => Some((item.chain.uuid(), event, hit)),
            _ => None,
        })
        .collect();
    run_bulk!(connection, ADD_RULE_HITS, &rows, |query, row| query
        .bind(row.0)
        .bind(row.2.rule.0)
        .bind(row.1.0)
        .bind(text(&row.2.day))
        .bind(row.2.dry_run)
        .bind(Moment(now)))?;
    Ok(())
}
