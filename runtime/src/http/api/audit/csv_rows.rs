//! Audit entries as CSV that a spreadsheet cannot be tricked with.

use std::borrow::Cow;

use tenants::audit::AuditEntry;

const COLUMNS: [&str; 11] = [
    "seq",
    "at",
    "event_type",
    "action",
    "resource_type",
    "resource_id",
    "actor",
    "success",
    "error",
    "details",
    "hash",
];

/// The first line.
pub fn header() -> Result<Vec<u8>, csv::Error> {
    written(|writer| writer.write_record(COLUMNS))
}

/// A line per entry.
pub fn rows(entries: &[AuditEntry]) -> Result<Vec<u8>, csv::Error> {
    written(|writer| entries.iter().try_for_each(|entry| write_row(writer, entry)))
}

fn write_row(writer: &mut csv::Writer<Vec<u8>>, entry: &AuditEntry) -> Result<(), csv::Error> {
    let (seq, at, details) = (entry.seq.to_string(), entry.at.to_string(), entry.details.to_string());
    let cells = [
        seq.as_str(),
        &at,
        &entry.event_type,
        &entry.action,
        &entry.resource_type,
        &entry.resource_id,
        &entry.actor,
        if entry.success { "true" } else { "false" },
        entry.error.as_deref().unwrap_or_default(),
        &details,
        &entry.hash,
    ];
    writer.write_record(cells.map(|cell| harmless(cell).into_owned()))
}

fn written(
    write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> Result<(), csv::Error>,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    write(&mut writer)?;
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// Spreadsheets take cells that begin like this for formulas; an apostrophe makes them text.
pub(crate) fn harmless(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_look_like_formulas_become_text() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        assert_eq!(harmless("reply_comment"), "reply_comment");
    }
}
