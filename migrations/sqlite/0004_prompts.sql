-- Prompts in versions, which of them are in use, and experiments that compare them.

-- The prompts of the installation, and the version of each that came with the program in use. Whoever adds a version
-- holds the row of its key, so that a number means one text to an agency.
create table prompt_keys (
    key text primary key not null,
    version integer not null
) strict;

-- agency_id is not set for versions that came with the program.
create table prompt_templates (
    id blob primary key not null,
    agency_id blob references agencies (id),
    key text not null,
    version integer not null,
    body text not null,
    note text not null,
    created_by text not null,
    created_at integer not null
) strict;
create unique index prompt_templates_of_the_installation on prompt_templates (key, version) where agency_id is null;
create unique index prompt_templates_of_an_agency on prompt_templates (agency_id, key, version)
    where agency_id is not null;

create trigger prompt_templates_are_not_rewritten before update on prompt_templates
begin
    select raise(abort, 'versions of prompts are not changed: add another version');
end;

-- Versions that were chosen. scope_id is the tenant, or the agency for all its tenants that have not chosen.
create table prompt_choices (
    scope_id blob not null,
    key text not null,
    agency_id blob not null references agencies (id),
    tenant_id blob references tenants (id),
    version integer not null,
    chosen_by text not null,
    chosen_at integer not null,
    primary key (scope_id, key)
) strict, without rowid;
create index prompt_choices_by_agency on prompt_choices (agency_id, key);

create table prompt_experiments (
    id blob primary key not null,
    agency_id blob not null references agencies (id),
    tenant_id blob references tenants (id),
    key text not null,
    name text not null,
    status text not null,
    started_by text not null,
    started_at integer not null,
    ended_by text,
    ended_at integer,
    winner integer
) strict;
create index prompt_experiments_by_agency on prompt_experiments (agency_id, id);
create index prompt_experiments_running on prompt_experiments (agency_id, key) where status = 'running';

create table prompt_arms (
    experiment_id blob not null references prompt_experiments (id),
    version integer not null,
    weight integer not null,
    primary key (experiment_id, version)
) strict, without rowid;
