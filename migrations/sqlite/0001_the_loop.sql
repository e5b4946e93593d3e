-- Ids are UUIDv7 (blob), times are microseconds since 1970 (integer), JSON is text, money is micro-dollars.

create table agencies (
    id blob primary key not null,
    name text not null,
    created_at integer not null,
    updated_at integer not null
) strict;

create table tenants (
    id blob primary key not null,
    agency_id blob not null references agencies (id),
    slug text not null,
    name text not null,
    time_zone text not null,
    status text not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    unique (agency_id, slug)
) strict;

create table tenant_settings (
    tenant_id blob primary key not null references tenants (id),
    settings text not null,
    updated_at integer not null
) strict;

create table meta_apps (
    id blob primary key not null,
    agency_id blob not null references agencies (id),
    tenant_id blob references tenants (id),
    external_id text not null unique,
    verify_token text not null,
    secret_key_id text,
    secret_sealed blob,
    created_at integer not null,
    updated_at integer not null
) strict;
create index meta_apps_by_agency on meta_apps (agency_id, id);

create table api_keys (
    id blob primary key not null,
    name text not null,
    scope text not null,
    agency_id blob references agencies (id),
    tenant_id blob references tenants (id),
    hash text not null unique,
    expires_at integer,
    revoked_at integer,
    last_used_at integer,
    created_at integer not null
) strict;
create index api_keys_by_agency on api_keys (agency_id, id);

create table social_accounts (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    platform text not null default 'instagram',
    external_id text not null,
    scoped_id text,
    page_id text,
    username text not null,
    flavour text not null,
    app_id blob,
    status text not null,
    token_key_id text,
    token_sealed blob,
    token_expires_at integer,
    created_at integer not null,
    updated_at integer not null,
    unique (platform, external_id)
) strict;
create index social_accounts_by_tenant on social_accounts (tenant_id, id);

create table rules (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    name text not null,
    listens_to text not null,
    conditions text not null,
    actions text not null,
    priority integer not null,
    daily_cap integer,
    enabled integer not null,
    dry_run integer not null,
    created_at integer not null,
    updated_at integer not null
) strict;
create index rules_by_priority on rules (tenant_id, priority desc, id);

create table rule_hits (
    tenant_id blob not null references tenants (id),
    rule_id blob not null,
    event_id blob not null,
    day text not null,
    dry_run integer not null,
    created_at integer not null,
    primary key (tenant_id, rule_id, event_id)
) strict, without rowid;
create index rule_hits_by_day on rule_hits (tenant_id, day, rule_id);

-- What came in. A row is pending while neither done_at nor quarantined_at is set.
create table inbox_events (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    account_id blob,
    source text not null,
    kind text not null,
    external_id text not null,
    conversation_key text not null,
    occurred_at integer not null,
    received_at integer not null,
    body text not null,
    -- The item of the delivery as it came, never rewritten.
    payload text not null,
    attempts integer not null default 0,
    error text,
    done_at integer,
    quarantined_at integer,
    unique (tenant_id, kind, external_id)
) strict;
create index inbox_events_pending on inbox_events (tenant_id, id) where done_at is null and quarantined_at is null;

-- Events of accounts that nobody has connected.
create table orphaned_events (
    id blob primary key not null,
    external_account text not null,
    kind text not null,
    external_id text not null,
    received_at integer not null,
    payload text not null,
    unique (external_account, kind, external_id)
) strict;

create table conversations (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    account_id blob not null,
    kind text not null,
    conversation_key text not null,
    person_id text not null,
    person_username text,
    owner text not null,
    owner_since integer not null,
    window_ends_at integer,
    opted_out_at integer,
    last_inbound_at integer,
    last_outbound_at integer,
    created_at integer not null,
    updated_at integer not null,
    unique (tenant_id, account_id, conversation_key)
) strict;
create index conversations_by_tenant on conversations (tenant_id, id);

create table comments (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    account_id blob not null,
    conversation_id blob not null,
    event_id blob not null,
    external_id text not null,
    parent_external_id text,
    media_external_id text,
    author_id text not null,
    author_username text,
    text text not null,
    intent text,
    confidence real,
    sentiment text,
    language text,
    status text not null,
    reply text,
    tags text not null,
    assigned_to text,
    occurred_at integer not null,
    created_at integer not null,
    updated_at integer not null,
    unique (tenant_id, account_id, external_id)
) strict;
create index comments_by_tenant on comments (tenant_id, id);
create index comments_by_conversation on comments (conversation_id, id);

create table messages (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    account_id blob not null,
    conversation_id blob not null,
    external_id text not null,
    direction text not null,
    text text not null,
    attachments text not null,
    effect_id blob,
    intent text,
    confidence real,
    sentiment text,
    language text,
    deleted integer not null default 0,
    occurred_at integer not null,
    created_at integer not null,
    updated_at integer not null,
    unique (tenant_id, account_id, external_id)
) strict;
create index messages_by_conversation on messages (conversation_id, id);

-- Append-only; `details` is canonical JSON as text, because the hash covers it byte by byte. The columns from
-- `confidence` on repeat what the details of a decision say, for reports.
create table audit_log (
    id blob primary key not null,
    chain_id blob not null,
    tenant_id blob,
    agency_id blob,
    seq integer not null,
    event_type text not null,
    action text not null,
    resource_type text not null,
    resource_id text not null,
    actor text not null,
    success integer not null,
    error text,
    details text not null,
    confidence real,
    model text,
    prompt_version text,
    tokens_in integer,
    tokens_out integer,
    cost_micro_usd integer,
    latency_us integer,
    at integer not null,
    hash text not null,
    unique (chain_id, seq),
    check ((tenant_id is null) <> (agency_id is null))
) strict;
create index audit_log_by_resource on audit_log (chain_id, resource_id, seq);

create trigger audit_log_keeps_its_rows before delete on audit_log
begin
    select raise(abort, 'the audit log is append-only');
end;
create trigger audit_log_is_not_rewritten before update on audit_log
begin
    select raise(abort, 'the audit log is append-only');
end;

-- The end of every chain: an entry removed at the end shows.
create table audit_heads (
    chain_id blob primary key not null,
    tenant_id blob,
    agency_id blob,
    seq integer not null,
    hash text not null
) strict;

create table approvals (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    kind text not null,
    account_id blob not null,
    conversation_id blob not null,
    event_id blob not null,
    decision_id blob not null,
    proposed text not null,
    reason text not null,
    incoming_text text not null,
    status text not null,
    decided_by text,
    decided_at integer,
    edited_text text,
    comment text,
    expires_at integer not null,
    created_at integer not null,
    updated_at integer not null
) strict;
create index approvals_by_tenant on approvals (tenant_id, id);
create index approvals_pending_by_conversation on approvals (conversation_id) where status = 'pending';
create index approvals_pending_by_expiry on approvals (tenant_id, expires_at) where status = 'pending';

create table post_queue (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    account_id blob not null,
    conversation_id blob,
    event_id blob,
    decision_id blob,
    action_type text not null,
    payload text not null,
    -- Repeated from the payload, to be compared: the comment acted on, the person written to, the words sent.
    target_comment_id text,
    recipient_id text,
    text text,
    idempotency_key text not null,
    status text not null,
    approved_by_person integer not null,
    retry_count integer not null,
    error text,
    error_category text,
    skip_reason text,
    instagram_id text,
    next_retry_at integer not null,
    deadline integer,
    first_attempt_at integer,
    sent_at integer,
    received_at integer,
    created_at integer not null,
    updated_at integer not null,
    unique (tenant_id, idempotency_key)
) strict;
create index post_queue_by_tenant on post_queue (tenant_id, id);
create index post_queue_by_conversation on post_queue (conversation_id, id);
create index post_queue_due on post_queue (next_retry_at, tenant_id) where status in ('pending', 'failed');
create index post_queue_in_order on post_queue (tenant_id, deadline, id) where status in ('pending', 'failed');
create index post_queue_open on post_queue (status, tenant_id, account_id) where status in ('processing', 'unknown');
create index post_queue_by_instagram_id on post_queue (account_id, instagram_id) where instagram_id is not null;
create index post_queue_by_sending on post_queue (account_id, sent_at) where sent_at is not null;
create index post_queue_private_replies on post_queue (account_id, target_comment_id)
    where action_type = 'private_reply';

-- scope_id is the tenant, else the agency, else the nil id: unresolved alerts with one key are one alert there.
create table system_alerts (
    id blob primary key not null,
    scope_id blob not null,
    agency_id blob,
    tenant_id blob,
    alert_type text not null,
    severity text not null,
    message text not null,
    details text not null,
    dedup_key text not null,
    occurrences integer not null,
    last_seen_at integer not null,
    resolved_at integer,
    resolved_by text,
    created_at integer not null
) strict;
create unique index system_alerts_open on system_alerts (scope_id, dedup_key) where resolved_at is null;
create index system_alerts_by_agency on system_alerts (agency_id, id);
create index system_alerts_open_by_key on system_alerts (dedup_key) where resolved_at is null;

-- scope_id is the tenant, or the nil id for the parts of the node itself.
create table agent_heartbeats (
    scope_id blob not null,
    tenant_id blob,
    agent text not null,
    status text not null,
    last_beat_at integer not null,
    primary key (scope_id, agent)
) strict, without rowid;

create table cron_ticks (
    tenant_id blob not null references tenants (id),
    role text not null,
    name text not null,
    last_run integer,
    next_run integer not null,
    primary key (tenant_id, role, name)
) strict, without rowid;
create index cron_ticks_by_next_run on cron_ticks (next_run);
