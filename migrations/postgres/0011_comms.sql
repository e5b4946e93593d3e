-- Direct messages, leads, what people are told, briefings.

alter table conversations add column disclosed_at timestamptz;
alter table conversations add column assigned_to text;
-- Where attachments can be fetched, for a short time; an array beside `attachments`.
alter table messages add column attachment_urls jsonb not null default '[]';
create index messages_by_tenant on messages (tenant_id, id);
create index conversations_with_people on conversations (tenant_id, id) where owner = 'human';

-- A lead per account and person. Facts name the message they were read in.
create table leads (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    account_id uuid not null,
    conversation_id uuid not null,
    person_id text not null,
    person_username text,
    stage text not null,
    staged_by text,
    score bigint not null,
    facts jsonb not null,
    confidence real not null,
    source_event_id uuid not null,
    note text,
    assigned_to text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (tenant_id, account_id, person_id)
);
create index leads_by_tenant on leads (tenant_id, id);

-- scope_id is the tenant, or the agency for all its tenants.
create table notification_channels (
    id uuid primary key not null,
    scope_id uuid not null,
    agency_id uuid not null references agencies (id),
    tenant_id uuid references tenants (id),
    setup jsonb not null,
    enabled boolean not null,
    secret_key_id text,
    secret_sealed bytea,
    failures bigint not null default 0,
    last_sent_at timestamptz,
    approvals_told_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index notification_channels_by_scope on notification_channels (scope_id, id);
create index notification_channels_in_use on notification_channels (id) where enabled;

create table notices (
    id uuid primary key not null,
    scope_id uuid not null,
    agency_id uuid not null references agencies (id),
    tenant_id uuid references tenants (id),
    kind text not null,
    severity text not null,
    person text,
    dedup_key text not null,
    subject text not null,
    text text not null,
    html text,
    data jsonb not null,
    routed_at timestamptz,
    created_at timestamptz not null,
    unique (scope_id, dedup_key)
);
create index notices_unrouted on notices (id) where routed_at is null;
create index notices_by_person on notices (tenant_id, person) where person is not null;

-- A notice on its way through a channel; afterwards the log of what was sent. scope_id is the channel's.
create table notifications (
    id uuid primary key not null,
    channel_id uuid not null,
    scope_id uuid not null,
    agency_id uuid not null,
    tenant_id uuid,
    channel_tenant_id uuid,
    kind text not null,
    severity text not null,
    person text,
    dedup_key text not null,
    subject text not null,
    text text not null,
    html text,
    data jsonb not null,
    status text not null,
    message_id uuid,
    tries bigint not null,
    error text,
    next_try_at timestamptz not null,
    sent_at timestamptz,
    created_at timestamptz not null,
    unique (channel_id, dedup_key)
);
create index notifications_due on notifications (next_try_at, id) where status = 'pending';
create index notifications_by_scope on notifications (scope_id, id);
create index notifications_by_person on notifications (tenant_id, person) where person is not null;

create table briefings (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    kind text not null,
    period_from timestamptz not null,
    period_until timestamptz not null,
    language text not null,
    subject text not null,
    text text not null,
    html text not null,
    data jsonb not null,
    created_at timestamptz not null,
    unique (tenant_id, kind, period_until)
);
create index briefings_by_tenant on briefings (tenant_id, id);

-- What was raised before there were channels is no news.
alter table system_alerts add column routed_at timestamptz;
update system_alerts set routed_at = created_at;
create index system_alerts_unrouted on system_alerts (id) where routed_at is null;
