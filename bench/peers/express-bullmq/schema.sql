create table accounts (
    id integer generated always as identity primary key,
    instagram_id text not null unique
);

create table replies (
    id bigint generated always as identity primary key,
    account_id integer not null references accounts,
    comment_id text not null unique,
    comment_text text not null,
    intent text not null,
    reply_id text,
    replied_at timestamptz not null default now()
);

create table audit (
    id bigint generated always as identity primary key,
    account_id integer not null references accounts,
    what text not null,
    details jsonb not null,
    cost numeric not null,
    at timestamptz not null default now()
);
