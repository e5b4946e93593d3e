//! The media library.

mod parts;
mod receive;
mod views;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tenants::ids::MediaId;
use tenants::media::{MediaAsset, MediaFilter, MediaKind};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::{TenantAccess, TenantOperate, TenantReadShared};
use crate::http::extract::{JsonBody, Page, PageOf, PathIds, QueryOf};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;
use crate::media::{MediaError, MediaPatch};
use views::{MediaView, views};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_media))
        .routes(routes!(get_media, change_media, delete_media))
        .routes(routes!(parts::list_uploads, parts::begin_upload))
        .routes(routes!(parts::get_upload, parts::cancel_upload))
}

/// Routes without a time limit.
pub(super) fn uploads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(receive::add_media))
        .routes(routes!(parts::add_part))
        .routes(routes!(parts::complete_upload))
}

impl From<MediaError> for Problem {
    fn from(error: MediaError) -> Self {
        let detail = error.to_string();
        match error {
            MediaError::TooLarge { .. } => Self::new(ProblemKind::PayloadTooLarge, detail),
            MediaError::Refused(_) => Self::new(ProblemKind::InvalidContent, detail),
            MediaError::UnknownUpload => Self::new(ProblemKind::NotFound, detail),
            MediaError::Conflict(_) => Self::conflict(detail),
            MediaError::WrongOffset { received } => Self::conflict(detail).with("received", received),
            MediaError::Interrupted => Self::new(ProblemKind::MalformedRequest, detail),
            MediaError::Unavailable { source, .. } => {
                tracing::warn!(error = %source, "media could not be taken in");
                Self::new(ProblemKind::Unavailable, detail).retry_after(10)
            }
            MediaError::Store(error) => error.into(),
        }
    }
}

/// Which media to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MediaQuery {
    /// Only pictures or only videos.
    #[param(value_type = Option<schema::MediaKind>)]
    kind: Option<MediaKind>,
    /// Only those with this tag.
    tag: Option<String>,
    /// Only those whose name or alternative text contains this.
    q: Option<String>,
    /// Only those that something uses, or that nothing uses.
    used: Option<bool>,
}

/// List the media library, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/media", tag = "media", params(MediaQuery),
    responses((status = 200, body = Page<MediaView>)))]
async fn list_media(
    TenantReadShared(access): TenantReadShared,
    QueryOf(query): QueryOf<MediaQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<MediaView>>, Problem> {
    let filter = MediaFilter {
        kind: query.kind,
        tag: query.tag.map(|tag| tag.trim().to_lowercase()).filter(|tag| !tag.is_empty()),
        text: query.q.filter(|text| !text.is_empty()),
        used: query.used,
    };
    let assets = state.ports.media.list_media(&access.tenant.id, &filter, page.request()).await?;
    let found: Page<Listed> = page.page(assets, |asset| asset.id.0);
    let assets: Vec<MediaAsset> = found.items.into_iter().map(|Listed(asset)| asset).collect();
    let items = views(&state, &access.tenant.id, assets).await?;
    let items = items.into_iter().map(|view| view.seen_by(access.role)).collect();
    Ok(Json(Page { items, next_cursor: found.next_cursor }))
}

/// An asset on its way to a view, which needs more than the asset.
struct Listed(MediaAsset);

impl From<MediaAsset> for Listed {
    fn from(asset: MediaAsset) -> Self {
        Self(asset)
    }
}

#[derive(Debug, Deserialize)]
struct MediaPath {
    media: MediaId,
}

async fn find(state: &AppState, access: &TenantAccess, media: MediaId) -> Result<MediaAsset, Problem> {
    let asset = state.ports.media.find_media(&access.tenant.id, media).await?;
    asset.ok_or_else(|| Problem::not_found("media"))
}

/// Read an asset: what it is, where it can be published, who uses it, and addresses to look at it.
#[utoipa::path(get, path = "/tenants/{tenant}/media/{media}", tag = "media",
    responses((status = 200, body = MediaView)))]
async fn get_media(
    TenantReadShared(access): TenantReadShared,
    PathIds(path): PathIds<MediaPath>,
    State(state): State<AppState>,
) -> Result<Json<MediaView>, Problem> {
    let asset = find(&state, &access, path.media).await?;
    Ok(Json(views::view(&state, asset).await?.seen_by(access.role)))
}

/// What to change of an asset; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MediaChange {
    /// Its name, 1 to 200 characters.
    #[serde(default)]
    file_name: Option<String>,
    /// What blind people hear, at most 1,000 characters; an empty text takes it back.
    #[serde(default)]
    alt_text: Option<String>,
    /// Words to find it by: at most 30, each of 1 to 60 characters.
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl From<MediaChange> for MediaPatch {
    fn from(change: MediaChange) -> Self {
        Self { file_name: change.file_name, alt_text: change.alt_text, tags: change.tags }
    }
}

/// Change name, alternative text or tags.
#[utoipa::path(patch, path = "/tenants/{tenant}/media/{media}", tag = "media", request_body = MediaChange,
    responses((status = 200, body = MediaView)))]
async fn change_media(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<MediaPath>,
    State(state): State<AppState>,
    JsonBody(change): JsonBody<MediaChange>,
) -> Result<Json<MediaView>, Problem> {
    let asset = find(&state, &access, path.media).await?;
    let patch = MediaPatch::from(change);
    patch.check()?;
    let changed = state.media.change(asset, &patch, access.caller.actor()).await?;
    Ok(Json(views::view(&state, changed).await?))
}

/// Delete an asset and its files. While a post that is not out yet uses it, that is a conflict which names the post.
#[utoipa::path(delete, path = "/tenants/{tenant}/media/{media}", tag = "media", responses((status = 204)))]
async fn delete_media(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<MediaPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    let asset = find(&state, &access, path.media).await?;
    let uses = state.ports.media.media_uses(&access.tenant.id, &[asset.id]).await?;
    match state.media.delete(&asset, access.caller.actor()).await {
        Err(MediaError::Store(tenants::ports::StoreError::Conflict(problem))) => {
            let holders: Vec<String> =
                uses.iter().filter(|used| used.holds).map(|used| used.by.to_string()).collect();
            Err(Problem::conflict(problem).with("used_by", holders))
        }
        deleted => Ok(deleted.map(|()| StatusCode::NO_CONTENT)?),
    }
}
