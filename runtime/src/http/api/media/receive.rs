//! Files that come in one piece.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::{MediaView, view};
use crate::http::access::TenantOperate;
use crate::http::extract::QueryOf;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::media::{Admitted, MediaPatch, NewMedia, checked_file_name};

/// What is said about a file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct NewMediaQuery {
    /// The name of the file, 1 to 200 characters. Nothing depends on its ending.
    name: String,
    /// What blind people hear, at most 1,000 characters.
    alt_text: Option<String>,
    /// Words to find it by, separated by commas.
    tags: Option<String>,
}

/// Upload a picture or video in one piece: the body is the file. JPEG, PNG, MP4 and MOV are taken, and told apart by their
/// content. A content that the library holds already is answered with 200 and the asset that there is.
#[utoipa::path(post, path = "/tenants/{tenant}/media", tag = "media", params(NewMediaQuery),
    request_body(content((Vec<u8> = "application/octet-stream"))),
    responses((status = 201, body = MediaView), (status = 200, body = MediaView)))]
pub(super) async fn add_media(
    TenantOperate(access): TenantOperate,
    QueryOf(query): QueryOf<NewMediaQuery>,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<MediaView>), Problem> {
    let tags = query.tags.as_deref().map(|tags| {
        let tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        tags.map(str::to_owned).collect()
    });
    let words = MediaPatch { file_name: None, alt_text: query.alt_text, tags };
    words.check()?;
    let new = NewMedia {
        tenant: access.tenant.id,
        by: access.caller.actor(),
        file_name: checked_file_name(&query.name)?,
        words,
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let admitted = state.media.receive(new, announced, body.into_data_stream()).await?;
    answer(&state, admitted).await
}

pub(super) async fn answer(
    state: &AppState,
    admitted: Admitted,
) -> Result<(StatusCode, Json<MediaView>), Problem> {
    let status = if admitted.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(view(state, admitted.asset).await?)))
}
