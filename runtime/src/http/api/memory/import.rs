//! Files of facts and FAQs.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenants::memory::Visibility;
use utoipa::{IntoParams, ToSchema};

use super::super::write;
use crate::http::access::TenantOperate;
use crate::http::extract::QueryOf;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;
use crate::knowledge::{Format, Import, Reading, Tally, Unreadable, read, tally};

/// How a file is taken in.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// The name of the file: its items carry it as `import:NAME`. `upload` when left out.
    name: Option<String>,
    /// Who may see items for which the file does not say so; `customer` when left out.
    #[param(value_type = Option<schema::Visibility>)]
    visibility: Option<Visibility>,
    /// Whether the items of an earlier import of this name go.
    #[serde(default)]
    replace: bool,
    /// Whether the lines that cannot be used are left out; otherwise nothing is imported when there are any.
    #[serde(default)]
    skip_bad: bool,
}

/// What came of an import.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportResult {
    /// Items that were taken in.
    imported: usize,
    /// Those of them that were not there before.
    new: usize,
    /// Those of them that were; they count once more.
    unchanged: usize,
    /// Items of an earlier import that are gone, with `replace`.
    removed: usize,
    /// The source that they carry.
    source: String,
    /// Lines that were left out.
    skipped: Vec<LineProblemView>,
}

/// A line that cannot be used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineProblem)]
struct LineProblemView {
    /// The line, from 1.
    line: usize,
    /// What is wrong.
    problem: String,
}

/// Import brand facts and FAQs from a file: `text/plain`, `text/markdown` or `text/csv`, at most 1 MiB and 2,000 items.
///
/// Markdown is cut at its headings; a heading that asks is a question, and what stands under it the answer. `Q:` and
/// `A:` make questions and answers too. A table has a header with `text`, or with `question` and `answer`; also
/// `title`, `language`, `visibility`. Everything is taken in with one commit, or nothing is.
#[utoipa::path(post, path = "/tenants/{tenant}/memory/import", tag = "memory", params(ImportQuery),
    request_body(content((String = "text/plain"), (String = "text/markdown"), (String = "text/csv"))),
    responses((status = 201, body = ImportResult)))]
pub(super) async fn import_into_memory(
    TenantOperate(access): TenantOperate,
    QueryOf(query): QueryOf<ImportQuery>,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<ImportResult>), Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let format = content_type.and_then(Format::of_content_type).ok_or_else(|| {
        let detail = "send the file with `Content-Type: text/markdown`, `text/plain` or `text/csv`";
        Problem::new(ProblemKind::UnsupportedMediaType, detail)
    })?;
    let reading = read_aside(&state, format, body).await?;
    if !reading.problems.is_empty() && !query.skip_bad {
        let detail = "nothing was imported: correct the lines, or send `skip_bad=true` to leave them out";
        return Err(Problem::new(ProblemKind::InvalidContent, detail).with("lines", json!(reading.problems)));
    }
    let name = query.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or("upload");
    if name.contains('\0') {
        return Err(Problem::invalid("name", "the character U+0000 cannot be stored: leave it out"));
    }
    let import = Import {
        name: name.to_owned(),
        visibility: query.visibility.unwrap_or(Visibility::Customer),
        replace: query.replace,
    };
    let tenant = access.tenant.id;
    let memory = &state.ports.memory;
    let limit = memory.stats(&tenant).await?.limit;
    let changes = access.caller.act(&state).import(tenant, &import, &reading.entries, limit);
    let Tally { new, unchanged, removed } = tally(memory.as_ref(), &tenant, &import, &changes).await?;
    write::commit(&state, changes).await?;
    let skipped = reading
        .problems
        .into_iter()
        .map(|it| LineProblemView { line: it.line, problem: it.problem })
        .collect();
    let (imported, source) = (reading.entries.len(), import.source());
    let result = ImportResult { imported, new, unchanged, removed, source, skipped };
    Ok((StatusCode::CREATED, Json(result)))
}

/// Reads the file on the blocking pool: the threads that answer requests have others waiting.
async fn read_aside(state: &AppState, format: Format, body: Bytes) -> Result<Reading, Problem> {
    let read = state.ports.tasks.spawn_blocking(move || read(format, &body)).await;
    let read = read.map_err(|error| {
        tracing::error!(%error, "a file could not be read");
        Problem::general(ProblemKind::Internal)
    })?;
    read.map_err(|error| match error {
        Unreadable::TooLarge(_) => Problem::new(ProblemKind::PayloadTooLarge, error.to_string()),
        _ => Problem::new(ProblemKind::InvalidContent, error.to_string()),
    })
}
