-- The media library. Files are in the object storage under tenant and id; a row is there only when its files are.

-- kind follows from content_type. Tags stand in lower case between line feeds, so that one can be looked for.
create table media_assets (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    file_name text not null,
    kind text not null,
    content_type text not null,
    bytes bigint not null,
    width bigint not null,
    height bigint not null,
    duration_us bigint,
    video jsonb,
    publish_copy jsonb,
    has_thumbnail boolean not null,
    sha256 text not null,
    alt_text text,
    tags text not null,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (tenant_id, sha256)
);
create index media_assets_in_order on media_assets (tenant_id, id);

-- Who uses an asset; while somebody holds it, it cannot be deleted.
create table media_uses (
    tenant_id uuid not null references tenants (id),
    media_id uuid not null references media_assets (id),
    used_by_kind text not null,
    used_by_id uuid not null,
    holds boolean not null,
    primary key (tenant_id, media_id, used_by_kind, used_by_id)
);
create index media_uses_by_user on media_uses (tenant_id, used_by_kind, used_by_id);
create index media_uses_by_media on media_uses (media_id);

-- Uploads in parts. How many bytes are there is said by the file itself.
create table media_uploads (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    file_name text not null,
    bytes bigint not null,
    status text not null,
    media_id uuid,
    error text,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index media_uploads_of_tenant on media_uploads (tenant_id, id);
create index media_uploads_by_age on media_uploads (updated_at);
