-- The media library. Files are in the object storage under tenant and id; a row is there only when its files are.

-- kind follows from content_type. Tags stand in lower case between line feeds, so that one can be looked for.
create table media_assets (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    file_name text not null,
    kind text not null,
    content_type text not null,
    bytes integer not null,
    width integer not null,
    height integer not null,
    duration_us integer,
    video text,
    publish_copy text,
    has_thumbnail integer not null,
    sha256 text not null,
    alt_text text,
    tags text not null,
    created_by text not null,
    created_at integer not null,
    updated_at integer not null,
    unique (tenant_id, sha256)
) strict;
create index media_assets_in_order on media_assets (tenant_id, id);

-- Who uses an asset; while somebody holds it, it cannot be deleted.
create table media_uses (
    tenant_id blob not null references tenants (id),
    media_id blob not null references media_assets (id),
    used_by_kind text not null,
    used_by_id blob not null,
    holds integer not null,
    primary key (tenant_id, media_id, used_by_kind, used_by_id)
) strict, without rowid;
create index media_uses_by_user on media_uses (tenant_id, used_by_kind, used_by_id);
create index media_uses_by_media on media_uses (media_id);

-- Uploads in parts. How many bytes are there is said by the file itself.
create table media_uploads (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    file_name text not null,
    bytes integer not null,
    status text not null,
    media_id blob,
    error text,
    created_by text not null,
    created_at integer not null,
    updated_at integer not null
) strict;
create index media_uploads_of_tenant on media_uploads (tenant_id, id);
create index media_uploads_by_age on media_uploads (updated_at);
