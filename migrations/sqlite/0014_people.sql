-- People who sign in, what they are in which agency, and their sessions. Keys get a role of their own.

alter table api_keys add column role text not null default 'owner';

create table users (
    id blob primary key not null,
    -- In lower case.
    email text not null unique,
    name text not null,
    status text not null,
    -- An Argon2id string; null while no password was chosen.
    password_hash text,
    last_sign_in_at integer,
    created_at integer not null,
    updated_at integer not null
) strict;

-- The scope is the tenant, or the agency for all its tenants.
create table memberships (
    user_id blob not null references users (id),
    scope_id blob not null,
    agency_id blob not null references agencies (id),
    tenant_id blob references tenants (id),
    role text not null,
    created_at integer not null,
    primary key (user_id, scope_id)
) strict;
create index memberships_by_agency on memberships (agency_id, user_id);

-- Of secrets only SHA-256 hashes are kept. The refresh secret that was replaced last tells when a stolen one is used.
create table sessions (
    id blob primary key not null,
    user_id blob not null references users (id),
    token_hash text not null unique,
    refresh_hash text not null unique,
    replaced_hash text,
    csrf text not null,
    expires_at integer not null,
    ends_at integer not null,
    ip text,
    user_agent text,
    created_at integer not null,
    refreshed_at integer not null
) strict;
create index sessions_by_user on sessions (user_id, id);
create index sessions_by_replaced on sessions (replaced_hash) where replaced_hash is not null;
create index sessions_by_end on sessions (ends_at);

create table user_tokens (
    hash text primary key not null,
    kind text not null,
    user_id blob references users (id),
    expires_at integer not null,
    used_at integer,
    created_at integer not null
) strict;
create index user_tokens_by_user on user_tokens (kind, user_id);

-- Refused sign-ins since the last that was not, by the SHA-256 of the e-mail address: a stranger must not learn from them
-- whether there is such a user.
create table sign_in_failures (
    email_hash text primary key not null,
    failures integer not null,
    last_at integer not null
) strict;
create index sign_in_failures_by_time on sign_in_failures (last_at);

-- One row once the installation has been set up.
create table installation (
    id integer primary key not null check (id = 1),
    set_up_at integer not null
) strict;
