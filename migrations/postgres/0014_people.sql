-- People who sign in, what they are in which agency, and their sessions. Keys get a role of their own.

alter table api_keys add column role text not null default 'owner';

create table users (
    id uuid primary key not null,
    -- In lower case.
    email text not null unique,
    name text not null,
    status text not null,
    -- An Argon2id string; null while no password was chosen.
    password_hash text,
    last_sign_in_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- The scope is the tenant, or the agency for all its tenants.
create table memberships (
    user_id uuid not null references users (id),
    scope_id uuid not null,
    agency_id uuid not null references agencies (id),
    tenant_id uuid references tenants (id),
    role text not null,
    created_at timestamptz not null,
    primary key (user_id, scope_id)
);
create index memberships_by_agency on memberships (agency_id, user_id);

-- Of secrets only SHA-256 hashes are kept. The refresh secret that was replaced last tells when a stolen one is used.
create table sessions (
    id uuid primary key not null,
    user_id uuid not null references users (id),
    token_hash text not null unique,
    refresh_hash text not null unique,
    replaced_hash text,
    csrf text not null,
    expires_at timestamptz not null,
    ends_at timestamptz not null,
    ip text,
    user_agent text,
    created_at timestamptz not null,
    refreshed_at timestamptz not null
);
create index sessions_by_user on sessions (user_id, id);
create index sessions_by_replaced on sessions (replaced_hash) where replaced_hash is not null;
create index sessions_by_end on sessions (ends_at);

create table user_tokens (
    hash text primary key not null,
    kind text not null,
    user_id uuid references users (id),
    expires_at timestamptz not null,
    used_at timestamptz,
    created_at timestamptz not null
);
create index user_tokens_by_user on user_tokens (kind, user_id);

-- Refused sign-ins since the last that was not, by the SHA-256 of the e-mail address: a stranger must not learn from them
-- whether there is such a user.
create table sign_in_failures (
    email_hash text primary key not null,
    failures bigint not null,
    last_at timestamptz not null
);
create index sign_in_failures_by_time on sign_in_failures (last_at);

-- One row once the installation has been set up.
create table installation (
    id bigint primary key not null check (id = 1),
    set_up_at timestamptz not null
);
