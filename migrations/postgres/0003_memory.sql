-- What tenants remember. The rows are the truth; the index in the data folder follows them by seq.

create table memory_items (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    -- Grows with every change of the tenant's memory: an index that has read up to here reads on from here.
    seq bigint not null,
    kind text not null,
    visibility text not null,
    title text,
    text text not null,
    person text,
    account_id uuid,
    conversation_id uuid,
    media text,
    source text not null,
    language text,
    weight real not null,
    seen bigint not null default 1,
    fingerprint text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, fingerprint)
);
create index memory_items_by_seq on memory_items (tenant_id, seq);
create index memory_items_by_person on memory_items (tenant_id, person, updated_at) where person is not null;

-- The last seq that was given, and how often something was forgotten.
create table memory_heads (
    tenant_id uuid primary key not null references tenants (id),
    last_seq bigint not null,
    forgotten bigint not null default 0
);
