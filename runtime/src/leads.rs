//! Leads as CSV that a spreadsheet cannot be tricked with: for the API and the command line.

use tenants::lead::{Lead, LeadField};

use crate::csv_cells::{harmless, written};

const COLUMNS: [&str; 14] = [
    "id",
    "stage",
    "score",
    "handle",
    "name",
    "email",
    "phone",
    "budget",
    "timeline",
    "need",
    "assigned_to",
    "note",
    "created_at",
    "updated_at",
];

/// The first line.
///
/// # Errors
/// When there is no memory for it.
pub fn header_line() -> Result<Vec<u8>, csv::Error> {
    written(|writer| writer.write_record(COLUMNS))
}

/// A line per lead.
///
/// # Errors
/// As [`header_line`].
pub fn rows(leads: &[Lead]) -> Result<Vec<u8>, csv::Error> {
    written(|writer| leads.iter().try_for_each(|lead| writer.write_record(cells(lead).map(harmless_cell))))
}

fn harmless_cell(cell: String) -> String {
    harmless(&cell).into_owned()
}

fn cells(lead: &Lead) -> [String; 14] {
    let value = |field| lead.value(field).unwrap_or_default().to_owned();
    [
        lead.id.to_string(),
        lead.stage.to_string(),
        lead.score().to_string(),
        lead.person.username.clone().unwrap_or_default(),
        value(LeadField::Name),
        value(LeadField::Email),
        value(LeadField::Phone),
        value(LeadField::Budget),
        value(LeadField::Timeline),
        value(LeadField::Need),
        lead.assigned_to.clone().unwrap_or_default(),
        lead.note.clone().unwrap_or_default(),
        lead.created_at.to_string(),
        lead.updated_at.to_string(),
    ]
}
