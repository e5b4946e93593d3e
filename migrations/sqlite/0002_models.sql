-- What language models cost, and who pays.

-- A budget of a day. scope_id is the tenant, or the agency for all its tenants together; share is empty for the whole.
create table budgets (
    scope_id blob not null,
    share text not null,
    day text not null,
    agency_id blob references agencies (id),
    tenant_id blob references tenants (id),
    limit_micro_usd integer not null,
    spent_micro_usd integer not null default 0 check (spent_micro_usd >= 0),
    reserved_micro_usd integer not null default 0 check (reserved_micro_usd >= 0),
    -- When the next day begins.
    resets_at integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (scope_id, share, day),
    check ((tenant_id is null) <> (agency_id is null))
) strict, without rowid;

-- Money set aside for a call. A row is open while closed_at is not set; then it was settled, or it has expired.
create table budget_reservations (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    task text not null,
    amount_micro_usd integer not null check (amount_micro_usd >= 0),
    -- The budgets it counts against.
    lines text not null,
    expires_at integer not null,
    settled integer not null default 0,
    closed_at integer,
    created_at integer not null
) strict;
create index budget_reservations_open on budget_reservations (expires_at) where closed_at is null;
create index budget_reservations_closed on budget_reservations (closed_at) where closed_at is not null;

create table llm_calls (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    task text not null,
    event_id blob,
    provider text not null,
    model text not null,
    prompt text,
    tokens_in integer not null,
    tokens_cached integer not null,
    tokens_out integer not null,
    cost_micro_usd integer not null check (cost_micro_usd >= 0),
    is_estimate integer not null,
    latency_us integer not null,
    attempt integer not null,
    fallback_reason text,
    outcome text not null,
    error text,
    at integer not null
) strict;
create index llm_calls_by_time on llm_calls (tenant_id, at, id);
