//! Stores posts, what was tried for them, and templates.

use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::{PostId, TemplateId, TenantId};
use tenants::post::{JobLog, Post, PostTemplate};

use super::expected;
use super::schedule::Group;
use super::tenants::tenant_of;
use crate::db::{Connection, run, run_bulk};
use crate::failure::Failure;
use crate::statement::{bulk_statements, statements};
use crate::types::{Doc, Moment, maybe_text, text};

statements! {
    CHANGE_POST {
        "update scheduled_posts set account_id = $4, post_type = $5, caption = $6, first_comment = $7, options = $8, \
         status = $9, scheduled_at = $10, approval = $11, progress = $12, retry_count = $13, error = $14, \
         platform_post_id = $15, permalink = $16, published_at = $17, next_step_at = $18, recurrence = $19, \
         series_id = $20, media_hash = $21, updated_at = $22, version = version + 1 \
         where id = $2 and tenant_id = $1 and version = $3"
    }
    /// Whoever has looked at the post before this must look again.
    WAKE_POST {
        "update scheduled_posts set next_step_at = case when next_step_at < $3 then next_step_at else $3 end, \
         version = version + 1 where id = $2 and tenant_id = $1 and status in ('publishing', 'published')"
    }
    DROP_FILES { "delete from post_media where post_id = $2 and tenant_id = $1" }
    PUT_TEMPLATE {
        "insert into post_templates (id, tenant_id, name, post_type, caption, hashtags, first_comment, created_at, \
         updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do update set name = excluded.name, \
         post_type = excluded.post_type, caption = excluded.caption, hashtags = excluded.hashtags, \
         first_comment = excluded.first_comment, updated_at = excluded.updated_at \
         where post_templates.tenant_id = excluded.tenant_id"
    }
    DELETE_TEMPLATE { "delete from post_templates where tenant_id = $1 and id = $2" }
}

bulk_statements! {
    ADD_POSTS {
        "insert into scheduled_posts (id, tenant_id, account_id, post_type, caption, first_comment, options, status, \
         scheduled_at, approval, progress, retry_count, error, platform_post_id, permalink, published_at, next_step_at, \
         recurrence, series_id, media_hash, version, created_by, created_at, updated_at) values"
        [uuid uuid uuid text text text jsonb text timestamptz jsonb jsonb bigint text text text timestamptz timestamptz
         jsonb uuid text bigint text timestamptz timestamptz]
        ""
    }
    ADD_FILES {
        "insert into post_media (tenant_id, post_id, position, media_id) values" [uuid uuid bigint uuid] ""
    }
    ADD_JOB_LOGS {
        "insert into job_logs (id, tenant_id, post_id, effect_id, round, step, status, message, error_details, \
         execution_ms, at) values"
        [uuid uuid uuid uuid bigint text text text jsonb bigint timestamptz]
        ""
    }
}

pub(crate) async fn apply(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    for item in group {
        let tenant = tenant_of(item.chain)?;
        match item.change {
            Change::PutPost { post, expected } => put(connection, tenant, post, *expected).await?,
            Change::WakePost { post, at } => wake(connection, tenant, post, *at).await?,
            Change::AddJobLog(log) => add_log(connection, tenant, log).await?,
            Change::PutPostTemplate(template) => put_template(connection, tenant, template).await?,
            Change::Expect(expected) => expected::hold(connection, item.chain, expected).await?,
            Change::DeletePostTemplate(template) => delete_template(connection, tenant, *template).await?,
            _ => {}
        }
    }
    Ok(())
}

async fn put(
    connection: &mut Connection,
    tenant: TenantId,
    post: &Post,
    expected: Option<i64>,
) -> Result<(), Failure> {
    if post.tenant != tenant {
        return Err(Failure::Conflict(format!("{} belongs to another tenant", post.id)));
    }
    match expected {
        None => add(connection, tenant, post).await?,
        Some(version) => change(connection, tenant, post, version).await?,
    }
    let files: Vec<_> = (0i64..).zip(&post.draft.media).collect();
    run_bulk!(connection, ADD_FILES, &files, |query, file| query
        .bind(tenant.0)
        .bind(post.id.0)
        .bind(file.0)
        .bind(file.1.0))?;
    Ok(())
}

async fn add(connection: &mut Connection, tenant: TenantId, post: &Post) -> Result<(), Failure> {
    let posts = [post];
    run_bulk!(connection, ADD_POSTS, &posts, |query, post| query
        .bind(post.id.0)
        .bind(tenant.0)
        .bind(post.account.0)
        .bind(post.draft.post_type.as_str())
        .bind(text(&post.draft.caption))
        .bind(maybe_text(&post.draft.first_comment))
        .bind(Doc(&post.draft.options))
        .bind(post.state.as_str())
        .bind(post.scheduled_at.map(Moment))
        .bind(Doc(&post.approval))
        .bind(Doc(&post.progress))
        .bind(i64::from(post.retry_count))
        .bind(maybe_text(&post.error))
        .bind(maybe_text(&post.platform_post_id))
        .bind(maybe_text(&post.permalink))
        .bind(post.published_at.map(Moment))
        .bind(post.next_step_at.map(Moment))
        .bind(post.recurrence.as_ref().map(Doc))
        .bind(post.series.map(|series| series.0))
        .bind(text(&post.media_hash))
        .bind(1i64)
        .bind(text(&post.created_by))
        .bind(Moment(post.created_at))
        .bind(Moment(post.updated_at)))?;
    Ok(())
}

async fn change(
    connection: &mut Connection,
    tenant: TenantId,
    post: &Post,
    version: i64,
) -> Result<(), Failure> {
    let changed = run!(
        connection,
        CHANGE_POST,
        tenant.0,
        post.id.0,
        version,
        post.account.0,
        post.draft.post_type.as_str(),
        text(&post.draft.caption),
        maybe_text(&post.draft.first_comment),
        Doc(&post.draft.options),
        post.state.as_str(),
        post.scheduled_at.map(Moment),
        Doc(&post.approval),
        Doc(&post.progress),
        i64::from(post.retry_count),
        maybe_text(&post.error),
        maybe_text(&post.platform_post_id),
        maybe_text(&post.permalink),
        post.published_at.map(Moment),
        post.next_step_at.map(Moment),
        post.recurrence.as_ref().map(Doc),
        post.series.map(|series| series.0),
        text(&post.media_hash),
        Moment(post.updated_at)
    )?;
    if changed == 0 {
        return Err(Failure::Conflict(format!("{} was changed in the meantime: read it again", post.id)));
    }
    run!(connection, DROP_FILES, tenant.0, post.id.0)?;
    Ok(())
}

async fn wake(
    connection: &mut Connection,
    tenant: TenantId,
    post: &PostId,
    at: Timestamp,
) -> Result<(), Failure> {
    run!(connection, WAKE_POST, tenant.0, post.0, Moment(at)).map(drop)
}

async fn add_log(connection: &mut Connection, tenant: TenantId, log: &JobLog) -> Result<(), Failure> {
    let logs = [log];
    run_bulk!(connection, ADD_JOB_LOGS, &logs, |query, log| query
        .bind(log.id.0)
        .bind(tenant.0)
        .bind(log.post.0)
        .bind(log.effect.map(|effect| effect.0))
        .bind(i64::from(log.round))
        .bind(text(&log.step))
        .bind(text(&log.status))
        .bind(text(&log.message))
        .bind(log.error_details.as_ref().map(Doc))
        .bind(i64::try_from(log.execution_ms).unwrap_or(i64::MAX))
        .bind(Moment(log.at)))?;
    Ok(())
}

async fn put_template(
    connection: &mut Connection,
    tenant: TenantId,
    template: &PostTemplate,
) -> Result<(), Failure> {
    let stored = run!(
        connection,
        PUT_TEMPLATE,
        template.id.0,
        tenant.0,
        text(&template.name),
        template.post_type.as_str(),
        text(&template.caption),
        Doc(&template.hashtags),
        maybe_text(&template.first_comment),
        Moment(template.created_at),
        Moment(template.updated_at)
    );
    Failure::of_put(stored, template.id, || {
        format!("there is another template named `{}`: choose another name", template.name)
    })
}

async fn delete_template(
    connection: &mut Connection,
    tenant: TenantId,
    template: TemplateId,
) -> Result<(), Failure> {
    match run!(connection, DELETE_TEMPLATE, tenant.0, template.0)? {
        0 => Err(Failure::Conflict(format!("{template} does not exist"))),
        _ => Ok(()),
    }
}
