-- Ids are UUIDv7, times are timestamptz in UTC, money is micro-dollars. Same names and order as for SQLite.

create table agencies (
    id uuid primary key not null,
    name text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table tenants (
    id uuid primary key not null,
    agency_id uuid not null references agencies (id),
    slug text not null,
    name text not null,
    time_zone text not null,
    status text not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (agency_id, slug)
);

create table tenant_settings (
    tenant_id uuid primary key not null references tenants (id),
    settings jsonb not null,
    updated_at timestamptz not null
);

create table meta_apps (
    id uuid primary key not null,
    agency_id uuid not null references agencies (id),
    tenant_id uuid references tenants (id),
    external_id text not null unique,
    verify_token text not null,
    secret_key_id text,
    secret_sealed bytea,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index meta_apps_by_agency on meta_apps (agency_id, id);

create table api_keys (
    id uuid primary key not null,
    name text not null,
    scope text not null,
    agency_id uuid references agencies (id),
    tenant_id uuid references tenants (id),
    hash text not null unique,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz not null
);
create index api_keys_by_agency on api_keys (agency_id, id);

create table social_accounts (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    platform text not null default 'instagram',
    external_id text not null,
    scoped_id text,
    page_id text,
    username text not null,
    flavour text not null,
    app_id uuid,
    status text not null,
    token_key_id text,
    token_sealed bytea,
    token_expires_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (platform, external_id)
);
create index social_accounts_by_tenant on social_accounts (tenant_id, id);

create table rules (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    name text not null,
    listens_to jsonb not null,
    conditions jsonb not null,
    actions jsonb not null,
    priority bigint not null,
    daily_cap bigint,
    enabled boolean not null,
    dry_run boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index rules_by_priority on rules (tenant_id, priority desc, id);

create table rule_hits (
    tenant_id uuid not null references tenants (id),
    rule_id uuid not null,
    event_id uuid not null,
    day text not null,
    dry_run boolean not null,
    created_at timestamptz not null,
    primary key (tenant_id, rule_id, event_id)
);
create index rule_hits_by_day on rule_hits (tenant_id, day, rule_id);

-- What came in. A row is pending while neither done_at nor quarantined_at is set.
create table inbox_events (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    account_id uuid,
    source text not null,
    kind text not null,
    external_id text not null,
    conversation_key text not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    body jsonb not null,
    -- The item of the delivery as it came, never rewritten.
    payload text not null,
    attempts bigint not null default 0,
    error text,
    done_at timestamptz,
    quarantined_at timestamptz,
    unique (tenant_id, kind, external_id)
);
create index inbox_events_pending on inbox_events (tenant_id, id) where done_at is null and quarantined_at is null;

-- Events of accounts that nobody has connected.
create table orphaned_events (
    id uuid primary key not null,
    external_account text not null,
    kind text not null,
    external_id text not null,
    received_at timestamptz not null,
    payload text not null,
    unique (external_account, kind, external_id)
);

create table conversations (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    account_id uuid not null,
    kind text not null,
    conversation_key text not null,
    person_id text not null,
    person_username text,
    owner text not null,
    owner_since timestamptz not null,
    window_ends_at timestamptz,
    opted_out_at timestamptz,
    last_inbound_at timestamptz,
    last_outbound_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (tenant_id, account_id, conversation_key)
);
create index conversations_by_tenant on conversations (tenant_id, id);

create table comments (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    account_id uuid not null,
    conversation_id uuid not null,
    event_id uuid not null,
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
    tags jsonb not null,
    assigned_to text,
    occurred_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (tenant_id, account_id, external_id)
);
create index comments_by_tenant on comments (tenant_id, id);
create index comments_by_conversation on comments (conversation_id, id);

create table messages (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    account_id uuid not null,
    conversation_id uuid not null,
    external_id text not null,
    direction text not null,
    text text not null,
    attachments jsonb not null,
    effect_id uuid,
    intent text,
    confidence real,
    sentiment text,
    language text,
    deleted boolean not null default false,
    occurred_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (tenant_id, account_id, external_id)
);
create index messages_by_conversation on messages (conversation_id, id);

-- Append-only; `details` is canonical JSON as text, because the hash covers it byte by byte. The columns from
-- `confidence` on repeat what the details of a decision say, for reports.
create table audit_log (
    id uuid primary key not null,
    chain_id uuid not null,
    tenant_id uuid,
    agency_id uuid,
    seq bigint not null,
    event_type text not null,
    action text not null,
    resource_type text not null,
    resource_id text not null,
    actor text not null,
    success boolean not null,
    error text,
    details text not null,
    confidence real,
    model text,
    prompt_version text,
    tokens_in bigint,
    tokens_out bigint,
    cost_micro_usd bigint,
    latency_us bigint,
    at timestamptz not null,
    hash text not null,
    unique (chain_id, seq),
    check ((tenant_id is null) <> (agency_id is null))
);
create index audit_log_by_resource on audit_log (chain_id, resource_id, seq);

create function refuse_to_rewrite_audit_log() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only';
end;
$$;
create trigger audit_log_is_append_only before update or delete on audit_log
    for each row execute function refuse_to_rewrite_audit_log();
create trigger audit_log_is_not_emptied before truncate on audit_log
    for each statement execute function refuse_to_rewrite_audit_log();

-- The end of every chain: an entry removed at the end shows.
create table audit_heads (
    chain_id uuid primary key not null,
    tenant_id uuid,
    agency_id uuid,
    seq bigint not null,
    hash text not null
);

create table approvals (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    kind text not null,
    account_id uuid not null,
    conversation_id uuid not null,
    event_id uuid not null,
    decision_id uuid not null,
    proposed jsonb not null,
    reason text not null,
    incoming_text text not null,
    status text not null,
    decided_by text,
    decided_at timestamptz,
    edited_text text,
    comment text,
    expires_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index approvals_by_tenant on approvals (tenant_id, id);
create index approvals_pending_by_conversation on approvals (conversation_id) where status = 'pending';
create index approvals_pending_by_expiry on approvals (tenant_id, expires_at) where status = 'pending';

create table post_queue (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    account_id uuid not null,
    conversation_id uuid,
    event_id uuid,
    decision_id uuid,
    action_type text not null,
    payload jsonb not null,
    -- Repeated from the payload, to be compared: the comment acted on, the person written to, the words sent.
    target_comment_id text,
    recipient_id text,
    text text,
    idempotency_key text not null,
    status text not null,
    approved_by_person boolean not null,
    retry_count bigint not null,
    error text,
    error_category text,
    skip_reason text,
    instagram_id text,
    next_retry_at timestamptz not null,
    deadline timestamptz,
    first_attempt_at timestamptz,
    sent_at timestamptz,
    received_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (tenant_id, idempotency_key)
);
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
    id uuid primary key not null,
    scope_id uuid not null,
    agency_id uuid,
    tenant_id uuid,
    alert_type text not null,
    severity text not null,
    message text not null,
    details jsonb not null,
    dedup_key text not null,
    occurrences bigint not null,
    last_seen_at timestamptz not null,
    resolved_at timestamptz,
    resolved_by text,
    created_at timestamptz not null
);
create unique index system_alerts_open on system_alerts (scope_id, dedup_key) where resolved_at is null;
create index system_alerts_by_agency on system_alerts (agency_id, id);
create index system_alerts_open_by_key on system_alerts (dedup_key) where resolved_at is null;

-- scope_id is the tenant, or the nil id for the parts of the node itself.
create table agent_heartbeats (
    scope_id uuid not null,
    tenant_id uuid,
    agent text not null,
    status text not null,
    last_beat_at timestamptz not null,
    primary key (scope_id, agent)
);

create table cron_ticks (
    tenant_id uuid not null references tenants (id),
    role text not null,
    name text not null,
    last_run timestamptz,
    next_run timestamptz not null,
    primary key (tenant_id, role, name)
);
create index cron_ticks_by_next_run on cron_ticks (next_run);
