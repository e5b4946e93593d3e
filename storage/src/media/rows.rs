//! Assets, who uses them, and uploads, as they are read.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::clock::Timestamp;
use tenants::ids::{MediaId, TenantId, UploadId};
use tenants::media::{
    MediaAsset, MediaFilter, MediaFormat, MediaKind, MediaUpload, MediaUse, MediaUser, MediaUserKind,
    PublishCopy, UploadStatus, VideoFacts,
};
use tenants::ports::{MediaLibrary, MediaUploads, PageRequest, StoreError};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Doc, IdList, Moment, Word, before, count, text};

macro_rules! asset_columns {
    () => {
        " id, tenant_id, file_name, content_type, bytes, width, height, duration_us, video, publish_copy, \
         has_thumbnail, sha256, alt_text, tags, created_by, created_at "
    };
}

macro_rules! upload_columns {
    () => {
        " id, tenant_id, file_name, bytes, status, media_id, error, created_by, created_at, updated_at "
    };
}

statements! {
    FIND_ASSET { "select" (columns asset_columns) "from media_assets where tenant_id = $1 and id = $2" }
    FIND_ASSET_BY_CONTENT {
        "select" (columns asset_columns) "from media_assets where tenant_id = $1 and sha256 = $2"
    }
    LIST_ASSETS {
        "select" (columns asset_columns) "from media_assets a where tenant_id = $1 and id < $2 \
         and (kind = $3 or $3 is null) and (tags like $4 escape '!' or $4 is null) \
         and (lower(file_name) like $5 escape '!' or lower(coalesce(alt_text, '')) like $5 escape '!' or $5 is null) \
         and (exists (select 1 from media_uses u where u.tenant_id = a.tenant_id and u.media_id = a.id) = $6 \
         or $6 is null) order by id desc limit $7"
    }
    USES_OF {
        "select media_id, used_by_kind, used_by_id, holds from media_uses where tenant_id = $1 and media_id " (among 2)
        " order by media_id, used_by_kind, used_by_id"
    }
    ASSETS_AMONG { "select id from media_assets where tenant_id = $1 and id " (among 2) }
    FIND_UPLOAD { "select" (columns upload_columns) "from media_uploads where tenant_id = $1 and id = $2" }
    LIST_UPLOADS {
        "select" (columns upload_columns) "from media_uploads where tenant_id = $1 and id < $2 order by id desc limit $3"
    }
    ANNOUNCED {
        "select cast(coalesce(sum(bytes), 0) as bigint) as bytes, count(*) as uploads from media_uploads \
         where tenant_id = $1 and status in ('receiving', 'checking')"
    }
    STALE_UPLOADS {
        "select" (columns upload_columns) "from media_uploads where updated_at < $1 order by updated_at limit $2"
    }
}

#[derive(FromRow)]
struct AssetRow {
    id: Uuid,
    tenant_id: Uuid,
    file_name: String,
    content_type: Word<MediaFormat>,
    bytes: i64,
    width: i64,
    height: i64,
    duration_us: Option<i64>,
    video: Option<Doc<VideoFacts>>,
    publish_copy: Option<Doc<PublishCopy>>,
    has_thumbnail: bool,
    sha256: String,
    alt_text: Option<String>,
    tags: String,
    created_by: String,
    created_at: Moment,
}

impl From<AssetRow> for MediaAsset {
    fn from(row: AssetRow) -> Self {
        MediaAsset {
            id: MediaId(row.id),
            tenant: TenantId(row.tenant_id),
            file_name: row.file_name,
            kind: row.content_type.0.kind(),
            content_type: row.content_type.0,
            bytes: row.bytes.unsigned_abs(),
            width: count(row.width),
            height: count(row.height),
            duration: row.duration_us.map(|micros| Duration::from_micros(micros.unsigned_abs())),
            video: row.video.map(|video| video.0),
            publish_copy: row.publish_copy.map(|copy| copy.0),
            has_thumbnail: row.has_thumbnail,
            sha256: row.sha256,
            alt_text: row.alt_text,
            tags: row.tags.lines().filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
            created_by: row.created_by,
            created_at: row.created_at.0,
        }
    }
}

/// Tags as they are stored.
pub(crate) fn tags_text(tags: &[String]) -> String {
    tags.iter().fold("\n".to_owned(), |all, tag| all + &text(tag).replace(['\n', '\r'], " ") + "\n")
}

#[derive(FromRow)]
struct UseRow {
    media_id: Uuid,
    used_by_kind: Word<MediaUserKind>,
    used_by_id: Uuid,
    holds: bool,
}

impl From<UseRow> for MediaUse {
    fn from(row: UseRow) -> Self {
        let by = MediaUser { kind: row.used_by_kind.0, id: row.used_by_id };
        MediaUse { media: MediaId(row.media_id), by, holds: row.holds }
    }
}

#[derive(FromRow)]
struct UploadRow {
    id: Uuid,
    tenant_id: Uuid,
    file_name: String,
    bytes: i64,
    status: Word<UploadStatus>,
    media_id: Option<Uuid>,
    error: Option<String>,
    created_by: String,
    created_at: Moment,
    updated_at: Moment,
}

impl From<UploadRow> for MediaUpload {
    fn from(row: UploadRow) -> Self {
        MediaUpload {
            id: UploadId(row.id),
            tenant: TenantId(row.tenant_id),
            file_name: row.file_name,
            bytes: row.bytes.unsigned_abs(),
            status: row.status.0,
            media: row.media_id.map(MediaId),
            error: row.error,
            created_by: row.created_by,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

/// A pattern of `like` that finds `inner` as it is written, in any case of ASCII letters.
pub(crate) fn containing(inner: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text(inner).to_ascii_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

fn list_of(media: &[MediaId]) -> IdList {
    media.iter().map(|id| id.0).collect()
}

#[async_trait]
impl MediaLibrary for Database {
    async fn find_media(&self, tenant: &TenantId, media: MediaId) -> Result<Option<MediaAsset>, StoreError> {
        Ok(row!(self.reader(), AssetRow, FIND_ASSET, tenant.0, media.0)?.map(MediaAsset::from))
    }

    async fn find_media_by_content(
        &self,
        tenant: &TenantId,
        sha256: &str,
    ) -> Result<Option<MediaAsset>, StoreError> {
        Ok(row!(self.reader(), AssetRow, FIND_ASSET_BY_CONTENT, tenant.0, sha256)?.map(MediaAsset::from))
    }

    async fn list_media(
        &self,
        tenant: &TenantId,
        filter: &MediaFilter,
        page: PageRequest,
    ) -> Result<Vec<MediaAsset>, StoreError> {
        rows!(
            self.reader(),
            AssetRow,
            LIST_ASSETS,
            tenant.0,
            before(page),
            filter.kind.map(MediaKind::as_str),
            filter.tag.as_ref().map(|tag| containing(&format!("\n{tag}\n"))),
            filter.text.as_deref().map(containing),
            filter.used,
            i64::from(page.limit)
        )
        .map(all)
    }

    async fn media_uses(&self, tenant: &TenantId, media: &[MediaId]) -> Result<Vec<MediaUse>, StoreError> {
        if media.is_empty() {
            return Ok(Vec::new());
        }
        rows!(self.reader(), UseRow, USES_OF, tenant.0, &list_of(media)).map(all)
    }
}

#[async_trait]
impl MediaUploads for Database {
    async fn find_upload(
        &self,
        tenant: &TenantId,
        upload: UploadId,
    ) -> Result<Option<MediaUpload>, StoreError> {
        Ok(row!(self.reader(), UploadRow, FIND_UPLOAD, tenant.0, upload.0)?.map(MediaUpload::from))
    }

    async fn list_uploads(
        &self,
        tenant: &TenantId,
        page: PageRequest,
    ) -> Result<Vec<MediaUpload>, StoreError> {
        rows!(self.reader(), UploadRow, LIST_UPLOADS, tenant.0, before(page), i64::from(page.limit)).map(all)
    }

    async fn announced_bytes(&self, tenant: &TenantId) -> Result<(u64, u32), StoreError> {
        let found = row!(self.reader(), (i64, i64), ANNOUNCED, tenant.0)?;
        Ok(found.map_or((0, 0), |(bytes, uploads)| (bytes.unsigned_abs(), count(uploads))))
    }

    async fn stale_uploads(&self, before: Timestamp, limit: u32) -> Result<Vec<MediaUpload>, StoreError> {
        rows!(self.reader(), UploadRow, STALE_UPLOADS, Moment(before), i64::from(limit)).map(all)
    }

    async fn media_among(&self, tenant: &TenantId, media: &[MediaId]) -> Result<Vec<MediaId>, StoreError> {
        if media.is_empty() {
            return Ok(Vec::new());
        }
        let found = rows!(self.reader(), (Uuid,), ASSETS_AMONG, tenant.0, &list_of(media))?;
        Ok(found.into_iter().map(|(id,)| MediaId(id)).collect())
    }
}
