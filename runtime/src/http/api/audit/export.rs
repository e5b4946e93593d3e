//! The audit log as a file, streamed: the whole log never is in memory.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use tenants::audit::Chain;
use tenants::ports::AuditFilter;

use super::{AuditQuery, csv_rows};
use crate::http::access::TenantRead;
use crate::http::extract::QueryOf;
use crate::http::problem::Problem;
use crate::http::state::AppState;

const ROWS_AT_ONCE: u32 = 500;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Export the audit log of a tenant as CSV, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/audit/export", tag = "audit", params(AuditQuery),
    responses((status = 200, description = "CSV with a header line.", body = String, content_type = "text/csv")))]
pub async fn export_audit(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<AuditQuery>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    // The first rows are read before the answer begins, so that a database that is away gives a problem document
    // and not a broken file.
    let chain = access.chain();
    let filter = AuditFilter::from(query);
    let first = Cursor { state, chain, filter, before: None };
    let (rows, next) = first.read().await.map_err(|error| {
        tracing::warn!(%error, "an audit export could not begin");
        Problem::general(crate::http::problem::ProblemKind::Unavailable).retry_after(2)
    })?;
    let head = csv_rows::header().unwrap_or_default();
    let start = stream::iter([Ok(Bytes::from(head)), Ok(rows)]);
    let body = Body::from_stream(start.chain(rest(next)));

    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let file = format!("attachment; filename=\"audit-{}.csv\"", access.tenant.slug);
    if let Ok(value) = HeaderValue::from_str(&file) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok((headers, body).into_response())
}

struct Cursor {
    state: AppState,
    chain: Chain,
    filter: AuditFilter,
    before: Option<i64>,
}

impl Cursor {
    /// The next rows, and where to go on; `None` after the last.
    async fn read(mut self) -> Result<(Bytes, Option<Cursor>), BoxError> {
        let store = &self.state.ports.store;
        let entries = store.list_audit(&self.chain, &self.filter, self.before, ROWS_AT_ONCE).await?;
        let rows = csv_rows::rows(&entries)?;
        self.before = entries.last().map(|entry| entry.seq);
        let has_more = entries.len() == ROWS_AT_ONCE as usize;
        Ok((Bytes::from(rows), has_more.then_some(self)))
    }
}

fn rest(next: Option<Cursor>) -> impl Stream<Item = Result<Bytes, BoxError>> {
    stream::try_unfold(next, |next| async move {
        match next {
            Some(cursor) => cursor.read().await.map(Some),
            None => Ok(None),
        }
    })
}
