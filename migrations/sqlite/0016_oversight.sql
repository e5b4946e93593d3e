-- Conversations in which people ask why, and what they were answered.

create table oversight_sessions (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    -- `user:…` or `key:…`: nobody reads the conversations of others.
    asked_by text not null,
    title text not null,
    active integer not null,
    total_queries integer not null,
    total_latency_ms integer not null,
    last_question text,
    last_answer text,
    created_at integer not null,
    updated_at integer not null
) strict;
create index oversight_sessions_by_owner on oversight_sessions (tenant_id, asked_by, id);

create table oversight_turns (
    id blob primary key not null,
    session_id blob not null references oversight_sessions (id),
    tenant_id blob not null references tenants (id),
    question text not null,
    answer text not null,
    sources text not null,
    tools text not null,
    steps text not null,
    confidence real,
    model text,
    cost_micro_usd integer not null,
    first_token_ms integer,
    latency_ms integer,
    -- Until the answer has come to its end: what breaks off stays marked, even when the process dies.
    incomplete integer not null,
    problem text,
    asked_at integer not null
) strict;
create index oversight_turns_by_session on oversight_turns (session_id, id);
create index oversight_turns_by_tenant on oversight_turns (tenant_id, id);
