//! Stores what was seen of accounts, and removes what is old.

use tenants::clock::Timestamp;
use tenants::ids::{AccountId, TenantId};
use tenants::ports::{AccountWatch, Trimmed, Watched};
use uuid::Uuid;

use super::{outside, webhooks};
use crate::db::{Connection, run, run_bulk};
use crate::failure::Failure;
use crate::statement::{Statement, bulk_statements, statements};
use crate::types::{Doc, IdList, Moment};

statements! {
    FORGET_OTHERS { "delete from account_watches where tenant_id = $1 and account_id " (not_among 2) }
    /// An account that rests meanwhile goes on resting.
    PUT_POLLED {
        "update account_watches set seen = $3, polled_at = $4, \
         poll_at = case when poll_at is null then poll_at else $5 end where tenant_id = $1 and account_id = $2"
    }
    PUT_CHECKED {
        "update account_watches set health = $3, checked_at = $4, \
         health_at = case when health_at is null then health_at else $5 end where tenant_id = $1 and account_id = $2"
    }
    HURRY_POLLS { "update account_watches set poll_at = $2 where tenant_id " (among 1) " and poll_at > $2" }
    TRIM_EVENTS {
        "delete from inbox_events where id in (select id from inbox_events where id < $1 \
         and (done_at is not null or quarantined_at is not null) order by id limit $2)"
    }
    TRIM_ORPHANS {
        "delete from orphaned_events where id in (select id from orphaned_events where id < $1 order by id limit $2)"
    }
    TRIM_ALERTS {
        "delete from system_alerts where id in (select id from system_alerts where id < $1 \
         and resolved_at is not null order by id limit $2)"
    }
    TRIM_CALLS {
        "delete from llm_calls where id in (select id from llm_calls where id < $1 order by id limit $2)"
    }
}

bulk_statements! {
    /// Times are given to those that rest, and taken from those that shall; others keep theirs.
    PLAN_WATCHES {
        "insert into account_watches (account_id, tenant_id, poll_at, health_at, seen) values"
        [uuid uuid timestamptz timestamptz jsonb]
        "on conflict (account_id) do update set \
         poll_at = case when excluded.poll_at is null then excluded.poll_at \
         else coalesce(account_watches.poll_at, excluded.poll_at) end, \
         health_at = case when excluded.health_at is null then excluded.health_at \
         else coalesce(account_watches.health_at, excluded.health_at) end \
         where account_watches.tenant_id = excluded.tenant_id"
    }
}

pub(crate) async fn plan(
    connection: &mut Connection,
    tenant: TenantId,
    watches: &[AccountWatch],
) -> Result<(), Failure> {
    let own: Vec<&AccountWatch> = watches.iter().filter(|watch| watch.tenant == tenant).collect();
    let ids: IdList = own.iter().map(|watch| watch.account.0).collect();
    run!(connection, FORGET_OTHERS, tenant.0, &ids)?;
    run_bulk!(connection, PLAN_WATCHES, &own, |query, watch| query
        .bind(watch.account.0)
        .bind(watch.tenant.0)
        .bind(watch.poll_at.map(Moment))
        .bind(watch.health_at.map(Moment))
        .bind(Doc(&watch.seen)))?;
    Ok(())
}

pub(crate) async fn put(
    connection: &mut Connection,
    tenant: TenantId,
    account: AccountId,
    watched: &Watched,
    at: Timestamp,
) -> Result<u64, Failure> {
    let (tenant, account) = (tenant.0, account.0);
    match watched {
        Watched::Polled { seen, poll_at } => {
            run!(connection, PUT_POLLED, tenant, account, Doc(seen), Moment(at), Moment(*poll_at))
        }
        Watched::Checked { health, health_at } => {
            run!(connection, PUT_CHECKED, tenant, account, Doc(health), Moment(at), Moment(*health_at))
        }
    }
}

pub(crate) async fn hurry(
    connection: &mut Connection,
    tenants: &[TenantId],
    by: Timestamp,
) -> Result<u64, Failure> {
    let ids: IdList = tenants.iter().map(|tenant| tenant.0).collect();
    run!(connection, HURRY_POLLS, &ids, Moment(by))
}

/// Removes a bounded number of old rows. Ids tell their age: they begin with the milliseconds of their making.
pub(crate) async fn trim(
    connection: &mut Connection,
    what: Trimmed,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Failure> {
    let statement: &Statement = match what {
        Trimmed::Events => &TRIM_EVENTS,
        Trimmed::Orphans => &TRIM_ORPHANS,
        Trimmed::Alerts => &TRIM_ALERTS,
        Trimmed::Calls => &TRIM_CALLS,
        Trimmed::Deliveries => {
            return webhooks::trim(connection, first_id_at(before), i64::from(limit)).await;
        }
        Trimmed::Requests => return outside::trim(connection, before, limit).await,
    };
    run!(connection, statement, first_id_at(before), i64::from(limit))
}

/// The smallest id that could have been made at a moment.
pub(crate) fn first_id_at(moment: Timestamp) -> Uuid {
    let millis = u128::from(u64::try_from(moment.as_millis()).unwrap_or(0));
    Uuid::from_u128(millis << 80)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tenants::clock::ManualClock;
    use tenants::ids::{EventId, Ids};

    use super::*;

    #[test]
    fn the_first_id_of_a_moment_parts_what_was_made_before_from_what_was_made_since() {
        let clock = ManualClock::at(1_772_000_000_000_000);
        let ids = Ids::seeded(Arc::new(clock.clone()), 1);
        let before = EventId::new(&ids);
        clock.advance(std::time::Duration::from_millis(2));
        let moment = tenants::clock::Clock::now(&clock);
        let since = EventId::new(&ids);
        assert!(before.0 < first_id_at(moment) && first_id_at(moment) <= since.0);
    }
}
