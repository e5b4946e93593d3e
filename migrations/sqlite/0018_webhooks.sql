-- Webhooks: what happens is told to an agency's own programs.

create table webhooks (
    id blob primary key not null,
    agency_id blob not null references agencies (id),
    setup text not null,
    disabled_reason text,
    disabled_at integer,
    failing_since integer,
    delivered_at integer,
    version integer not null,
    created_at integer not null,
    updated_at integer not null
) strict;
create index webhooks_by_agency on webhooks (agency_id, id);

-- The secret that signs, and those before it until they expire.
create table webhook_secrets (
    id blob primary key not null,
    webhook_id blob not null references webhooks (id) on delete cascade,
    agency_id blob not null,
    secret_key_id text not null,
    secret_sealed blob not null,
    expires_at integer,
    created_at integer not null
) strict;
create index webhook_secrets_by_webhook on webhook_secrets (webhook_id, id);

-- Up to where the chain of a tenant or agency was read. Only chains of agencies with webhooks have a row.
create table webhook_cursors (
    chain_id blob primary key not null,
    agency_id blob not null,
    seq integer not null
) strict;
create index webhook_cursors_by_agency on webhook_cursors (agency_id, chain_id);

-- An entry of the log on its way to a webhook. It names the entry and holds nothing of what it tells.
create table webhook_deliveries (
    id blob primary key not null,
    webhook_id blob not null,
    agency_id blob not null,
    tenant_id blob,
    chain_id blob not null,
    seq integer not null,
    entry_id blob not null,
    event_type text not null,
    happened_at integer not null,
    state text not null,
    tries integer not null default 0,
    failures integer not null default 0,
    next_try_at integer not null,
    under_way integer not null default 0,
    last_status integer,
    error text,
    settled_at integer,
    created_at integer not null,
    unique (webhook_id, entry_id)
) strict;
create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_try_at, id) where state = 'pending';
create index webhook_deliveries_by_webhook on webhook_deliveries (webhook_id, id);
create index webhook_deliveries_by_state on webhook_deliveries (webhook_id, state, id);

create table webhook_attempts (
    delivery_id blob not null,
    number integer not null,
    webhook_id blob not null,
    tenant_id blob,
    at integer not null,
    took_ms integer not null,
    status integer,
    error text,
    response text,
    primary key (delivery_id, number)
) strict;
-- What receivers said may speak of a person who is to be forgotten.
create index webhook_attempts_with_words on webhook_attempts (tenant_id) where response is not null;
create index webhook_attempts_by_webhook on webhook_attempts (webhook_id, delivery_id);
