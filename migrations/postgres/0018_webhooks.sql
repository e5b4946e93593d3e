-- Webhooks: what happens is told to an agency's own programs.

create table webhooks (
    id uuid primary key not null,
    agency_id uuid not null references agencies (id),
    setup jsonb not null,
    disabled_reason text,
    disabled_at timestamptz,
    failing_since timestamptz,
    delivered_at timestamptz,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index webhooks_by_agency on webhooks (agency_id, id);

-- The secret that signs, and those before it until they expire.
create table webhook_secrets (
    id uuid primary key not null,
    webhook_id uuid not null references webhooks (id) on delete cascade,
    agency_id uuid not null,
    secret_key_id text not null,
    secret_sealed bytea not null,
    expires_at timestamptz,
    created_at timestamptz not null
);
create index webhook_secrets_by_webhook on webhook_secrets (webhook_id, id);

-- Up to where the chain of a tenant or agency was read. Only chains of agencies with webhooks have a row.
create table webhook_cursors (
    chain_id uuid primary key not null,
    agency_id uuid not null,
    seq bigint not null
);
create index webhook_cursors_by_agency on webhook_cursors (agency_id, chain_id);

-- An entry of the log on its way to a webhook. It names the entry and holds nothing of what it tells.
create table webhook_deliveries (
    id uuid primary key not null,
    webhook_id uuid not null,
    agency_id uuid not null,
    tenant_id uuid,
    chain_id uuid not null,
    seq bigint not null,
    entry_id uuid not null,
    event_type text not null,
    happened_at timestamptz not null,
    state text not null,
    tries bigint not null default 0,
    failures bigint not null default 0,
    next_try_at timestamptz not null,
    under_way boolean not null default false,
    last_status bigint,
    error text,
    settled_at timestamptz,
    created_at timestamptz not null,
    unique (webhook_id, entry_id)
);
create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_try_at, id) where state = 'pending';
create index webhook_deliveries_by_webhook on webhook_deliveries (webhook_id, id);
create index webhook_deliveries_by_state on webhook_deliveries (webhook_id, state, id);

create table webhook_attempts (
    delivery_id uuid not null,
    number bigint not null,
    webhook_id uuid not null,
    tenant_id uuid,
    at timestamptz not null,
    took_ms bigint not null,
    status bigint,
    error text,
    response text,
    primary key (delivery_id, number)
);
-- What receivers said may speak of a person who is to be forgotten.
create index webhook_attempts_with_words on webhook_attempts (tenant_id) where response is not null;
create index webhook_attempts_by_webhook on webhook_attempts (webhook_id, delivery_id);
