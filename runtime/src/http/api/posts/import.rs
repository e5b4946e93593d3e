//! Posts from a CSV file.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenants::ids::PostId;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::commit;
use super::document::ProblemView;
use crate::http::access::TenantOperate;
use crate::http::extract::JsonBody;
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;
use crate::posts::{Imported, PostSources, RowProblems, read_posts};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(import_posts))
}

/// A file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PostImport)]
struct ImportDocument {
    /// The CSV: a first line that names the columns `type`, `media` (ids of the media library, separated by spaces),
    /// `caption`, `scheduled_at` (RFC 3339), `first_comment`, `account` (handle or id), and a line for each post.
    csv: String,
    /// Only look: nothing is stored.
    #[serde(default)]
    dry_run: bool,
    /// Schedule posts although the same media were published or planned with nearly the same caption.
    #[serde(default)]
    allow_duplicates: bool,
}

/// What became of a file. Nothing is stored unless every row is right.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PostImportResult)]
struct ImportView {
    /// The posts are stored.
    imported: bool,
    /// Rows that were read.
    rows: usize,
    /// Rows with problems.
    problems: Vec<RowProblemsView>,
    /// The new posts, in the order of the rows.
    #[schema(value_type = Vec<schema::Id>)]
    posts: Vec<PostId>,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PostImportProblems)]
struct RowProblemsView {
    /// Its line in the file, the header being line 1.
    line: u64,
    /// Everything that is wrong with it.
    problems: Vec<ProblemView>,
}

/// Import posts from a CSV file: all rows, or none with the problems of all of them.
#[utoipa::path(post, path = "/tenants/{tenant}/posts/import", tag = "posts", request_body = ImportDocument,
    responses((status = 200, body = ImportView)))]
async fn import_posts(
    TenantOperate(access): TenantOperate,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<ImportDocument>,
) -> Result<Json<ImportView>, Problem> {
    let act = access.caller.act(&state);
    let sources = PostSources::of(&state.ports);
    let read = read_posts(&act, sources, &access.tenant, &document.csv, document.allow_duplicates).await?;
    let Imported { rows, problems, mut posts, changes } =
        read.map_err(|problem| Problem::invalid("csv", problem))?;
    let imported = problems.is_empty() && !document.dry_run && !posts.is_empty();
    if imported {
        commit(&state, &access, changes).await?;
    } else {
        posts.clear();
    }
    let problems = problems.into_iter().map(RowProblemsView::from).collect();
    Ok(Json(ImportView { imported, rows, problems, posts }))
}

impl From<RowProblems> for RowProblemsView {
    fn from(RowProblems { line, problems }: RowProblems) -> Self {
        Self { line, problems: problems.into_iter().map(ProblemView::from).collect() }
    }
}
