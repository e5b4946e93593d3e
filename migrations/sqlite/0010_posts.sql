-- Posts: what shall be published when, and what was tried.

-- next_step_at says when a post must be looked at; it is null while nothing happens by itself.
create table scheduled_posts (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    account_id blob not null,
    post_type text not null,
    caption text not null,
    first_comment text,
    options text not null,
    status text not null,
    scheduled_at integer,
    approval text not null,
    progress text not null,
    retry_count integer not null,
    error text,
    platform_post_id text,
    permalink text,
    published_at integer,
    next_step_at integer,
    recurrence text,
    series_id blob,
    media_hash text not null,
    version integer not null,
    created_by text not null,
    created_at integer not null,
    updated_at integer not null
) strict;
create index scheduled_posts_by_tenant on scheduled_posts (tenant_id, id);
create index scheduled_posts_by_step on scheduled_posts (next_step_at, tenant_id, id) where next_step_at is not null;
create index scheduled_posts_by_time on scheduled_posts (tenant_id, scheduled_at) where scheduled_at is not null;
create index scheduled_posts_by_media on scheduled_posts (tenant_id, media_hash, id);

-- The files of a post, in order. They may have gone from the library once the post is published.
create table post_media (
    tenant_id blob not null references tenants (id),
    post_id blob not null references scheduled_posts (id),
    position integer not null,
    media_id blob not null,
    primary key (post_id, position)
) strict, without rowid;

create table job_logs (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    post_id blob not null references scheduled_posts (id),
    effect_id blob,
    round integer not null,
    step text not null,
    status text not null,
    message text not null,
    error_details text,
    execution_ms integer not null,
    at integer not null
) strict;
create index job_logs_by_post on job_logs (post_id, id);

create table post_templates (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    name text not null,
    post_type text not null,
    caption text not null,
    hashtags text not null,
    first_comment text,
    created_at integer not null,
    updated_at integer not null,
    unique (tenant_id, name)
) strict;

-- The post that an effect publishes.
alter table post_queue add column post_id blob;
create index post_queue_by_post on post_queue (post_id, id) where post_id is not null;
