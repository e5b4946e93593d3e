//! Audit entries as CSV that a spreadsheet cannot be tricked with.

use tenants::audit::AuditEntry;

use crate::csv_cells::{harmless, written};

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
    let (seq, at) = (entry.seq.to_string(), entry.at.to_string());
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
        entry.details.as_str(),
        &entry.hash,
    ];
    writer.write_record(cells.map(|cell| harmless(cell).into_owned()))
}
