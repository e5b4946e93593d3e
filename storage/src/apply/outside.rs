//! Requests with keys, and the heartbeats of programs outside.

use tenants::clock::Timestamp;
use tenants::ports::{Heartbeat, KeptAnswer, KeyTimes, KeyedRequest};
use uuid::Uuid;

use crate::db::{Connection, run};
use crate::failure::Failure;
use crate::statement::statements;
use crate::types::{Moment, maybe_text, text};

statements! {
    /// Replaces what is forgotten (`$6`), and takes over the same request when it was cut off (`$7`).
    CLAIM_REQUEST {
        "insert into idempotency_keys (id, tenant_id, fingerprint, claim, first_at, begun_at) \
         values ($1, $2, $3, $4, $5, $5) on conflict (id) do update set \
         first_at = case when idempotency_keys.begun_at < $6 then excluded.first_at \
         else idempotency_keys.first_at end, \
         fingerprint = excluded.fingerprint, claim = excluded.claim, begun_at = excluded.begun_at, \
         finished_at = null, status = null, content_type = null, etag = null, location = null, body = null \
         where idempotency_keys.begun_at < $6 or (idempotency_keys.status is null \
         and idempotency_keys.fingerprint = excluded.fingerprint and idempotency_keys.begun_at < $7)"
    }
    KEEP_ANSWER {
        "update idempotency_keys set finished_at = $3, status = $4, content_type = $5, etag = $6, location = $7, body = $8 \
         where id = $1 and claim = $2 and status is null"
    }
    FORGET_REQUEST { "delete from idempotency_keys where id = $1 and claim = $2 and status is null" }
    LEAVE_REQUEST {
        "update idempotency_keys set begun_at = $3 where id = $1 and claim = $2 and status is null"
    }
    TRIM_REQUESTS {
        "delete from idempotency_keys where id in \
         (select id from idempotency_keys where begun_at < $1 order by begun_at limit $2)"
    }
    /// A part of Troupe itself is never taken for a program outside.
    PUT_OUTSIDE_BEAT {
        "insert into agent_heartbeats (scope_id, tenant_id, agent, status, last_beat_at, is_outside) \
         values ($1, $2, $3, $4, $5, true) on conflict (scope_id, agent) do update set status = excluded.status, \
         last_beat_at = excluded.last_beat_at where agent_heartbeats.is_outside"
    }
    MARK_AGENT_DOWN {
        "update agent_heartbeats set status = 'down' where scope_id = $1 and agent = $2 and is_outside \
         and status = 'alive' and last_beat_at <= $3"
    }
}

pub(crate) async fn claim(
    connection: &mut Connection,
    request: &KeyedRequest,
    times: KeyTimes,
    again: bool,
) -> Result<u64, Failure> {
    let cut_off_before = if again { times.cut_off_before } else { times.forgotten_before };
    run!(
        connection,
        CLAIM_REQUEST,
        request.id.as_str(),
        request.tenant.map(|tenant| tenant.0),
        request.fingerprint.as_str(),
        request.claim,
        Moment(times.now),
        Moment(times.forgotten_before),
        Moment(cut_off_before),
    )
}

pub(crate) async fn keep(
    connection: &mut Connection,
    request: &KeyedRequest,
    answer: &KeptAnswer,
    at: Timestamp,
) -> Result<u64, Failure> {
    run!(
        connection,
        KEEP_ANSWER,
        request.id.as_str(),
        request.claim,
        Moment(at),
        i64::from(answer.status),
        maybe_text(&answer.content_type),
        maybe_text(&answer.etag),
        maybe_text(&answer.location),
        maybe_text(&answer.body),
    )
}

pub(crate) async fn forget(connection: &mut Connection, request: &KeyedRequest) -> Result<u64, Failure> {
    run!(connection, FORGET_REQUEST, request.id.as_str(), request.claim)
}

pub(crate) async fn leave(
    connection: &mut Connection,
    request: &KeyedRequest,
    begun_at: Timestamp,
) -> Result<u64, Failure> {
    run!(connection, LEAVE_REQUEST, request.id.as_str(), request.claim, Moment(begun_at))
}

/// Removes a bounded number of old requests.
pub(crate) async fn trim(connection: &mut Connection, before: Timestamp, limit: u32) -> Result<u64, Failure> {
    run!(connection, TRIM_REQUESTS, Moment(before), i64::from(limit))
}

pub(crate) async fn put_beat(connection: &mut Connection, beat: &Heartbeat) -> Result<u64, Failure> {
    run!(
        connection,
        PUT_OUTSIDE_BEAT,
        beat.tenant.map_or(Uuid::nil(), |tenant| tenant.0),
        beat.tenant.map(|tenant| tenant.0),
        text(&beat.agent),
        beat.status.as_str(),
        Moment(beat.last_beat_at),
    )
}

pub(crate) async fn mark_down(connection: &mut Connection, beat: &Heartbeat) -> Result<u64, Failure> {
    let scope = beat.tenant.map_or(Uuid::nil(), |tenant| tenant.0);
    run!(connection, MARK_AGENT_DOWN, scope, text(&beat.agent), Moment(beat.last_beat_at))
}
