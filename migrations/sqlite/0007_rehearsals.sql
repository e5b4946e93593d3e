-- Rehearsals: recorded events decided again with another configuration.

-- What decisions were made with, in parts under the hash of their text: what did not change is stored once.
create table configuration_parts (
    tenant_id blob not null references tenants (id),
    hash text not null,
    body text not null,
    created_at integer not null,
    primary key (tenant_id, hash)
) strict, without rowid;

-- scope_id is the tenant, or the agency for all its tenants together. A report is there when status is 'done', and
-- only then.
create table rehearsals (
    id blob primary key not null,
    scope_id blob not null,
    agency_id blob not null references agencies (id),
    tenant_id blob references tenants (id),
    status text not null,
    asked_by text not null,
    asked text not null,
    progress integer not null,
    report text,
    error text,
    created_at integer not null,
    finished_at integer,
    check ((status = 'done') = (report is not null)),
    check ((status = 'running') = (finished_at is null))
) strict;
create index rehearsals_by_scope on rehearsals (scope_id, id);
create unique index rehearsals_running on rehearsals (status, scope_id) where status = 'running';

-- Those of a rehearsal that ended without a result are removed with its end.
create table rehearsal_differences (
    id blob primary key not null,
    rehearsal_id blob not null references rehearsals (id),
    tenant_id blob not null references tenants (id),
    event_id blob not null,
    body text not null
) strict;
create index rehearsal_differences_in_order on rehearsal_differences (rehearsal_id, id);
