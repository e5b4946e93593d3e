//! What commands print.

use std::io::Write;

use serde::Serialize;

/// Prints for people or for programs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints one result: `value` as JSON, or `text` for people.
    pub(crate) fn result<T: Serialize>(self, value: &T, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        let text = if self.json { serde_json::to_string_pretty(value)? } else { tame(&text()) };
        Ok(write(&format!("{text}\n"))?)
    }

    /// Prints one result whose text is somebody's own: byte by byte, without a line's end of ours.
    pub(crate) fn verbatim<T: Serialize>(self, value: &T, text: &str) -> anyhow::Result<()> {
        if self.json { self.result(value, String::new) } else { Ok(write(text)?) }
    }

    /// Prints a list: as a JSON array, or as aligned columns.
    pub(crate) fn list<T: Serialize>(
        self,
        items: &[T],
        headers: &[&str],
        row: impl Fn(&T) -> Vec<String>,
    ) -> anyhow::Result<()> {
        if self.json {
            return Ok(write(&format!("{}\n", serde_json::to_string_pretty(items)?))?);
        }
        let on_one_line = |cell: String| one_line(&cell, usize::MAX);
        let rows: Vec<Vec<String>> =
            items.iter().map(|item| row(item).into_iter().map(on_one_line).collect()).collect();
        Ok(write(&table(headers, &rows))?)
    }

    /// Prints a line more for people; programs are told nothing.
    pub(crate) fn remark(self, text: &str) -> anyhow::Result<()> {
        if self.json { Ok(()) } else { Ok(write(&format!("{text}\n"))?) }
    }

    /// Prints an error with its causes to standard error.
    pub(crate) fn error(self, error: &anyhow::Error) {
        if self.json {
            eprintln!("{}", serde_json::json!({ "error": error.to_string(), "causes": news(error) }));
            return;
        }
        eprintln!("error: {error}");
        for cause in news(error) {
            eprintln!("  because: {cause}");
        }
    }
}

/// The causes of an error that say more than what they caused has said already.
fn news(error: &anyhow::Error) -> Vec<String> {
    let mut said = error.to_string();
    let mut causes = Vec::new();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.contains(&cause) {
            said.clone_from(&cause);
            causes.push(cause);
        }
    }
    causes
}

/// Writes to standard output. A reader that has seen enough (`troupe … | head`) is no failure.
pub(crate) fn write(text: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// A text of several lines without what would steer the terminal: it may repeat what strangers wrote.
fn tame(text: &str) -> String {
    text.replace(|c: char| c.is_control() && !matches!(c, '\n' | '\t'), " ")
}

/// The beginning of a text, of at most so many characters, on one line. What strangers write must not steer the terminal.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().count() <= most {
        return text.chars().map(clean).collect();
    }
    text.chars().map(clean).take(most - 1).chain(['…']).collect()
}

/// Aligned columns, two spaces apart.
pub(crate) fn table(headers: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([headers[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headers.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let head = line(headers.to_vec());
    rows.iter().fold(head, |text, row| text + &line(row.iter().map(String::as_str).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_nothing_twice() {
        let cause = anyhow::anyhow!("no such file");
        let error = cause.context("cannot read x: no such file").context("the prompt cannot be added");
        assert_eq!(news(&error), ["cannot read x: no such file"]);
    }

    #[test]
    fn a_stranger_steers_no_terminal() {
        assert_eq!(one_line("a\nb\u{1b}[2J", 80), "a b [2J");
        assert_eq!(one_line(&"é".repeat(121), 120).chars().count(), 120);
        assert_eq!(one_line("short", 5), "short");
        assert_eq!(tame("first\n\tsecond\u{1b}[2J\r"), "first\n\tsecond [2J ");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let text = table(
            &["id", "state"],
            &[vec!["eff_1".into(), "sent".into()], vec!["é".into(), "unknown".into()]],
        );
        assert_eq!(text, "id     state\neff_1  sent\né      unknown\n");
    }
}
