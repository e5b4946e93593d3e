//! Stores assets of the media library, who uses them, and uploads.

use sqlx::FromRow;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::{MediaId, TenantId};
use tenants::media::{MediaAsset, MediaUpload, MediaUser, MediaUserKind};
use uuid::Uuid;

use super::schedule::Group;
use super::tenants::tenant_of;
use crate::db::{Connection, fetch, run};
use crate::failure::Failure;
use crate::media::rows::tags_text;
use crate::sqlite::FromSqlite;
use crate::statement::statements;
use crate::types::{Doc, IdList, Moment, Word, maybe_text, text};

statements! {
    PUT_ASSET {
        "insert into media_assets (id, tenant_id, file_name, kind, content_type, bytes, width, height, duration_us, \
         video, publish_copy, has_thumbnail, sha256, alt_text, tags, created_by, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
         on conflict (id) do update set file_name = excluded.file_name, alt_text = excluded.alt_text, \
         tags = excluded.tags, updated_at = excluded.updated_at where media_assets.tenant_id = excluded.tenant_id"
    }
    HOLDERS {
        "select used_by_kind, used_by_id from media_uses where tenant_id = $1 and media_id = $2 and holds \
         order by used_by_kind, used_by_id"
    }
    DELETE_USES_OF_ASSET { "delete from media_uses where tenant_id = $1 and media_id = $2" }
    DELETE_ASSET { "delete from media_assets where tenant_id = $1 and id = $2" }
    DELETE_USES_BY { "delete from media_uses where tenant_id = $1 and used_by_kind = $2 and used_by_id = $3" }
    /// Only assets of the tenant itself: the number of rows tells whether all were.
    ADD_USES {
        "insert into media_uses (tenant_id, media_id, used_by_kind, used_by_id, holds) \
         select tenant_id, id, $3" (only postgres "::text") ", $4" (only postgres "::uuid") ", $5"
        (only postgres "::boolean") " from media_assets where tenant_id = $1 and id " (among 2)
    }
    PUT_UPLOAD {
        "insert into media_uploads (id, tenant_id, file_name, bytes, status, media_id, error, created_by, created_at, \
         updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         on conflict (id) do update set status = excluded.status, media_id = excluded.media_id, \
         error = excluded.error, updated_at = excluded.updated_at where media_uploads.tenant_id = excluded.tenant_id"
    }
    DELETE_UPLOAD { "delete from media_uploads where tenant_id = $1 and id = $2" }
}

/// Somebody who uses an asset.
#[derive(FromRow)]
struct UserRow {
    used_by_kind: Word<MediaUserKind>,
    used_by_id: Uuid,
}

impl FromSqlite for UserRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { used_by_kind: row.get(0)?, used_by_id: row.get(1)? })
    }
}

pub(crate) async fn apply(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    for item in group {
        let tenant = tenant_of(item.chain)?;
        match item.change {
            Change::PutMedia(asset) => put(connection, tenant, asset, now).await?,
            Change::DeleteMedia(media) => delete(connection, tenant, *media).await?,
            Change::SetMediaUses { by, media, holds } => {
                set_uses(connection, tenant, *by, media, *holds).await?;
            }
            Change::PutUpload(upload) => put_upload(connection, tenant, upload).await?,
            Change::DeleteUpload(upload) => {
                run!(connection, DELETE_UPLOAD, tenant.0, upload.0)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// A number that both databases can hold.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

async fn put(
    connection: &mut Connection,
    tenant: TenantId,
    asset: &MediaAsset,
    now: Timestamp,
) -> Result<(), Failure> {
    let stored = run!(
        connection,
        PUT_ASSET,
        asset.id.0,
        tenant.0,
        text(&asset.file_name),
        asset.kind.as_str(),
        asset.content_type.as_str(),
        number(asset.bytes),
        i64::from(asset.width),
        i64::from(asset.height),
        asset.duration.map(|duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)),
        asset.video.as_ref().map(Doc),
        asset.publish_copy.as_ref().map(Doc),
        asset.has_thumbnail,
        asset.sha256.as_str(),
        maybe_text(&asset.alt_text),
        tags_text(&asset.tags),
        text(&asset.created_by),
        Moment(asset.created_at),
        Moment(now)
    );
    let taken = || "the library holds this content already".to_owned();
    match stored.map_err(|failure| failure.when_taken(taken))? {
        0 => Err(Failure::Conflict(format!("{} exists already", asset.id))),
        _ => Ok(()),
    }
}

async fn delete(connection: &mut Connection, tenant: TenantId, media: MediaId) -> Result<(), Failure> {
    let holders = fetch!(connection, UserRow, HOLDERS, tenant.0, media.0)?;
    if !holders.is_empty() {
        let names = holders.iter().map(|row| MediaUser { kind: row.used_by_kind.0, id: row.used_by_id });
        let names: Vec<String> = names.map(|user| format!("{} {user}", user.kind)).collect();
        return Err(Failure::Conflict(format!(
            "{media} is used by {}: cancel that or give it other media first",
            names.join(", ")
        )));
    }
    run!(connection, DELETE_USES_OF_ASSET, tenant.0, media.0)?;
    match run!(connection, DELETE_ASSET, tenant.0, media.0)? {
        0 => Err(Failure::Conflict(format!("{media} does not exist"))),
        _ => Ok(()),
    }
}

async fn set_uses(
    connection: &mut Connection,
    tenant: TenantId,
    by: MediaUser,
    media: &[MediaId],
    holds: bool,
) -> Result<(), Failure> {
    run!(connection, DELETE_USES_BY, tenant.0, by.kind.as_str(), by.id)?;
    let mut ids: Vec<Uuid> = media.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(());
    }
    let wanted = ids.len() as u64;
    let ids: IdList = ids.into_iter().collect();
    match run!(connection, ADD_USES, tenant.0, &ids, by.kind.as_str(), by.id, holds)? {
        added if added == wanted => Ok(()),
        _ => Err(Failure::Conflict("some of the media are not in the library: choose others".to_owned())),
    }
}

async fn put_upload(
    connection: &mut Connection,
    tenant: TenantId,
    upload: &MediaUpload,
) -> Result<(), Failure> {
    let stored = run!(
        connection,
        PUT_UPLOAD,
        upload.id.0,
        tenant.0,
        text(&upload.file_name),
        number(upload.bytes),
        upload.status.as_str(),
        upload.media.map(|media| media.0),
        maybe_text(&upload.error),
        text(&upload.created_by),
        Moment(upload.created_at),
        Moment(upload.updated_at)
    )?;
    match stored {
        0 => Err(Failure::Conflict(format!("{} exists already", upload.id))),
        _ => Ok(()),
    }
}
