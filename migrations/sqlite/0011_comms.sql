-- Direct messages, leads, what people are told, briefings.

alter table conversations add column disclosed_at integer;
alter table conversations add column assigned_to text;
-- Where attachments can be fetched, for a short time; an array beside `attachments`.
alter table messages add column attachment_urls text not null default '[]';
create index messages_by_tenant on messages (tenant_id, id);
create index conversations_with_people on conversations (tenant_id, id) where owner = 'human';

-- A lead per account and person. Facts name the message they were read in.
create table leads (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    account_id blob not null,
    conversation_id blob not null,
    person_id text not null,
    person_username text,
    stage text not null,
    staged_by text,
    score integer not null,
    facts text not null,
    confidence real not null,
    source_event_id blob not null,
    note text,
    assigned_to text,
    created_at integer not null,
    updated_at integer not null,
    unique (tenant_id, account_id, person_id)
) strict;
create index leads_by_tenant on leads (tenant_id, id);

-- scope_id is the tenant, or the agency for all its tenants.
create table notification_channels (
    id blob primary key not null,
    scope_id blob not null,
    agency_id blob not null references agencies (id),
    tenant_id blob references tenants (id),
    setup text not null,
    enabled integer not null,
    secret_key_id text,
    secret_sealed blob,
    failures integer not null default 0,
    last_sent_at integer,
    approvals_told_at integer,
    created_at integer not null,
    updated_at integer not null
) strict;
create index notification_channels_by_scope on notification_channels (scope_id, id);
create index notification_channels_in_use on notification_channels (id) where enabled;

create table notices (
    id blob primary key not null,
    scope_id blob not null,
    agency_id blob not null references agencies (id),
    tenant_id blob references tenants (id),
    kind text not null,
    severity text not null,
    person text,
    dedup_key text not null,
    subject text not null,
    text text not null,
    html text,
    data text not null,
    routed_at integer,
    created_at integer not null,
    unique (scope_id, dedup_key)
) strict;
create index notices_unrouted on notices (id) where routed_at is null;
create index notices_by_person on notices (tenant_id, person) where person is not null;

-- A notice on its way through a channel; afterwards the log of what was sent. scope_id is the channel's.
create table notifications (
    id blob primary key not null,
    channel_id blob not null,
    scope_id blob not null,
    agency_id blob not null,
    tenant_id blob,
    channel_tenant_id blob,
    kind text not null,
    severity text not null,
    person text,
    dedup_key text not null,
    subject text not null,
    text text not null,
    html text,
    data text not null,
    status text not null,
    message_id blob,
    tries integer not null,
    error text,
    next_try_at integer not null,
    sent_at integer,
    created_at integer not null,
    unique (channel_id, dedup_key)
) strict;
create index notifications_due on notifications (next_try_at, id) where status = 'pending';
create index notifications_by_scope on notifications (scope_id, id);
create index notifications_by_person on notifications (tenant_id, person) where person is not null;

create table briefings (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    kind text not null,
    period_from integer not null,
    period_until integer not null,
    language text not null,
    subject text not null,
    text text not null,
    html text not null,
    data text not null,
    created_at integer not null,
    unique (tenant_id, kind, period_until)
) strict;
create index briefings_by_tenant on briefings (tenant_id, id);

-- What was raised before there were channels is no news.
alter table system_alerts add column routed_at integer;
update system_alerts set routed_at = created_at;
create index system_alerts_unrouted on system_alerts (id) where routed_at is null;
