-- What language models cost, and who pays.

-- A budget of a day. scope_id is the tenant, or the agency for all its tenants together; share is empty for the whole.
-- Its rows are written over and over: what is left free on a page lets the new version of a row stay near the old one.
create table budgets (
    scope_id uuid not null,
    share text not null,
    day text not null,
    agency_id uuid references agencies (id),
    tenant_id uuid references tenants (id),
    limit_micro_usd bigint not null,
    spent_micro_usd bigint not null default 0 check (spent_micro_usd >= 0),
    reserved_micro_usd bigint not null default 0 check (reserved_micro_usd >= 0),
    -- When the next day begins.
    resets_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (scope_id, share, day),
    check ((tenant_id is null) <> (agency_id is null))
) with (fillfactor = 50);

-- Money set aside for a call. A row is open while closed_at is not set; then it was settled, or it has expired.
create table budget_reservations (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    task text not null,
    amount_micro_usd bigint not null check (amount_micro_usd >= 0),
    -- The budgets it counts against.
    lines jsonb not null,
    expires_at timestamptz not null,
    settled boolean not null default false,
    closed_at timestamptz,
    created_at timestamptz not null
);
create index budget_reservations_open on budget_reservations (expires_at) where closed_at is null;
create index budget_reservations_closed on budget_reservations (closed_at) where closed_at is not null;

create table llm_calls (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    task text not null,
    event_id uuid,
    provider text not null,
    model text not null,
    prompt text,
    tokens_in bigint not null,
    tokens_cached bigint not null,
    tokens_out bigint not null,
    cost_micro_usd bigint not null check (cost_micro_usd >= 0),
    is_estimate boolean not null,
    latency_us bigint not null,
    attempt bigint not null,
    fallback_reason text,
    outcome text not null,
    error text,
    at timestamptz not null
);
create index llm_calls_by_time on llm_calls (tenant_id, at, id);
