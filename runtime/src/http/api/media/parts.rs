//! Uploads in parts, which can be gone on with after a broken connection, and whose progress can be read.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tenants::ids::UploadId;
use utoipa::{IntoParams, ToSchema};

use super::receive::answer;
use super::views::{MediaView, UploadView};
use crate::http::access::{TenantOperate, TenantRead};
use crate::http::extract::{JsonBody, Page, PageOf, PathIds, QueryOf};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::media::checked_file_name;

/// A file that will come in parts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUpload {
    /// The name of the file, 1 to 200 characters.
    file_name: String,
    /// Its size.
    bytes: u64,
}

/// Begin an upload in parts. Send the parts in order, each with its offset, then complete the upload. An upload that
/// nobody goes on with is removed after a day.
#[utoipa::path(post, path = "/tenants/{tenant}/media/uploads", tag = "media", request_body = NewUpload,
    responses((status = 201, body = UploadView)))]
pub(super) async fn begin_upload(
    TenantOperate(access): TenantOperate,
    State(state): State<AppState>,
    JsonBody(new): JsonBody<NewUpload>,
) -> Result<(StatusCode, Json<UploadView>), Problem> {
    let name = checked_file_name(&new.file_name)?;
    if new.bytes == 0 {
        return Err(Problem::invalid("bytes", "a file without content cannot be uploaded"));
    }
    let begun = state.media.begin_upload(access.tenant.id, access.caller.actor(), name, new.bytes).await?;
    Ok((StatusCode::CREATED, Json(begun.into())))
}

/// List uploads in parts, newest first: those under way, and those that ended within the last day.
#[utoipa::path(get, path = "/tenants/{tenant}/media/uploads", tag = "media",
    responses((status = 200, body = Page<UploadView>)))]
pub(super) async fn list_uploads(
    TenantRead(access): TenantRead,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<UploadView>>, Problem> {
    let uploads = state.media.list_uploads(&access.tenant.id, page.request()).await?;
    Ok(Json(page.page(uploads, |state| state.upload.id.0)))
}

#[derive(Debug, Deserialize)]
pub(super) struct UploadPath {
    upload: UploadId,
}

/// Read how far an upload has come.
#[utoipa::path(get, path = "/tenants/{tenant}/media/uploads/{upload}", tag = "media",
    responses((status = 200, body = UploadView)))]
pub(super) async fn get_upload(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<UploadPath>,
    State(state): State<AppState>,
) -> Result<Json<UploadView>, Problem> {
    Ok(Json(state.media.upload_state(&access.tenant.id, path.upload).await?.into()))
}

/// Where a part belongs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PartQuery {
    /// Bytes before this part: what the upload's `received` says; 0 when left out.
    #[serde(default)]
    offset: u64,
}

/// Send a part: the body is the bytes from `offset` on. When the connection breaks, what came before stays: read the
/// upload, and go on from `received`. A wrong offset is a conflict that says the right one.
#[utoipa::path(put, path = "/tenants/{tenant}/media/uploads/{upload}", tag = "media", params(PartQuery),
    request_body(content((Vec<u8> = "application/octet-stream"))),
    responses((status = 200, body = UploadView)))]
pub(super) async fn add_part(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<UploadPath>,
    QueryOf(query): QueryOf<PartQuery>,
    State(state): State<AppState>,
    body: Body,
) -> Result<Json<UploadView>, Problem> {
    let tenant = access.tenant.id;
    let body = body.into_data_stream();
    Ok(Json(state.media.add_part(&tenant, path.upload, query.offset, body).await?.into()))
}

/// Complete an upload: its content is checked and comes into the library. Completing it once more gives the same asset.
#[utoipa::path(post, path = "/tenants/{tenant}/media/uploads/{upload}/complete", tag = "media",
    responses((status = 201, body = MediaView), (status = 200, body = MediaView)))]
pub(super) async fn complete_upload(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<UploadPath>,
    State(state): State<AppState>,
) -> Result<(StatusCode, Json<MediaView>), Problem> {
    let by = access.caller.actor();
    let admitted = state.media.complete_upload(&access.tenant.id, path.upload, by).await?;
    answer(&state, admitted).await
}

/// Give an upload up; its bytes are removed.
#[utoipa::path(delete, path = "/tenants/{tenant}/media/uploads/{upload}", tag = "media",
    responses((status = 204)))]
pub(super) async fn cancel_upload(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<UploadPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    state.media.cancel_upload(&access.tenant.id, path.upload).await?;
    Ok(StatusCode::NO_CONTENT)
}
