-- Conversations in which people ask why, and what they were answered.

create table oversight_sessions (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    -- `user:…` or `key:…`: nobody reads the conversations of others.
    asked_by text not null,
    title text not null,
    active boolean not null,
    total_queries bigint not null,
    total_latency_ms bigint not null,
    last_question text,
    last_answer text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index oversight_sessions_by_owner on oversight_sessions (tenant_id, asked_by, id);

create table oversight_turns (
    id uuid primary key not null,
    session_id uuid not null references oversight_sessions (id),
    tenant_id uuid not null references tenants (id),
    question text not null,
    answer text not null,
    sources jsonb not null,
    tools jsonb not null,
    steps jsonb not null,
    confidence real,
    model text,
    cost_micro_usd bigint not null,
    first_token_ms bigint,
    latency_ms bigint,
    -- Until the answer has come to its end: what breaks off stays marked, even when the process dies.
    incomplete boolean not null,
    problem text,
    asked_at timestamptz not null
);
create index oversight_turns_by_session on oversight_turns (session_id, id);
create index oversight_turns_by_tenant on oversight_turns (tenant_id, id);
