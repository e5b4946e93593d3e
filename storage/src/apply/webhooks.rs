//! Stores webhooks, what is on its way to them, and what became of it.

use tenants::account::SealedSecret;
use tenants::audit::Chain;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, DeliveryId, SecretId, WebhookId};
use tenants::webhook::{Attempted, DeliveryState, Disabled, Webhook, WebhookChange, WebhookDelivery};
use uuid::Uuid;

use super::schedule::Group;
use crate::db::{Connection, run, run_bulk};
use crate::failure::Failure;
use crate::statement::{bulk_statements, statements};
use crate::types::{Doc, IdList, Moment, maybe_text, text};

statements! {
    ADD_WEBHOOK {
        "insert into webhooks (id, agency_id, setup, disabled_reason, disabled_at, version, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict (id) do nothing"
    }
    /// What happens from now on is told, not what happened before: the ends of all chains are where reading begins.
    BEGIN_AT_AGENCYS_END {
        "insert into webhook_cursors (chain_id, agency_id, seq) select h.chain_id, h.chain_id, h.seq from audit_heads h \
         where h.chain_id = $1 on conflict (chain_id) do nothing"
    }
    BEGIN_AT_TENANTS_ENDS {
        "insert into webhook_cursors (chain_id, agency_id, seq) select h.chain_id, t.agency_id, h.seq from tenants t \
         join audit_heads h on h.chain_id = t.id where t.agency_id = $1 on conflict (chain_id) do nothing"
    }
    SET_WEBHOOK {
        "update webhooks set setup = $3, disabled_reason = $4, disabled_at = $5, version = $6, updated_at = $7, \
         failing_since = case when $8 then null else failing_since end where agency_id = $1 and id = $2 and version = $6 - 1"
    }
    RESUME_DELIVERIES {
        "update webhook_deliveries set failures = 0, next_try_at = $2 \
         where webhook_id = $1 and state = 'pending' and next_try_at > $2 and not under_way"
    }
    ADD_SECRET {
        "insert into webhook_secrets (id, webhook_id, agency_id, secret_key_id, secret_sealed, created_at) \
         values ($1, $2, $3, $4, $5, $6)"
    }
    TOUCH_VERSION {
        "update webhooks set version = $3, updated_at = $4 where agency_id = $1 and id = $2 and version = $3 - 1"
    }
    FORGET_OLD_SECRETS { "delete from webhook_secrets where webhook_id = $1 and expires_at <= $2" }
    /// Those that were to end sooner end as they were to.
    OLD_SECRETS_END {
        "update webhook_secrets set expires_at = $2 \
         where webhook_id = $1 and (expires_at is null or expires_at > $2)"
    }
    RESEAL_SECRET {
        "update webhook_secrets set secret_key_id = $4, secret_sealed = $5 \
         where agency_id = $1 and id = $2 and secret_sealed = $3"
    }
    DELETE_WEBHOOK { "delete from webhooks where agency_id = $1 and id = $2" }
    DELETE_SECRETS { "delete from webhook_secrets where webhook_id = $1" }
    /// A bounded number, so that nobody waits long for the writer; the rest goes with its age.
    DROP_ATTEMPTS {
        "delete from webhook_attempts where webhook_id = $1 and delivery_id in \
         (select id from webhook_deliveries where webhook_id = $1 order by id desc limit $2)"
    }
    DROP_DELIVERIES {
        "delete from webhook_deliveries where id in \
         (select id from webhook_deliveries where webhook_id = $1 order by id desc limit $2)"
    }
    /// Without webhooks nothing is read, so the places mean nothing any more.
    DROP_CURSORS {
        "delete from webhook_cursors where agency_id = $1 and not exists (select 1 from webhooks where agency_id = $1)"
    }
    DISABLE_WEBHOOK {
        "update webhooks set disabled_reason = $3, disabled_at = $4, version = version + 1, updated_at = $4 \
         where agency_id = $1 and id = $2 and disabled_reason is null"
    }
    MOVE_CURSOR {
        "insert into webhook_cursors (chain_id, agency_id, seq) values ($1, $2, $4) \
         on conflict (chain_id) do update set seq = excluded.seq where webhook_cursors.seq = $3"
    }
    CLAIM_DELIVERIES {
        "update webhook_deliveries set tries = tries + 1, under_way = true, next_try_at = $4 where webhook_id = $1 \
         and state = 'pending' and next_try_at <= $3 \
         and exists (select 1 from webhooks w where w.id = $1 and w.disabled_reason is null) and id " (among 2)
    }
    ADD_ATTEMPT {
        "insert into webhook_attempts (delivery_id, number, webhook_id, tenant_id, at, took_ms, status, error, response) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (delivery_id, number) do nothing"
    }
    END_ATTEMPT {
        "update webhook_deliveries set state = $4, failures = $5, next_try_at = $6, under_way = false, \
         last_status = $7, error = $8, settled_at = $9 \
         where webhook_id = $1 and id = $2 and tries = $3 and state = 'pending' and under_way"
    }
    WEBHOOK_WORKS {
        "update webhooks set failing_since = null, delivered_at = $2 where id = $1"
    }
    WEBHOOK_FAILS {
        "update webhooks set failing_since = $2 where id = $1 and failing_since is null"
    }
    REDELIVER {
        "update webhook_deliveries set state = 'pending', failures = 0, next_try_at = $3, settled_at = null, \
         under_way = false where webhook_id = $1 and (not under_way or next_try_at <= $3) and id " (among 2)
    }
    TRIM_ATTEMPTS {
        "delete from webhook_attempts where delivery_id in \
         (select id from webhook_deliveries where id < $1 order by id limit $2)"
    }
    TRIM_DELIVERIES {
        "delete from webhook_deliveries where id in \
         (select id from webhook_deliveries where id < $1 order by id limit $2)"
    }
}

bulk_statements! {
    ADD_DELIVERIES {
        "insert into webhook_deliveries (id, webhook_id, agency_id, tenant_id, chain_id, seq, entry_id, event_type, \
         happened_at, state, next_try_at, created_at) values"
        [uuid uuid uuid uuid uuid bigint uuid text timestamptz text timestamptz timestamptz]
        "on conflict (webhook_id, entry_id) do nothing"
    }
}

/// Most deliveries that are removed together with their webhook.
const DROPPED_AT_ONCE: i64 = 5_000;

pub(crate) async fn apply(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    for item in group {
        let Change::Webhook(change) = item.change else { continue };
        match change {
            WebhookChange::Note { agency, after, upto, deliveries } => {
                note(connection, item.chain, *agency, (*after, *upto), deliveries).await?;
            }
            change => of_agency(connection, agency_of(item.chain)?, change).await?,
        }
    }
    Ok(())
}

fn agency_of(chain: Chain) -> Result<AgencyId, Failure> {
    match chain {
        Chain::Agency(agency) => Ok(agency),
        Chain::Tenant(_) => Err(Failure::Conflict("this change needs an agency".to_owned())),
    }
}

async fn of_agency(
    connection: &mut Connection,
    agency: AgencyId,
    change: &WebhookChange,
) -> Result<(), Failure> {
    match change {
        WebhookChange::Add { webhook, id, secret } => add(connection, agency, webhook, (*id, secret)).await,
        WebhookChange::Set { webhook, resumes } => set(connection, agency, webhook, *resumes).await,
        WebhookChange::Rotate { webhook, id, secret, old_until } => {
            rotate(connection, agency, webhook, (*id, secret), *old_until).await
        }
        WebhookChange::Reseal { id, old, new } => {
            let (old, key, new) = (old.sealed.as_slice(), new.key_id.as_str(), new.sealed.as_slice());
            run!(connection, RESEAL_SECRET, agency.0, id.0, old, key, new)?;
            Ok(())
        }
        WebhookChange::Delete(webhook) => delete(connection, agency, *webhook).await,
        WebhookChange::Disable { webhook, disabled } => {
            disable(connection, agency, *webhook, *disabled).await
        }
        WebhookChange::Claim { webhook, deliveries, at, until } => {
            let ids = ids_of(deliveries);
            let claimed = run!(connection, CLAIM_DELIVERIES, webhook.0, &ids, Moment(*at), Moment(*until))?;
            all_of(claimed, deliveries, "some of the deliveries do not wait any more")
        }
        WebhookChange::Attempted(attempted) => end_attempt(connection, attempted).await,
        WebhookChange::Redeliver { webhook, deliveries, at } => {
            let ordered = run!(connection, REDELIVER, webhook.0, &ids_of(deliveries), Moment(*at))?;
            all_of(ordered, deliveries, "it is being sent at this moment: wait for what comes of it")
        }
        WebhookChange::Note { .. } => Ok(()),
    }
}

fn ids_of(deliveries: &[DeliveryId]) -> IdList {
    deliveries.iter().map(|id| id.0).collect()
}

fn all_of(changed: u64, deliveries: &[DeliveryId], otherwise: &str) -> Result<(), Failure> {
    match usize::try_from(changed) {
        Ok(changed) if changed == deliveries.len() => Ok(()),
        _ => Err(Failure::Conflict(otherwise.to_owned())),
    }
}

fn one(changed: u64, otherwise: &str) -> Result<(), Failure> {
    if changed == 0 { Err(Failure::Conflict(otherwise.to_owned())) } else { Ok(()) }
}

async fn add(
    connection: &mut Connection,
    agency: AgencyId,
    webhook: &Webhook,
    (id, secret): (SecretId, &SealedSecret),
) -> Result<(), Failure> {
    let (reason, since) = off(webhook);
    let added = run!(
        connection,
        ADD_WEBHOOK,
        webhook.id.0,
        agency.0,
        Doc(&webhook.setup),
        reason,
        since,
        webhook.version,
        Moment(webhook.created_at)
    )?;
    one(added, "it exists already")?;
    add_secret(connection, agency, webhook, id, secret).await?;
    run!(connection, BEGIN_AT_AGENCYS_END, agency.0)?;
    run!(connection, BEGIN_AT_TENANTS_ENDS, agency.0)?;
    Ok(())
}

fn off(webhook: &Webhook) -> (Option<&'static str>, Option<Moment>) {
    let disabled = webhook.disabled.as_ref();
    (disabled.map(|it| it.reason.as_str()), disabled.map(|it| Moment(it.since)))
}

async fn add_secret(
    connection: &mut Connection,
    agency: AgencyId,
    webhook: &Webhook,
    id: SecretId,
    secret: &SealedSecret,
) -> Result<(), Failure> {
    let (key, sealed) = (secret.key_id.as_str(), secret.sealed.as_slice());
    let at = Moment(webhook.updated_at);
    run!(connection, ADD_SECRET, id.0, webhook.id.0, agency.0, key, sealed, at)?;
    Ok(())
}

const CHANGED_MEANWHILE: &str = "somebody else has changed the webhook: read it again";

async fn set(
    connection: &mut Connection,
    agency: AgencyId,
    webhook: &Webhook,
    resumes: bool,
) -> Result<(), Failure> {
    let (reason, since) = off(webhook);
    let set = run!(
        connection,
        SET_WEBHOOK,
        agency.0,
        webhook.id.0,
        Doc(&webhook.setup),
        reason,
        since,
        webhook.version,
        Moment(webhook.updated_at),
        resumes
    )?;
    one(set, CHANGED_MEANWHILE)?;
    if resumes {
        run!(connection, RESUME_DELIVERIES, webhook.id.0, Moment(webhook.updated_at))?;
    }
    Ok(())
}

async fn rotate(
    connection: &mut Connection,
    agency: AgencyId,
    webhook: &Webhook,
    (id, secret): (SecretId, &SealedSecret),
    old_until: Timestamp,
) -> Result<(), Failure> {
    let at = Moment(webhook.updated_at);
    one(run!(connection, TOUCH_VERSION, agency.0, webhook.id.0, webhook.version, at)?, CHANGED_MEANWHILE)?;
    run!(connection, OLD_SECRETS_END, webhook.id.0, Moment(old_until))?;
    run!(connection, FORGET_OLD_SECRETS, webhook.id.0, at)?;
    add_secret(connection, agency, webhook, id, secret).await
}

async fn delete(connection: &mut Connection, agency: AgencyId, webhook: WebhookId) -> Result<(), Failure> {
    run!(connection, DELETE_SECRETS, webhook.0)?;
    one(run!(connection, DELETE_WEBHOOK, agency.0, webhook.0)?, "there is no such webhook")?;
    run!(connection, DROP_ATTEMPTS, webhook.0, DROPPED_AT_ONCE)?;
    run!(connection, DROP_DELIVERIES, webhook.0, DROPPED_AT_ONCE)?;
    run!(connection, DROP_CURSORS, agency.0)?;
    Ok(())
}

async fn disable(
    connection: &mut Connection,
    agency: AgencyId,
    webhook: WebhookId,
    disabled: Disabled,
) -> Result<(), Failure> {
    let (reason, since) = (disabled.reason.as_str(), Moment(disabled.since));
    one(run!(connection, DISABLE_WEBHOOK, agency.0, webhook.0, reason, since)?, "it is off already")
}

async fn note(
    connection: &mut Connection,
    chain: Chain,
    agency: AgencyId,
    (after, upto): (i64, i64),
    deliveries: &[WebhookDelivery],
) -> Result<(), Failure> {
    let moved = run!(connection, MOVE_CURSOR, chain.uuid(), agency.0, after, upto)?;
    one(moved, "somebody else has read on")?;
    let rows: Vec<&WebhookDelivery> = deliveries.iter().collect();
    run_bulk!(connection, ADD_DELIVERIES, &rows, |query, row| query
        .bind(row.id.0)
        .bind(row.webhook.0)
        .bind(row.agency.0)
        .bind(row.tenant.map(|tenant| tenant.0))
        .bind(chain.uuid())
        .bind(row.seq)
        .bind(row.entry.0)
        .bind(text(&row.event_type))
        .bind(Moment(row.happened_at))
        .bind(row.state.as_str())
        .bind(Moment(row.next_try_at))
        .bind(Moment(row.created_at)))?;
    Ok(())
}

async fn end_attempt(connection: &mut Connection, ended: &Attempted) -> Result<(), Failure> {
    let attempt = &ended.attempt;
    let number = i64::from(attempt.number);
    let status = attempt.status.map(i64::from);
    let is_settled = ended.state != DeliveryState::Pending;
    let moved = run!(
        connection,
        END_ATTEMPT,
        ended.webhook.0,
        ended.delivery.0,
        number,
        ended.state.as_str(),
        i64::from(ended.failures),
        Moment(ended.next_try_at),
        status,
        maybe_text(&attempt.error),
        is_settled.then_some(Moment(ended.at))
    )?;
    one(moved, "another try of the delivery was begun meanwhile")?;
    run!(
        connection,
        ADD_ATTEMPT,
        ended.delivery.0,
        number,
        ended.webhook.0,
        ended.tenant.map(|tenant| tenant.0),
        Moment(attempt.at),
        i64::from(attempt.took_ms),
        status,
        maybe_text(&attempt.error),
        maybe_text(&attempt.response)
    )?;
    match ended.state {
        DeliveryState::Delivered => run!(connection, WEBHOOK_WORKS, ended.webhook.0, Moment(ended.at))?,
        _ => run!(connection, WEBHOOK_FAILS, ended.webhook.0, Moment(ended.at))?,
    };
    Ok(())
}

/// Removes a bounded number of old deliveries with their tries.
pub(crate) async fn trim(connection: &mut Connection, before: Uuid, limit: i64) -> Result<u64, Failure> {
    run!(connection, TRIM_ATTEMPTS, before, limit)?;
    run!(connection, TRIM_DELIVERIES, before, limit)
}
