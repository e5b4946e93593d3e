-- Who people are at their provider of identities, and sign-ins through it that were brought to their end.

create table user_identities (
    issuer text not null,
    subject text not null,
    user_id blob not null references users (id),
    created_at integer not null,
    primary key (issuer, subject)
) strict;
create unique index user_identities_by_user on user_identities (user_id, issuer);

-- A ticket is used once. Nothing is stored before: strangers who begin and go away leave no rows.
create table spent_tickets (
    hash text primary key not null,
    expires_at integer not null
) strict;
create index spent_tickets_by_end on spent_tickets (expires_at);
