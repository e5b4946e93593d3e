-- Requests of the API that carry a key, so that repeating one does nothing twice; heartbeats of programs outside; and what
-- the overview of an agency counts.

-- The id is the SHA-256 of who asks, method, path and key; the fingerprint that of the body. No status while it is under
-- way; the claim names the try that may keep an answer.
create table idempotency_keys (
    id text primary key not null,
    tenant_id uuid,
    fingerprint text not null,
    claim uuid not null,
    first_at timestamptz not null,
    begun_at timestamptz not null,
    finished_at timestamptz,
    status bigint,
    content_type text,
    etag text,
    location text,
    body text
);
create index idempotency_keys_by_time on idempotency_keys (begun_at);
create index idempotency_keys_by_tenant on idempotency_keys (tenant_id) where tenant_id is not null;

alter table agent_heartbeats add column is_outside boolean not null default false;
create index agent_heartbeats_outside on agent_heartbeats (last_beat_at) where is_outside and status = 'alive';

create index post_queue_dead on post_queue (tenant_id) where status = 'dlq';
