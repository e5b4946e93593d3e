//! Times as the Graph API writes them: `2026-03-04T05:06:07+0000`.

use tenants::clock::Timestamp;

/// Reads a time with or without a colon in its offset.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let (rest, minutes) = text.split_at_checked(text.len().checked_sub(2)?)?;
    format!("{rest}:{minutes}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_offset_are_read() {
        let expected = Some(Timestamp::from_millis(1_772_600_767_000));
        assert_eq!(parse("2026-03-04T05:06:07+0000"), expected);
        assert_eq!(parse("2026-03-04T05:06:07+00:00"), expected);
        assert_eq!(parse("2026-03-04T06:06:07+0100"), expected);
        for text in ["", "1", "ä", "yesterday", "2026-03-04"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
