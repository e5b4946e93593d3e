//! `/media/{token}/{file}`: files for whoever holds a valid address, such as Instagram.
//!
//! The token alone says what is sent; the name at the end of the path is never looked at.

use std::ops::Range;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenants::media::{MediaFile, MediaFormat};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::PathIds;
use super::problem::{Problem, ProblemKind};
use super::state::AppState;
use crate::media::LinkRefused;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(fetch_media))
}

/// The token alone: the name behind it says nothing.
#[derive(Debug, Deserialize)]
struct Address {
    token: String,
}

/// Fetch a file of the media library by a signed address, as Instagram does. Addresses come from the API and end some
/// time later. One range of bytes can be asked for.
#[utoipa::path(get, path = "/media/{token}/{file}", tag = "media",
    params(("token" = String, Path, description = "What the address stands for, and its signature."),
        ("file" = String, Path, description = "A name for people.")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn fetch_media(
    PathIds(path): PathIds<Address>,
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let linked = state.media.links().read(&path.token).map_err(|refused| match refused {
        LinkRefused::Unknown => Problem::general(ProblemKind::NotFound),
        LinkRefused::Expired => Problem::general(ProblemKind::Gone),
    })?;
    let gone = || Problem::new(ProblemKind::NotFound, "the file was deleted: choose another one");
    let asset = state.ports.media.find_media(&linked.tenant, linked.media).await?.ok_or_else(gone)?;
    let file = (&linked.tenant, linked.media, linked.file);
    let size = state.media.files().size(file).await.map_err(unavailable)?.ok_or_else(gone)?;
    let content_type = match linked.file {
        MediaFile::Original => asset.content_type,
        MediaFile::Publish | MediaFile::Thumbnail => MediaFormat::Jpeg,
    };
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (status, range) = match asked.map_or(Asked::All, |value| asked_for(value, size)) {
        Asked::All => (StatusCode::OK, 0..size),
        Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Asked::Nothing => return Ok(not_satisfiable(size)),
    };
    let mut response = match range.is_empty() {
        true => Body::empty().into_response(),
        false => {
            let found = state.media.files().open(file, range.clone()).await.map_err(unavailable)?;
            Body::from_stream(found.ok_or_else(gone)?).into_response()
        }
    };
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type.as_str()));
    headers.insert(header::CONTENT_LENGTH, (range.end - range.start).into());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // The content of an address never changes; its end is not known to whoever keeps it.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=600"));
    if status == StatusCode::PARTIAL_CONTENT {
        let text = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(header::CONTENT_RANGE, value);
        }
    }
    Ok(response)
}

fn unavailable(error: storage::FilesError) -> Problem {
    tracing::warn!(%error, "a media file could not be read");
    Problem::general(ProblemKind::Unavailable).retry_after(10)
}

fn not_satisfiable(size: u64) -> Response {
    let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// Everything: also when it is not understood, or names several ranges, as the standard allows.
    All,
    Part(Range<u64>),
    /// What is not there.
    Nothing,
}

fn asked_for(value: &str, size: u64) -> Asked {
    let Some(range) = value.trim().strip_prefix("bytes=") else { return Asked::All };
    let Some((first, last)) = range.split_once('-') else { return Asked::All };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let range = match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            Some(count) => size.saturating_sub(count)..size,
            None => return Asked::All,
        },
        (first, "") => match number(first) {
            Some(first) => first..size,
            None => return Asked::All,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
            _ => return Asked::All,
        },
    };
    if range.start < range.end { Asked::Part(range) } else { Asked::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_what_is_there_and_nonsense_asks_for_everything() {
        for (value, expected) in [
            ("bytes=0-9", Asked::Part(0..10)),
            ("bytes=90-", Asked::Part(90..100)),
            ("bytes=90-1000", Asked::Part(90..100)),
            ("bytes=-10", Asked::Part(90..100)),
            ("bytes=-1000", Asked::Part(0..100)),
            ("bytes=100-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=9-0", Asked::All),
            ("bytes=0-9,20-29", Asked::All),
            ("bytes=a-b", Asked::All),
            ("bytes=", Asked::All),
            ("lines=0-9", Asked::All),
            ("bytes=0-18446744073709551615", Asked::Part(0..100)),
        ] {
            assert_eq!(asked_for(value, 100), expected, "{value}");
        }
    }
}
