-- Clocks: durable ticks in the tenant's time zone, and when each account is looked at.

-- next_run is when a tick is due by the tenant's clock, fire_at when this installation runs it: a little later, so that
-- not everybody's eight o'clock falls on one second. A tick without fire_at rests (its tenant is not served). zone is the
-- zone that next_run was reckoned in; last_run is when the last occurrence was due that was run or left out; runs counts
-- those that ended.
alter table cron_ticks add column fire_at integer;
alter table cron_ticks add column zone text not null default '';
alter table cron_ticks add column runs integer not null default 0;
alter table cron_ticks add column last_status text;
alter table cron_ticks add column last_error text;
alter table cron_ticks add column last_status_at integer;
update cron_ticks set fire_at = next_run;
drop index cron_ticks_by_next_run;
create index cron_ticks_by_fire_at on cron_ticks (fire_at) where fire_at is not null;

-- Tenants whose ticks have to be planned anew, because they, their accounts or the ticks of the program have changed:
-- marked in the transaction that changes them, so that nobody has to look through all tenants.
create table tick_plans (
    tenant_id blob primary key not null references tenants (id),
    -- Fingerprint of the ticks that it was planned with.
    catalogue text not null default '',
    dirty_since integer,
    -- Counts the marks, so that one that comes while another is worked on is not lost.
    marks integer not null default 0
) strict, without rowid;
create index tick_plans_dirty on tick_plans (dirty_since) where dirty_since is not null;
insert into tick_plans (tenant_id, catalogue, dirty_since) select id, '', 0 from tenants;

-- When each account's comments and messages are compared with ours, and when its health is looked at.
create table account_watches (
    account_id blob primary key not null,
    tenant_id blob not null references tenants (id),
    -- Null while the account is not in use.
    poll_at integer,
    health_at integer,
    polled_at integer,
    checked_at integer,
    -- What the last poll has seen.
    seen text not null,
    -- What the last look at its health has found.
    health text
) strict;
create index account_watches_by_tenant on account_watches (tenant_id);
create index account_watches_to_poll on account_watches (poll_at) where poll_at is not null;
create index account_watches_to_check on account_watches (health_at) where health_at is not null;
