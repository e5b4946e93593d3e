-- The inbox begins with the conversations in which something happened last.
create index conversations_by_activity on conversations (tenant_id, updated_at, id);
drop index conversations_by_tenant;
-- Which post of ours a comment stands under.
create index scheduled_posts_by_platform_post on scheduled_posts (tenant_id, platform_post_id)
where platform_post_id is not null;
