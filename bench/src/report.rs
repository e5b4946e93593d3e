//! Tables in Markdown, and the page they are written into.

use std::path::Path;

use anyhow::Context;

/// A table whose columns line up as text, too.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns; the first holds names, the others numbers.
    pub fn new<T: ToString>(columns: impl IntoIterator<Item = T>) -> Self {
        let mut table = Self::default();
        table.row(columns);
        table
    }

    /// Adds a row.
    pub fn row<T: ToString>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| cell.to_string()).collect());
    }

    /// The table as Markdown.
    pub fn to_markdown(&self) -> String {
        let Some((header, body)) = self.rows.split_first() else { return String::new() };
        let widths: Vec<usize> = (0..header.len()).map(|column| self.width(column)).collect();
        let rule: Vec<String> = widths
            .iter()
            .enumerate()
            .map(
                |(column, width)| {
                    if column == 0 { "-".repeat(*width) } else { format!("{}:", "-".repeat(width - 1)) }
                },
            )
            .collect();
        let rows = [header, &rule].into_iter().chain(body);
        rows.map(|row| line(row, &widths)).collect()
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(3)
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
        if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
    });
    format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
}

/// A whole number with separators: `12,345`.
pub fn whole(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0));
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in megabytes.
pub fn megabytes(bytes: f64) -> String {
    format!("{:.0}", bytes / 1_048_576.0)
}

/// The middle of some measurements: the mean of the two middle ones when their number is even.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + upper) / 2.0 } else { upper })
}

/// The median and, when there are several measurements, the smallest and the largest.
pub fn with_spread(values: &[f64], show: impl Fn(f64) -> String) -> String {
    let Some(middle) = median(values) else { return "–".to_owned() };
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.len() > 1 {
        format!("{} ({}–{})", show(middle), show(least), show(most))
    } else {
        show(middle)
    }
}

/// Replaces what stands between the two comments of a section, `<!-- measured: NAME -->` and `<!-- /NAME -->`.
pub fn write_section(page: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let old = std::fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
    let new = replaced(&old, name, text).with_context(|| {
        format!(
            "{} has no lines `<!-- measured: {name} -->` and `<!-- /{name} -->`: put them back",
            page.display()
        )
    })?;
    std::fs::write(page, new).with_context(|| format!("cannot write {}", page.display()))
}

fn replaced(page: &str, name: &str, text: &str) -> Option<String> {
    let (before, rest) = page.split_once(&format!("<!-- measured: {name} -->"))?;
    let (_, after) = rest.split_once(&format!("<!-- /{name} -->"))?;
    Some(format!("{before}<!-- measured: {name} -->\n\n{}\n\n<!-- /{name} -->{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["side", "per second"]);
        table.row(["ours", "12"]);
        assert_eq!(
            table.to_markdown(),
            "| side | per second |\n| ---- | ---------: |\n| ours |         12 |\n"
        );
    }

    #[test]
    fn a_section_is_replaced_and_the_rest_stays() {
        let page = "a\n<!-- measured: x -->\nold\n<!-- /x -->\nb\n";
        let new = replaced(page, "x", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- measured: x -->\n\nnew\n\n<!-- /x -->\nb\n");
        assert_eq!(replaced(&new, "x", "new").unwrap(), new);
        assert_eq!(replaced(page, "y", "new"), None);
    }

    #[test]
    fn numbers_are_shown_with_their_spread() {
        assert_eq!(whole(1_234_567.4), "1,234,567");
        assert_eq!(whole(12.0), "12");
        assert_eq!(with_spread(&[3.0, 1.0, 2.0], whole), "2 (1–3)");
        assert_eq!(with_spread(&[4.0, 1.0], |n| format!("{n:.1}")), "2.5 (1.0–4.0)");
        assert_eq!(with_spread(&[7.0], whole), "7");
        assert_eq!(with_spread(&[], whole), "–");
    }
}
