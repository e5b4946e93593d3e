//! Posts, as they are read.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::clock::Timestamp;
use tenants::effect::Effect;
use tenants::ids::{AccountId, EffectId, JobLogId, MediaId, PostId, TemplateId, TenantId};
use tenants::ports::{PageRequest, PostFilter, Posts, StoreError};
use tenants::post::{
    JobLog, KnownMedia, Post, PostApproval, PostDraft, PostOptions, PostState, PostTemplate, PostType,
    Progress, Recurrence,
};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Doc, IdList, Moment, TextList, Word, before, count, text};

macro_rules! post_columns {
    () => {
        " p.id, p.tenant_id, p.account_id, p.post_type, p.caption, p.first_comment, p.options, p.status, \
         p.scheduled_at, p.approval, p.progress, p.retry_count, p.error, p.platform_post_id, p.permalink, \
         p.published_at, p.next_step_at, p.recurrence, p.series_id, p.media_hash, p.version, p.created_by, \
         p.created_at, p.updated_at "
    };
}
macro_rules! template_columns {
    () => {
        " id, name, post_type, caption, hashtags, first_comment, created_at, updated_at "
    };
}

statements! {
    /// The first of each tenant before the second of any: many posts of one tenant hide nothing of the others.
    DUE_POSTS {
        "select" (columns post_columns) "from (select id, row_number() over (partition by tenant_id \
         order by next_step_at, id) as turn from scheduled_posts where next_step_at is not null and next_step_at <= $1 \
         and id " (not_among 2) ") placed join scheduled_posts p on p.id = placed.id \
         order by placed.turn, p.next_step_at, p.id limit $3"
    }
    NEXT_POST_AT {
        "select next_step_at from scheduled_posts where next_step_at is not null and next_step_at > $1 \
         order by next_step_at limit 1"
    }
    FIND_POST { "select" (columns post_columns) "from scheduled_posts p where p.tenant_id = $1 and p.id = $2" }
    LIST_POSTS {
        "select" (columns post_columns) "from scheduled_posts p where p.tenant_id = $1 and p.id < $2 \
         and (p.status = $3 or $3 is null) and (p.account_id = $4 or $4 is null) \
         and (p.status not in ('draft', 'cancelled') or not $6) order by p.id desc limit $5"
    }
    POSTS_BETWEEN {
        "select" (columns post_columns) "from scheduled_posts p where p.tenant_id = $1 \
         and p.scheduled_at is not null and p.scheduled_at >= $2 and p.scheduled_at < $3 \
         order by p.scheduled_at, p.id limit $4"
    }
    POSTS_WITH_MEDIA {
        "select" (columns post_columns) "from scheduled_posts p where p.tenant_id = $1 and p.media_hash = $2 \
         and p.status not in ('cancelled', 'rejected') order by p.id desc limit $3"
    }
    /// What we published ourselves comes last: it goes before what was read.
    KNOWN_MEDIA {
        "select id, caption, permalink from (select m.media_id as id, m.caption, m.permalink, 0 as rank \
         from media_insights m where m.tenant_id = $1 and m.media_id " (text_among 2) " and m.day = (select max(n.day) \
         from media_insights n where n.tenant_id = m.tenant_id and n.media_id = m.media_id) \
         union all select p.platform_post_id, p.caption, p.permalink, 1 from scheduled_posts p \
         where p.tenant_id = $1 and p.platform_post_id " (text_among 2) ") known order by rank"
    }
    MEDIA_OF_POSTS {
        "select post_id, media_id from post_media where post_id " (among 1) " order by post_id, position"
    }
    JOB_LOGS {
        "select id, post_id, effect_id, round, step, status, message, error_details, execution_ms, at from job_logs \
         where post_id = $2 and tenant_id = $1 order by id"
    }
    LIST_TEMPLATES { "select" (columns template_columns) "from post_templates where tenant_id = $1 order by name" }
    FIND_TEMPLATE { "select" (columns template_columns) "from post_templates where tenant_id = $1 and id = $2" }
}

#[derive(FromRow)]
struct KnownMediaRow {
    id: String,
    caption: Option<String>,
    permalink: Option<String>,
}

#[derive(FromRow)]
struct PostRow {
    id: Uuid,
    tenant_id: Uuid,
    account_id: Uuid,
    post_type: Word<PostType>,
    caption: String,
    first_comment: Option<String>,
    options: Doc<PostOptions>,
    status: Word<PostState>,
    scheduled_at: Option<Moment>,
    approval: Doc<PostApproval>,
    progress: Doc<Progress>,
    retry_count: i64,
    error: Option<String>,
    platform_post_id: Option<String>,
    permalink: Option<String>,
    published_at: Option<Moment>,
    next_step_at: Option<Moment>,
    recurrence: Option<Doc<Recurrence>>,
    series_id: Option<Uuid>,
    media_hash: String,
    version: i64,
    created_by: String,
    created_at: Moment,
    updated_at: Moment,
}

impl PostRow {
    fn with_media(self, media: Vec<MediaId>) -> Post {
        Post {
            id: PostId(self.id),
            tenant: TenantId(self.tenant_id),
            account: AccountId(self.account_id),
            draft: PostDraft {
                post_type: self.post_type.0,
                caption: self.caption,
                media,
                first_comment: self.first_comment,
                options: self.options.0,
            },
            state: self.status.0,
            scheduled_at: self.scheduled_at.map(|moment| moment.0),
            approval: self.approval.0,
            progress: self.progress.0,
            retry_count: count(self.retry_count),
            error: self.error,
            platform_post_id: self.platform_post_id,
            permalink: self.permalink,
            published_at: self.published_at.map(|moment| moment.0),
            next_step_at: self.next_step_at.map(|moment| moment.0),
            recurrence: self.recurrence.map(|recurrence| recurrence.0),
            series: self.series_id.map(PostId),
            media_hash: self.media_hash,
            version: self.version,
            created_by: self.created_by,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
        }
    }
}

#[derive(FromRow)]
struct MediaRow {
    post_id: Uuid,
    media_id: Uuid,
}

#[derive(FromRow)]
struct JobLogRow {
    id: Uuid,
    post_id: Uuid,
    effect_id: Option<Uuid>,
    round: i64,
    step: String,
    status: String,
    message: String,
    error_details: Option<Doc<serde_json::Value>>,
    execution_ms: i64,
    at: Moment,
}

impl From<JobLogRow> for JobLog {
    fn from(row: JobLogRow) -> Self {
        JobLog {
            id: JobLogId(row.id),
            post: PostId(row.post_id),
            effect: row.effect_id.map(EffectId),
            round: count(row.round),
            step: row.step,
            status: row.status,
            message: row.message,
            error_details: row.error_details.map(|details| details.0),
            execution_ms: row.execution_ms.unsigned_abs(),
            at: row.at.0,
        }
    }
}

#[derive(FromRow)]
struct TemplateRow {
    id: Uuid,
    name: String,
    post_type: Word<PostType>,
    caption: String,
    hashtags: Doc<Vec<String>>,
    first_comment: Option<String>,
    created_at: Moment,
    updated_at: Moment,
}

impl From<TemplateRow> for PostTemplate {
    fn from(row: TemplateRow) -> Self {
        PostTemplate {
            id: TemplateId(row.id),
            name: row.name,
            post_type: row.post_type.0,
            caption: row.caption,
            hashtags: row.hashtags.0,
            first_comment: row.first_comment,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

impl Database {
    /// Adds the files, with one statement for all posts together.
    async fn with_files(&self, found: Vec<PostRow>) -> Result<Vec<Post>, StoreError> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let posts: IdList = found.iter().map(|post| post.id).collect();
        let mut files: HashMap<Uuid, Vec<MediaId>> = HashMap::new();
        for file in rows!(self.reader(), MediaRow, MEDIA_OF_POSTS, &posts)? {
            files.entry(file.post_id).or_default().push(MediaId(file.media_id));
        }
        let with_files = |post: PostRow| {
            let media = files.remove(&post.id).unwrap_or_default();
            post.with_media(media)
        };
        Ok(found.into_iter().map(with_files).collect())
    }
}

#[async_trait]
impl Posts for Database {
    async fn due_posts(
        &self,
        now: Timestamp,
        except: &[PostId],
        limit: u32,
    ) -> Result<Vec<Post>, StoreError> {
        let except: IdList = except.iter().map(|post| post.0).collect();
        let found = rows!(self.reader(), PostRow, DUE_POSTS, Moment(now), &except, i64::from(limit))?;
        self.with_files(found).await
    }

    async fn next_post_at(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        Ok(row!(self.reader(), (Moment,), NEXT_POST_AT, Moment(now))?.map(|(moment,)| moment.0))
    }

    async fn effects_of_post(&self, tenant: &TenantId, post: &PostId) -> Result<Vec<Effect>, StoreError> {
        self.effects_by_post(tenant, post).await
    }

    async fn find_post(&self, tenant: &TenantId, post: &PostId) -> Result<Option<Post>, StoreError> {
        let found = row!(self.reader(), PostRow, FIND_POST, tenant.0, post.0)?;
        Ok(self.with_files(found.into_iter().collect()).await?.pop())
    }

    async fn list_posts(
        &self,
        tenant: &TenantId,
        filter: &PostFilter,
        page: PageRequest,
    ) -> Result<Vec<Post>, StoreError> {
        let found = rows!(
            self.reader(),
            PostRow,
            LIST_POSTS,
            tenant.0,
            before(page),
            filter.state.map(PostState::as_str),
            filter.account.map(|account| account.0),
            i64::from(page.limit),
            filter.only_shared
        )?;
        self.with_files(found).await
    }

    async fn posts_between(
        &self,
        tenant: &TenantId,
        from: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Post>, StoreError> {
        let (from, until) = (Moment(from), Moment(until));
        let found = rows!(self.reader(), PostRow, POSTS_BETWEEN, tenant.0, from, until, i64::from(limit))?;
        self.with_files(found).await
    }

    async fn posts_with_media(
        &self,
        tenant: &TenantId,
        media_hash: &str,
        limit: u32,
    ) -> Result<Vec<Post>, StoreError> {
        let hash = text(media_hash);
        let found = rows!(self.reader(), PostRow, POSTS_WITH_MEDIA, tenant.0, hash, i64::from(limit))?;
        self.with_files(found).await
    }

    async fn known_media(&self, tenant: &TenantId, media: &[String]) -> Result<Vec<KnownMedia>, StoreError> {
        if media.is_empty() {
            return Ok(Vec::new());
        }
        let ids: TextList = media.iter().map(String::as_str).collect();
        let found = rows!(self.reader(), KnownMediaRow, KNOWN_MEDIA, tenant.0, &ids)?;
        let mut known: HashMap<String, KnownMedia> = HashMap::new();
        for KnownMediaRow { id, caption, permalink } in found {
            let it = known.entry(id).or_insert_with_key(|id| KnownMedia {
                id: id.clone(),
                caption: None,
                permalink: None,
            });
            (it.caption, it.permalink) = (caption.or(it.caption.take()), permalink.or(it.permalink.take()));
        }
        Ok(known.into_values().collect())
    }

    async fn job_logs(&self, tenant: &TenantId, post: &PostId) -> Result<Vec<JobLog>, StoreError> {
        rows!(self.reader(), JobLogRow, JOB_LOGS, tenant.0, post.0).map(all)
    }

    async fn list_post_templates(&self, tenant: &TenantId) -> Result<Vec<PostTemplate>, StoreError> {
        rows!(self.reader(), TemplateRow, LIST_TEMPLATES, tenant.0).map(all)
    }

    async fn find_post_template(
        &self,
        tenant: &TenantId,
        template: &TemplateId,
    ) -> Result<Option<PostTemplate>, StoreError> {
        Ok(row!(self.reader(), TemplateRow, FIND_TEMPLATE, tenant.0, template.0)?.map(PostTemplate::from))
    }
}
