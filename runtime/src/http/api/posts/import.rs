//! Posts from a CSV file.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenants::account::Account;
use tenants::ids::{AccountId, PostId};
use tenants::post::PostProblem;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::commit;
use super::document::ProblemView;
use crate::http::access::TenantAccess;
use crate::http::extract::JsonBody;
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;
use crate::posts::{ImportRow, Looked, NewPost, PostError, look_at, read_csv};

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
    problems: Vec<RowProblems>,
    /// The new posts, in the order of the rows.
    #[schema(value_type = Vec<schema::Id>)]
    posts: Vec<PostId>,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PostImportProblems)]
struct RowProblems {
    /// Its line in the file, the header being line 1.
    line: u64,
    /// Everything that is wrong with it.
    problems: Vec<ProblemView>,
}

/// Import posts from a CSV file: all rows, or none with the problems of all of them.
#[utoipa::path(post, path = "/tenants/{tenant}/posts/import", tag = "posts", request_body = ImportDocument,
    responses((status = 200, body = ImportView)))]
async fn import_posts(
    access: TenantAccess,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<ImportDocument>,
) -> Result<Json<ImportView>, Problem> {
    let rows = read_csv(&document.csv).map_err(|problem| Problem::invalid("csv", problem))?;
    let accounts = state.ports.store.list_accounts(&access.tenant.id).await?;
    let settings = state.ports.store.find_settings(&access.tenant.id).await?.unwrap_or_default();
    let act = access.caller.act(&state);
    let mut changes = tenants::changes::Changes::of_tenant(access.tenant.id);
    let (mut found, mut posts, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    let count = rows.len();
    for row in rows {
        let looked = look_at(&state.ports, &access.tenant.id, &row.draft, None).await?;
        let mut problems = row.problems.clone();
        problems.extend(looked.problems.clone());
        if !document.allow_duplicates {
            problems.extend(duplicate(&row, &looked, &mut seen));
        }
        let account = account_named(&row.account, &accounts).map_err(|problem| problems.push(problem)).ok();
        if let (Some(account), true) = (account, problems.is_empty()) {
            let new = NewPost { account, draft: row.draft, scheduled_at: row.scheduled_at, recurrence: None };
            match act.create_post(&access.tenant, settings.post_approval, new, &looked) {
                Ok(edited) => {
                    posts.push(edited.post.id);
                    changes.list.extend(edited.changes.list);
                }
                Err(PostError::Moment(problem)) => problems.push(PostProblem::new("scheduled_at", problem)),
                Err(error) => problems.push(PostProblem::new("", error.to_string())),
            }
        }
        if !problems.is_empty() {
            let problems = problems.into_iter().map(ProblemView::from).collect();
            found.push(RowProblems { line: row.line, problems });
        }
    }
    let imported = found.is_empty() && !document.dry_run && !posts.is_empty();
    if imported {
        commit(&state, &access, changes).await?;
    } else {
        posts.clear();
    }
    Ok(Json(ImportView { imported, rows: count, problems: found, posts }))
}

/// A row like a post that is there, or like a row before.
fn duplicate(row: &ImportRow, looked: &Looked, seen: &mut Vec<(String, String, u64)>) -> Option<PostProblem> {
    if let Some(like) = looked.duplicates.first() {
        return Some(PostProblem::new("media", PostError::Duplicate(like.id).to_string()));
    }
    let caption = row.draft.caption.to_lowercase();
    let like = seen.iter().find(|(hash, words, _)| *hash == looked.media_hash && *words == caption);
    let problem = like.map(|(_, _, line)| PostProblem::new("media", format!("line {line} says the same")));
    seen.push((looked.media_hash.clone(), caption, row.line));
    problem
}

fn account_named(name: &str, accounts: &[Account]) -> Result<AccountId, PostProblem> {
    let problem = |text: &str| PostProblem::new("account", text);
    match (name, accounts) {
        ("", [only]) => Ok(only.id),
        ("", []) => Err(problem("the tenant has no account: connect one first")),
        ("", _) => Err(problem("the tenant has several accounts: name one")),
        (name, accounts) => {
            let is_named = |account: &&Account| {
                account.username.eq_ignore_ascii_case(name) || account.id.to_string() == name
            };
            let found = accounts.iter().find(is_named).map(|account| account.id);
            found.ok_or_else(|| problem("the tenant has no such account"))
        }
    }
}
