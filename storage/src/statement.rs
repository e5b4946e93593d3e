//! Every SQL text this crate can execute is listed by one of the two macros here, so that a test (and `doctor`)
//! can prepare each of them on both databases.
//!
//! A text is written once. Where the databases need different words, the text names the word in parentheses:
//!
//! | word | SQLite | PostgreSQL |
//! | --- | --- | --- |
//! | `(among 2)` | `in (select unhex(value) from json_each($2))` | `= any($2)` |
//! | `(not_among 2)` | `not in (…)` | `<> all($2)` |
//! | `(text_among 2)` | `in (select value from json_each($2))` | `= any($2)` |
//! | `(text_not_among 2)` | `not in (…)` | `<> all($2)` |
//! | `(for_update)` | nothing: there is one writer | `for update` |
//! | `(only sqlite "…")`, `(only postgres "…")` | that text | that text |
//! | `(columns effect_columns)` | what the macro `effect_columns!` gives | the same |

use std::sync::{Arc, OnceLock};

use sqlx::AssertSqlSafe;

/// One SQL text, for either database.
#[derive(Debug)]
pub(crate) struct Statement {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Statement {
    /// Called by [`statements!`] only.
    pub(crate) const fn listed(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }

    pub(crate) fn sqlite(&self) -> &'static str {
        self.sqlite
    }

    pub(crate) fn postgres(&self) -> &'static str {
        self.postgres
    }
}

/// Lists the statements of a file: `NAME { "text" (word) "text" }`.
macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident { $($part:tt)+ })+) => {
        $(
            $(#[$meta])*
            static $name: $crate::statement::Statement = $crate::statement::Statement::listed(
                concat!($($crate::statement::dialect!(sqlite $part)),+),
                concat!($($crate::statement::dialect!(postgres $part)),+),
            );
        )+
        /// Every statement of this file.
        pub(crate) static STATEMENTS: &[&$crate::statement::Statement] = &[$(&$name),+];
    };
}
pub(crate) use statements;

/// One part of a text in one dialect.
macro_rules! dialect {
    ($database:ident $text:literal) => {
        $text
    };
    ($database:ident (columns $columns:ident)) => {
        $columns!()
    };
    (sqlite (among $n:literal)) => {
        concat!("in (select unhex(value) from json_each($", $n, "))")
    };
    (postgres (among $n:literal)) => {
        concat!("= any($", $n, ")")
    };
    (sqlite (not_among $n:literal)) => {
        concat!("not in (select unhex(value) from json_each($", $n, "))")
    };
    (postgres (not_among $n:literal)) => {
        concat!("<> all($", $n, ")")
    };
    (sqlite (text_among $n:literal)) => {
        concat!("in (select value from json_each($", $n, "))")
    };
    (postgres (text_among $n:literal)) => {
        concat!("= any($", $n, ")")
    };
    (sqlite (text_not_among $n:literal)) => {
        concat!("not in (select value from json_each($", $n, "))")
    };
    (postgres (text_not_among $n:literal)) => {
        concat!("<> all($", $n, ")")
    };
    (sqlite (for_update)) => {
        ""
    };
    (postgres (for_update)) => {
        "for update"
    };
    (sqlite (only sqlite $text:literal)) => {
        $text
    };
    (postgres (only sqlite $text:literal)) => {
        ""
    };
    (sqlite (only postgres $text:literal)) => {
        ""
    };
    (postgres (only postgres $text:literal)) => {
        $text
    };
}
pub(crate) use dialect;

/// A statement whose `values` carry many rows at once: on either database a statement costs more than a row.
///
/// Rows travel in powers of two, so that few texts are prepared and all of them again and again.
#[derive(Debug)]
pub(crate) struct Bulk {
    head: &'static str,
    /// PostgreSQL's name for the type of each value of a row.
    columns: &'static [&'static str],
    tail: &'static str,
    sqlite: [OnceLock<Arc<str>>; SIZES.len()],
    postgres: [OnceLock<Arc<str>>; SIZES.len()],
}

/// How many rows a text of a [`Bulk`] takes, largest first.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

impl Bulk {
    /// Called by [`bulk_statements!`] only.
    pub(crate) const fn listed(
        head: &'static str,
        columns: &'static [&'static str],
        tail: &'static str,
    ) -> Self {
        Self {
            head,
            columns,
            tail,
            sqlite: [const { OnceLock::new() }; SIZES.len()],
            postgres: [const { OnceLock::new() }; SIZES.len()],
        }
    }

    /// Cuts `rows` into pieces for which there is a text.
    pub(crate) fn pieces<'r, T>(&self, rows: &'r [T]) -> impl Iterator<Item = &'r [T]> + use<'r, T> {
        let mut rest = rows;
        std::iter::from_fn(move || {
            let size = SIZES.into_iter().find(|size| *size <= rest.len())?;
            let (piece, after) = rest.split_at(size);
            rest = after;
            Some(piece)
        })
    }

    /// The text for this many rows, which must come from [`Bulk::pieces`].
    pub(crate) fn sqlite(&self, rows: usize) -> AssertSqlSafe<Arc<str>> {
        // The text is put together from listed texts and numbers alone.
        AssertSqlSafe(self.sqlite[size_index(rows)].get_or_init(|| self.build(rows, false)).clone())
    }

    /// See [`Bulk::sqlite`].
    pub(crate) fn postgres(&self, rows: usize) -> AssertSqlSafe<Arc<str>> {
        AssertSqlSafe(self.postgres[size_index(rows)].get_or_init(|| self.build(rows, true)).clone())
    }

    fn build(&self, rows: usize, for_postgres: bool) -> Arc<str> {
        let mut sql = String::from(self.head);
        let mut number = 0;
        for row in 0..rows {
            sql.push_str(if row == 0 { " (" } else { ", (" });
            for (index, column) in self.columns.iter().enumerate() {
                number += 1;
                if index > 0 {
                    sql.push_str(", ");
                }
                if for_postgres {
                    sql.push_str(&format!("${number}::{column}"));
                } else {
                    // Without numbers: SQLite takes them for names, and sqlx has it look up the name of every
                    // value in a list of all of them, which takes longer than storing the rows.
                    sql.push('?');
                }
            }
            sql.push(')');
        }
        sql.push(' ');
        sql.push_str(self.tail);
        sql.into()
    }
}

fn size_index(rows: usize) -> usize {
    SIZES.iter().position(|size| *size == rows).unwrap_or(SIZES.len() - 1)
}

/// Lists the bulk statements of a file: `NAME { "… values" [uuid text] "on conflict …" }`.
macro_rules! bulk_statements {
    ($($(#[$meta:meta])* $name:ident { $head:literal [$($column:ident)+] $tail:literal })+) => {
        $(
            $(#[$meta])*
            static $name: $crate::statement::Bulk =
                $crate::statement::Bulk::listed($head, &[$(stringify!($column)),+], $tail);
        )+
        /// Every bulk statement of this file.
        pub(crate) static BULK_STATEMENTS: &[&$crate::statement::Bulk] = &[$(&$name),+];
    };
}
pub(crate) use bulk_statements;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_into_powers_of_two_and_none_is_lost() {
        let bulk = Bulk::listed("values", &["uuid"], "");
        let rows: Vec<usize> = (0..203).collect();
        let pieces: Vec<&[usize]> = bulk.pieces(&rows).collect();
        assert_eq!(pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>(), [64, 64, 64, 8, 2, 1]);
        assert_eq!(pieces.concat(), rows);
    }

    #[test]
    fn placeholders_are_numbered_and_typed_for_postgres_only() {
        let bulk = Bulk::listed("insert into t (a, b) values", &["uuid", "text"], "on conflict do nothing");
        assert_eq!(&*bulk.sqlite(2).0, "insert into t (a, b) values (?, ?), (?, ?) on conflict do nothing");
        assert_eq!(
            &*bulk.postgres(1).0,
            "insert into t (a, b) values ($1::uuid, $2::text) on conflict do nothing"
        );
    }
}
