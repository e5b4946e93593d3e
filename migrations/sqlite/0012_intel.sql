-- What Instagram tells about accounts and media, reports on it, and competitors.

-- A number that Instagram does not tell is null, with the reason. Days are those of the tenant's clock, YYYY-MM-DD.
create table account_insights (
    tenant_id blob not null references tenants (id),
    account_id blob not null,
    metric text not null,
    day text not null,
    breakdown text not null,
    value real,
    reason text,
    ends_at integer not null,
    read_at integer not null,
    primary key (tenant_id, account_id, metric, day, breakdown),
    check (value is not null or reason is not null)
) strict, without rowid;
create index account_insights_by_metric on account_insights (tenant_id, metric, day);
create index account_insights_by_day on account_insights (tenant_id, day);

-- One reading a day and media: the last one.
create table media_insights (
    tenant_id blob not null references tenants (id),
    account_id blob not null,
    media_id text not null,
    day text not null,
    product text not null,
    media_type text not null,
    caption text not null,
    permalink text,
    published_at integer not null,
    metrics text not null,
    read_at integer not null,
    primary key (tenant_id, account_id, media_id, day)
) strict, without rowid;
create index media_insights_by_time on media_insights (tenant_id, published_at);
create index media_insights_by_media on media_insights (tenant_id, media_id, day);
create index media_insights_by_day on media_insights (tenant_id, day);

create table analytics_reports (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    report_type text not null,
    first_day text not null,
    last_day text not null,
    period_start integer not null,
    period_end integer not null,
    revision integer not null,
    run_id blob not null,
    asked_by text not null,
    instagram_metrics text not null,
    media_metrics text not null,
    revenue_metrics text not null,
    historical_comparison text not null,
    insights text not null,
    data_sources text not null,
    competitors text not null,
    made_at integer not null,
    unique (tenant_id, report_type, first_day, last_day)
) strict;
create index analytics_reports_by_tenant on analytics_reports (tenant_id, id);

create table competitors (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    username text not null,
    note text,
    created_at integer not null,
    unique (tenant_id, username)
) strict;

create table competitor_snapshots (
    competitor_id blob not null references competitors (id),
    day text not null,
    tenant_id blob not null references tenants (id),
    seen text,
    problem text,
    taken_at integer not null,
    primary key (competitor_id, day),
    check (seen is not null or problem is not null)
) strict, without rowid;
