-- What Instagram tells about accounts and media, reports on it, and competitors.

-- A number that Instagram does not tell is null, with the reason. Days are those of the tenant's clock, YYYY-MM-DD.
create table account_insights (
    tenant_id uuid not null references tenants (id),
    account_id uuid not null,
    metric text not null,
    day text not null,
    breakdown text not null,
    value double precision,
    reason text,
    ends_at timestamptz not null,
    read_at timestamptz not null,
    primary key (tenant_id, account_id, metric, day, breakdown),
    check (value is not null or reason is not null)
);
create index account_insights_by_metric on account_insights (tenant_id, metric, day);
create index account_insights_by_day on account_insights (tenant_id, day);

-- One reading a day and media: the last one.
create table media_insights (
    tenant_id uuid not null references tenants (id),
    account_id uuid not null,
    media_id text not null,
    day text not null,
    product text not null,
    media_type text not null,
    caption text not null,
    permalink text,
    published_at timestamptz not null,
    metrics jsonb not null,
    read_at timestamptz not null,
    primary key (tenant_id, account_id, media_id, day)
);
create index media_insights_by_time on media_insights (tenant_id, published_at);
create index media_insights_by_media on media_insights (tenant_id, media_id, day);
create index media_insights_by_day on media_insights (tenant_id, day);

create table analytics_reports (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    report_type text not null,
    first_day text not null,
    last_day text not null,
    period_start timestamptz not null,
    period_end timestamptz not null,
    revision bigint not null,
    run_id uuid not null,
    asked_by text not null,
    instagram_metrics jsonb not null,
    media_metrics jsonb not null,
    revenue_metrics jsonb not null,
    historical_comparison jsonb not null,
    insights jsonb not null,
    data_sources jsonb not null,
    competitors jsonb not null,
    made_at timestamptz not null,
    unique (tenant_id, report_type, first_day, last_day)
);
create index analytics_reports_by_tenant on analytics_reports (tenant_id, id);

create table competitors (
    id uuid primary key not null,
    tenant_id uuid not null references tenants (id),
    username text not null,
    note text,
    created_at timestamptz not null,
    unique (tenant_id, username)
);

create table competitor_snapshots (
    competitor_id uuid not null references competitors (id),
    day text not null,
    tenant_id uuid not null references tenants (id),
    seen jsonb,
    problem text,
    taken_at timestamptz not null,
    primary key (competitor_id, day),
    check (seen is not null or problem is not null)
);
