-- Rehearsals: recorded events decided again with another configuration.

-- What decisions were made with, in parts under the hash of their text: what did not change is stored once.
create table configuration_parts (
    tenant_id uuid not null references tenants (id),
    hash text not null,
    body text not null,
    created_at timestamptz not null,
    primary key (tenant_id, hash)
);

-- scope_id is the tenant, or the agency for all its tenants together. A report is there when status is 'done', and
-- only then.
create table rehearsals (
    id uuid primary key not null,
    scope_id uuid not null,
    agency_id uuid not null references agencies (id),
    tenant_id uuid references tenants (id),
    status text not null,
    asked_by text not null,
    asked jsonb not null,
    progress bigint not null,
    report jsonb,
    error text,
    created_at timestamptz not null,
    finished_at timestamptz,
    check ((status = 'done') = (report is not null)),
    check ((status = 'running') = (finished_at is null))
);
create index rehearsals_by_scope on rehearsals (scope_id, id);
create unique index rehearsals_running on rehearsals (status, scope_id) where status = 'running';

-- Those of a rehearsal that ended without a result are removed with its end.
create table rehearsal_differences (
    id uuid primary key not null,
    rehearsal_id uuid not null references rehearsals (id),
    tenant_id uuid not null references tenants (id),
    event_id uuid not null,
    body jsonb not null
);
create index rehearsal_differences_in_order on rehearsal_differences (rehearsal_id, id);
