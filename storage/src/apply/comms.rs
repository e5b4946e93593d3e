//! Stores channels, notices, what goes through channels, and briefings.

use tenants::account::SealedSecret;
use tenants::audit::Chain;
use tenants::briefing::Briefing;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::ChannelId;
use tenants::intent::Language;
use tenants::notice::{Channel, DeliveryEvent, Notice, Notification, NotificationMove, Routing};
use uuid::Uuid;

use super::expected;
use super::schedule::Group;
use super::tenants::tenant_of;
use crate::db::{Connection, run, run_bulk};
use crate::failure::Failure;
use crate::statement::{bulk_statements, statements};
use crate::types::{Doc, IdList, Moment, maybe_text, text};

statements! {
    PUT_CHANNEL {
        "insert into notification_channels (id, scope_id, agency_id, tenant_id, setup, enabled, secret_key_id, \
         secret_sealed, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         on conflict (id) do update set setup = excluded.setup, enabled = excluded.enabled, \
         secret_key_id = coalesce(excluded.secret_key_id, notification_channels.secret_key_id), \
         secret_sealed = coalesce(excluded.secret_sealed, notification_channels.secret_sealed), \
         failures = 0, updated_at = excluded.updated_at where notification_channels.scope_id = excluded.scope_id"
    }
    DELETE_CHANNEL { "delete from notification_channels where scope_id = $1 and id = $2" }
    DROP_WAITING { "delete from notifications where scope_id = $1 and channel_id = $2 and status = 'pending'" }
    ADD_NOTICE {
        "insert into notices (id, scope_id, agency_id, tenant_id, kind, severity, person, dedup_key, subject, text, html, \
         data, created_at) values ($1, $2, coalesce((select agency_id from tenants where id = $4), $3), $4, $5, $6, $7, \
         $8, $9, $10, $11, $12, $13) on conflict (scope_id, dedup_key) do nothing"
    }
    ALERTS_ROUTED {
        "update system_alerts set routed_at = $3 where scope_id = $1 and routed_at is null and id " (among 2)
    }
    NOTICES_ROUTED { "update notices set routed_at = $3 where scope_id = $1 and id " (among 2) }
    APPROVALS_TOLD { "update notification_channels set approvals_told_at = $3 where scope_id = $1 and id = $2" }
    BEGIN_MESSAGE {
        "update notifications set message_id = $4, next_try_at = $5, tries = tries + 1 \
         where scope_id = $1 and channel_id = $3 and status = 'pending' and next_try_at <= $6 and id " (among 2)
    }
    POSTPONE_MESSAGE {
        "update notifications set next_try_at = $4 \
         where scope_id = $1 and channel_id = $3 and status = 'pending' and id " (among 2)
    }
    MESSAGE_TAKEN {
        "update notifications set status = 'sent', sent_at = $4, error = null \
         where scope_id = $1 and channel_id = $3 and status = 'pending' and id " (among 2)
    }
    MESSAGE_REFUSED {
        "update notifications set error = $4, next_try_at = $5 \
         where scope_id = $1 and channel_id = $3 and status = 'pending' and id " (among 2)
    }
    MESSAGE_GIVEN_UP {
        "update notifications set status = 'failed', error = $4 \
         where scope_id = $1 and channel_id = $3 and status = 'pending' and id " (among 2)
    }
    CHANNEL_WORKS {
        "update notification_channels set failures = 0, last_sent_at = $3 where scope_id = $1 and id = $2"
    }
    CHANNEL_FAILS { "update notification_channels set failures = failures + 1 where scope_id = $1 and id = $2" }
    PUT_BRIEFING {
        "insert into briefings (id, tenant_id, kind, period_from, period_until, language, subject, text, html, data, \
         created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         on conflict (tenant_id, kind, period_until) do nothing"
    }
}

bulk_statements! {
    ADD_NOTIFICATIONS {
        "insert into notifications (id, channel_id, scope_id, agency_id, tenant_id, channel_tenant_id, kind, severity, \
         person, dedup_key, subject, text, html, data, status, tries, next_try_at, created_at) values"
        [uuid uuid uuid uuid uuid uuid text text text text text text text jsonb text bigint timestamptz timestamptz]
        "on conflict (channel_id, dedup_key) do nothing"
    }
}

pub(crate) async fn apply(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    for item in group {
        match item.change {
            Change::PutChannel { channel, secret } => {
                put_channel(connection, item.chain, channel, secret.as_ref(), now).await?;
            }
            Change::DeleteChannel(channel) => delete_channel(connection, item.chain, *channel).await?,
            Change::AddNotice(notice) => {
                let is_foreign = match item.chain {
                    Chain::Tenant(tenant) => notice.tenant != Some(tenant),
                    Chain::Agency(agency) => notice.tenant.is_some() || notice.agency != agency,
                };
                if is_foreign {
                    return Err(Failure::Conflict("the notice concerns somebody else".to_owned()));
                }
                add_notice(connection, notice).await?;
            }
            Change::RouteNotices(routing) => route(connection, item.chain.uuid(), routing, now).await?,
            Change::MoveNotifications(moved) => move_on(connection, item.chain.uuid(), moved).await?,
            Change::PutBriefing(briefing) => put_briefing(connection, item.chain, briefing).await?,
            Change::Expect(expected) => expected::hold(connection, item.chain, expected).await?,
            Change::NoteLead(_) | Change::SetLead { .. } => super::leads::apply(connection, item).await?,
            _ => {}
        }
    }
    Ok(())
}

async fn put_channel(
    connection: &mut Connection,
    chain: Chain,
    channel: &Channel,
    secret: Option<&SealedSecret>,
    now: Timestamp,
) -> Result<(), Failure> {
    if channel.chain() != chain {
        return Err(Failure::Conflict("the channel belongs to somebody else".to_owned()));
    }
    let stored = run!(
        connection,
        PUT_CHANNEL,
        channel.id.0,
        chain.uuid(),
        channel.agency.0,
        channel.tenant.map(|tenant| tenant.0),
        Doc(&channel.setup),
        channel.setup.enabled,
        secret.map(|secret| secret.key_id.as_str()),
        secret.map(|secret| secret.sealed.as_slice()),
        Moment(channel.created_at),
        Moment(now)
    )?;
    if stored == 0 {
        return Err(Failure::Conflict(format!("{} belongs to somebody else", channel.id)));
    }
    Ok(())
}

async fn delete_channel(
    connection: &mut Connection,
    chain: Chain,
    channel: ChannelId,
) -> Result<(), Failure> {
    if run!(connection, DELETE_CHANNEL, chain.uuid(), channel.0)? == 0 {
        return Err(Failure::Conflict(format!("{channel} does not exist")));
    }
    run!(connection, DROP_WAITING, chain.uuid(), channel.0)?;
    Ok(())
}

/// Stores a notice unless one with its key is stored.
pub(super) async fn add_notice(connection: &mut Connection, notice: &Notice) -> Result<(), Failure> {
    let scope = notice.tenant.map_or(notice.agency.0, |tenant| tenant.0);
    run!(
        connection,
        ADD_NOTICE,
        notice.id.0,
        scope,
        notice.agency.0,
        notice.tenant.map(|tenant| tenant.0),
        notice.kind.as_str(),
        notice.severity.as_str(),
        maybe_text(&notice.person),
        text(&notice.dedup_key),
        text(&notice.subject),
        text(&notice.text),
        maybe_text(&notice.html),
        Doc(&notice.data),
        Moment(notice.created_at)
    )?;
    Ok(())
}

async fn route(
    connection: &mut Connection,
    scope: Uuid,
    routing: &Routing,
    now: Timestamp,
) -> Result<(), Failure> {
    if !routing.alerts.is_empty() {
        let ids: IdList = routing.alerts.iter().map(|id| id.0).collect();
        run!(connection, ALERTS_ROUTED, scope, &ids, Moment(now))?;
    }
    if !routing.notices.is_empty() {
        let ids: IdList = routing.notices.iter().map(|id| id.0).collect();
        run!(connection, NOTICES_ROUTED, scope, &ids, Moment(now))?;
    }
    for (channel, at) in &routing.told {
        run!(connection, APPROVALS_TOLD, scope, channel.0, Moment(*at))?;
    }
    let rows: Vec<&Notification> = routing.notifications.iter().collect();
    run_bulk!(connection, ADD_NOTIFICATIONS, &rows, |query, row| query
        .bind(row.id.0)
        .bind(row.channel.0)
        .bind(row.channel_tenant.map_or(row.agency.0, |tenant| tenant.0))
        .bind(row.agency.0)
        .bind(row.tenant.map(|tenant| tenant.0))
        .bind(row.channel_tenant.map(|tenant| tenant.0))
        .bind(row.kind.as_str())
        .bind(row.severity.as_str())
        .bind(maybe_text(&row.person))
        .bind(text(&row.dedup_key))
        .bind(text(&row.subject))
        .bind(text(&row.text))
        .bind(maybe_text(&row.html))
        .bind(Doc(&row.data))
        .bind(row.status.as_str())
        .bind(i64::from(row.tries))
        .bind(Moment(row.next_try_at))
        .bind(Moment(row.created_at)))?;
    Ok(())
}

async fn move_on(connection: &mut Connection, scope: Uuid, moved: &NotificationMove) -> Result<(), Failure> {
    let ids: IdList = moved.notifications.iter().map(|id| id.0).collect();
    let channel = moved.channel.0;
    let changed = match &moved.event {
        DeliveryEvent::Begun { message, until } => {
            let (until, at) = (Moment(*until), Moment(moved.at));
            run!(connection, BEGIN_MESSAGE, scope, &ids, channel, *message, until, at)?
        }
        DeliveryEvent::Postponed { until } => {
            run!(connection, POSTPONE_MESSAGE, scope, &ids, channel, Moment(*until))?
        }
        DeliveryEvent::Taken => run!(connection, MESSAGE_TAKEN, scope, &ids, channel, Moment(moved.at))?,
        DeliveryEvent::Refused { error, next_try_at } => {
            run!(connection, MESSAGE_REFUSED, scope, &ids, channel, text(error), Moment(*next_try_at))?
        }
        DeliveryEvent::GivenUp { error } => {
            run!(connection, MESSAGE_GIVEN_UP, scope, &ids, channel, text(error))?
        }
    };
    if usize::try_from(changed).unwrap_or(usize::MAX) != moved.notifications.len() {
        return Err(Failure::Conflict("the notifications do not wait any more".to_owned()));
    }
    match &moved.event {
        DeliveryEvent::Begun { .. } | DeliveryEvent::Postponed { .. } => {}
        DeliveryEvent::Taken => {
            run!(connection, CHANNEL_WORKS, scope, channel, Moment(moved.at))?;
        }
        DeliveryEvent::Refused { .. } | DeliveryEvent::GivenUp { .. } => {
            run!(connection, CHANNEL_FAILS, scope, channel)?;
        }
    }
    Ok(())
}

async fn put_briefing(connection: &mut Connection, chain: Chain, briefing: &Briefing) -> Result<(), Failure> {
    let tenant = tenant_of(chain)?;
    if briefing.tenant != tenant {
        return Err(Failure::Conflict("the briefing concerns somebody else".to_owned()));
    }
    run!(
        connection,
        PUT_BRIEFING,
        briefing.id.0,
        tenant.0,
        briefing.kind.as_str(),
        Moment(briefing.from),
        Moment(briefing.until),
        Language::as_str(briefing.language),
        text(&briefing.subject),
        text(&briefing.text),
        text(&briefing.html),
        Doc(&briefing.data),
        Moment(briefing.created_at)
    )?;
    Ok(())
}
