-- Connecting accounts through the logins of Meta, and the life of their tokens.

alter table social_accounts add column scopes text not null default '[]';
alter table social_accounts add column granted_by text;
-- When the present token was stored; tells one token from the next.
alter table social_accounts add column token_set_at integer;
alter table social_accounts add column token_failures integer not null default 0;
alter table social_accounts add column token_retry_at integer;
alter table social_accounts add column token_trouble text;
alter table social_accounts add column token_error text;
alter table social_accounts add column subscribed_at integer;
update social_accounts set token_set_at = updated_at where token_sealed is not null;
create index social_accounts_by_key on social_accounts (token_key_id, id);
create index social_accounts_by_scoped_id on social_accounts (scoped_id) where scoped_id is not null;
create index social_accounts_by_granter on social_accounts (granted_by) where granted_by is not null;
create index social_accounts_to_retry on social_accounts (token_retry_at) where token_retry_at is not null;

-- Instagram Login has an app id and a secret of its own.
alter table meta_apps add column instagram_app_id text;
alter table meta_apps add column instagram_secret_key_id text;
alter table meta_apps add column instagram_secret_sealed blob;

create table connect_attempts (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    -- SHA-256 of the state that Instagram gives back, hex.
    state_hash text not null unique,
    status text not null,
    body text not null,
    -- The tokens of the accounts that were found, while one is to be chosen.
    grant_key_id text,
    grant_sealed blob,
    expires_at integer not null,
    created_at integer not null,
    updated_at integer not null
) strict;
create index connect_attempts_with_grant on connect_attempts (expires_at) where grant_sealed is not null;

create table deletion_requests (
    code text primary key not null,
    app_id blob,
    -- Empty once it is done.
    user_id text not null,
    received_at integer not null,
    done_at integer,
    accounts integer not null,
    tenants integer not null
) strict;
create index deletion_requests_open on deletion_requests (received_at) where done_at is null;
