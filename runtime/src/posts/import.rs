//! Posts from a CSV file: every row is read, and the problems of all of them are told together.

use tenants::clock::Timestamp;
use tenants::ids::MediaId;
use tenants::post::{PostDraft, PostOptions, PostProblem, PostType};

/// Most rows of a file.
const MAX_ROWS: usize = 1_000;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportRow {
    /// Its line in the file, the header being line 1.
    pub line: u64,
    /// The handle or id of its account; empty for the only one.
    pub account: String,
    /// What it says, when it can be read.
    pub draft: PostDraft,
    /// When; a draft without.
    pub scheduled_at: Option<Timestamp>,
    /// What cannot be read.
    pub problems: Vec<PostProblem>,
}

/// Columns: `type`, `caption`, `media` (ids, separated by spaces or semicolons), `scheduled_at` (RFC 3339),
/// `first_comment`, `account`. Only `type` and `media` must be there.
///
/// # Errors
/// When it is no such file at all.
pub fn read_csv(text: &str) -> Result<Vec<ImportRow>, String> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| {
        header.iter().position(|title| title.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name))
    };
    let (Some(kind), Some(media)) = (column("type"), column("media")) else {
        return Err(
            "the first line must name the columns: type, media, and if wanted caption, scheduled_at, \
                    first_comment, account"
                .to_owned(),
        );
    };
    let others = ["caption", "scheduled_at", "first_comment", "account"].map(column);
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
        let [caption, scheduled_at, first_comment, account] = others.map(cell);
        rows.push(row(
            line,
            cell(Some(kind)),
            cell(Some(media)),
            caption,
            scheduled_at,
            first_comment,
            account,
        ));
    }
    Ok(rows)
}

fn row(
    line: u64,
    kind: &str,
    media: &str,
    caption: &str,
    scheduled_at: &str,
    first_comment: &str,
    account: &str,
) -> ImportRow {
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
    let at = match scheduled_at {
        "" => None,
        text => match text.parse::<Timestamp>() {
            Ok(at) => Some(at),
            Err(_) => {
                let problem = format!("`{text}` is no moment: write it like 2026-03-29T09:30:00+02:00");
                problems.push(PostProblem::new("scheduled_at", problem));
                None
            }
        },
    };
    let draft = PostDraft {
        post_type,
        caption: caption.to_owned(),
        media: files,
        first_comment: Some(first_comment.to_owned()).filter(|text| !text.is_empty()),
        options: PostOptions::default(),
    };
    ImportRow { line, account: account.trim_start_matches('@').to_owned(), draft, scheduled_at: at, problems }
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
    fn a_file_without_the_columns_is_refused_with_their_names() {
        assert!(read_csv("a,b\n1,2\n").unwrap_err().contains("type, media"));
        assert!(read_csv("").is_err());
    }
}
