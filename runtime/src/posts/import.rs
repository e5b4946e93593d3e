//! Posts from a CSV file: every row is read, and the problems of all of them are told together.

use std::collections::BTreeMap;

use tenants::account::Tenant;
use tenants::changes::Changes;
use tenants::clock::Timestamp;
use tenants::ids::{MediaId, PostId};
use tenants::ports::StoreError;
use tenants::post::{PostDraft, PostOptions, PostProblem, PostType};

use super::{Looked, NewPost, PostError, PostSources, account_named};
use crate::administration::Act;

/// Most rows of a file.
const MAX_ROWS: usize = 1_000;

/// What a file comes to. It may be committed when nothing is wrong with any row.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// Rows that were read.
    pub rows: usize,
    /// Rows with problems.
    pub problems: Vec<RowProblems>,
    /// The posts of the other rows, in their order.
    pub posts: Vec<PostId>,
    /// What stores them.
    pub changes: Changes,
}

/// Everything that is wrong with a row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowProblems {
    /// Its line in the file, the header being line 1.
    pub line: u64,
    /// What is wrong.
    pub problems: Vec<PostProblem>,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
struct ImportRow {
    line: u64,
    /// The handle or id of its account; empty for the only one.
    account: String,
    /// What it says, when it can be read.
    draft: PostDraft,
    /// When; a draft without.
    scheduled_at: Option<Timestamp>,
    /// What cannot be read.
    problems: Vec<PostProblem>,
}

/// Reads a file and checks every row as if it were created alone; nothing is stored. The inner error says why it is no such
/// file at all.
///
/// # Errors
/// When the database does not answer.
pub async fn read_posts(
    act: &Act<'_>,
    sources: PostSources<'_>,
    tenant: &Tenant,
    csv: &str,
    allow_duplicates: bool,
) -> Result<Result<Imported, String>, StoreError> {
    let rows = match read_csv(csv) {
        Ok(rows) => rows,
        Err(problem) => return Ok(Err(problem)),
    };
    let accounts = sources.store.list_accounts(&tenant.id).await?;
    let settings = sources.store.find_settings(&tenant.id).await?.unwrap_or_default();
    let mut imported = Imported {
        rows: rows.len(),
        problems: Vec::new(),
        posts: Vec::new(),
        changes: Changes::of_tenant(tenant.id),
    };
    let (mut seen, mut expected) = (Vec::new(), BTreeMap::new());
    for row in rows {
        let looked = sources.look_at(&tenant.id, &row.draft, None).await?;
        let mut problems = row.problems.clone();
        problems.extend(looked.problems.clone());
        problems.extend(row.scheduled_at.and_then(|at| act.is_over(at)));
        if !allow_duplicates {
            problems.extend(duplicate(&row, &looked, &mut seen));
            // Of rows with the same files the first has looked before any other import could.
            expected.entry(looked.media_hash.clone()).or_insert_with(|| looked.expected());
        }
        let account = account_named(&row.account, &accounts).map_err(|problem| problems.push(problem)).ok();
        if let (Some(account), true) = (account, problems.is_empty()) {
            let new = NewPost { account, draft: row.draft, scheduled_at: row.scheduled_at, recurrence: None };
            match act.create_post(tenant, settings.post_approval, new, &looked) {
                Ok(edited) => {
                    imported.posts.push(edited.post.id);
                    imported.changes.list.extend(edited.changes.list);
                }
                Err(error) => problems.push(PostProblem::new("", error.to_string())),
            }
        }
        if !problems.is_empty() {
            imported.problems.push(RowProblems { line: row.line, problems });
        }
    }
    // Before anything is added, because what is added counts from then on.
    imported.changes.list.splice(0..0, expected.into_values());
    Ok(Ok(imported))
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

/// Columns that need not be there.
const OTHERS: [&str; 7] =
    ["caption", "scheduled_at", "first_comment", "account", "cover_media", "thumb_offset_ms", "audio_name"];

/// Columns: `type`, `media` (ids, separated by spaces or semicolons), and [`OTHERS`], `scheduled_at` in RFC 3339. Only
/// `type` and `media` must be there.
fn read_csv(text: &str) -> Result<Vec<ImportRow>, String> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| {
        header.iter().position(|title| title.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name))
    };
    let (Some(kind), Some(media)) = (column("type"), column("media")) else {
        let others = OTHERS.join(", ");
        return Err(format!("the first line must name the columns: type, media, and if wanted {others}"));
    };
    let others = OTHERS.map(column);
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("a line cannot be read: {error}"))?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        if rows.len() == MAX_ROWS {
            return Err(format!("there are more than {MAX_ROWS} posts: import them in several files"));
        }
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |index: Option<usize>| index.and_then(|index| record.get(index)).unwrap_or_default();
        rows.push(row(line, cell(Some(kind)), cell(Some(media)), others.map(cell)));
    }
    Ok(rows)
}

/// What a row says; `others` are the cells of [`OTHERS`].
fn row(line: u64, kind: &str, media: &str, others: [&str; OTHERS.len()]) -> ImportRow {
    let [caption, scheduled_at, first_comment, account, cover_media, thumb_offset_ms, audio_name] = others;
    let mut problems = Vec::new();
    let post_type = kind.to_ascii_lowercase().parse().unwrap_or_else(|_| {
        problems.push(PostProblem::new("type", format!("`{kind}` is none of image, carousel, reel, story")));
        PostType::Image
    });
    let mut files: Vec<MediaId> = Vec::new();
    for word in media.split([' ', ';', ',']).filter(|word| !word.is_empty()) {
        match word.parse() {
            Ok(id) => files.push(id),
            Err(_) => {
                problems.push(PostProblem::new("media", format!("`{word}` is no id of the media library")))
            }
        }
    }
    let mut say = |field: &str, problem: String| problems.push(PostProblem::new(field, problem));
    let at = optional(scheduled_at, |text| {
        say("scheduled_at", format!("`{text}` is no moment: write it like 2026-03-29T09:30:00+02:00"));
    });
    let options = PostOptions {
        cover_media: optional(cover_media, |text| {
            say("options.cover_media", format!("`{text}` is no id of the media library"));
        }),
        thumb_offset_ms: optional(thumb_offset_ms, |text| {
            say("options.thumb_offset_ms", format!("`{text}` is no number of milliseconds"));
        }),
        audio_name: Some(audio_name.to_owned()).filter(|text| !text.is_empty()),
        ..PostOptions::default()
    };
    let draft = PostDraft {
        post_type,
        caption: caption.to_owned(),
        media: files,
        first_comment: Some(first_comment.to_owned()).filter(|text| !text.is_empty()),
        options,
    };
    ImportRow { line, account: account.trim_start_matches('@').to_owned(), draft, scheduled_at: at, problems }
}

/// What a cell says, if anything; `wrong` is told of what cannot be read.
fn optional<T: std::str::FromStr>(cell: &str, wrong: impl FnOnce(&str)) -> Option<T> {
    if cell.is_empty() {
        return None;
    }
    cell.parse().map_err(|_| wrong(cell)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_problems_of_all_rows_are_told_with_their_lines() {
        let file = "type,media,caption,scheduled_at\n\
                    image,med_01900000000070008000000000000001,\"Hello, world\",2026-03-29T09:30:00+02:00\n\
                    poem,cake.jpg,x,tomorrow\n";
        let rows = read_csv(file).unwrap();
        assert_eq!((rows.len(), rows[0].line, rows[0].draft.caption.as_str()), (2, 2, "Hello, world"));
        assert!(rows[0].problems.is_empty() && rows[0].scheduled_at.is_some());
        let fields: Vec<_> = rows[1].problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!((rows[1].line, fields), (3, vec!["type", "media", "scheduled_at"]));
    }

    #[test]
    fn the_options_of_reels_are_columns_of_their_own() {
        let cover = "med_01900000000070008000000000000002";
        let file = format!(
            "type,media,cover_media,thumb_offset_ms,audio_name\n\
             reel,med_01900000000070008000000000000001,{cover},,Rain\n\
             reel,med_01900000000070008000000000000001,cake.jpg,soon,\n"
        );
        let rows = read_csv(&file).unwrap();
        let options = &rows[0].draft.options;
        assert_eq!(options.cover_media.unwrap().to_string(), cover);
        assert_eq!((options.thumb_offset_ms, options.audio_name.as_deref()), (None, Some("Rain")));
        let fields: Vec<_> = rows[1].problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["options.cover_media", "options.thumb_offset_ms"]);
    }

    #[test]
    fn a_file_without_the_columns_is_refused_with_their_names() {
        assert!(read_csv("a,b\n1,2\n").unwrap_err().contains("type, media"));
        assert!(read_csv("").is_err());
    }
}
