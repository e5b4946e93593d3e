//! CSV that a spreadsheet cannot be tricked with.

use std::borrow::Cow;

/// What `write` has written.
///
/// # Errors
/// As `write`, or when there is no memory.
pub(crate) fn written(
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
